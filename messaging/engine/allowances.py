"""What each device and person may still ask for, in this process and, some time later, in all of them.

A bucket outlives the socket: who reconnects, polls or changes the process finds what is left of it. Frames
are judged by the process's own buckets alone, without a word to Valkey. Several times a second the process
tells Valkey what the busiest have used, all in one call, and hears how empty the common buckets are; a common
bucket may be overdrawn, and then everybody's own is empty until the debt is paid. So whoever spreads over n
processes gets at most n bursts once and the one rate in the long run (docs/adr/0016). While Valkey is away
each process counts for itself.

Bounded: `limits.BUCKETS` of each kind; those that are full again are forgotten.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

import redis.asyncio
import structlog
from django.conf import settings
from redis.exceptions import NoScriptError, RedisError

from beep import metrics
from messaging import protocol
from messaging.engine import limits, tasks
from messaging.engine.rate import Bucket

log = structlog.get_logger(__name__)

SPEND: Final = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local left = {}
for i, key in ipairs(KEYS) do
  local spent, depth = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local full = math.max(tonumber(redis.call('GET', key)) or 0, now) + spent
  full = math.min(full, now + 2 * depth)
  redis.call('SET', key, string.format('%.0f', full), 'PX', string.format('%.0f', full - now + 1000))
  left[i] = math.floor(full - now)
end
return left
"""
"""For each key, in milliseconds: what was spent and the depth in, the time until the common bucket is full
out. The debt is bounded by another depth, so that no process, however wrong, locks anybody out for long."""


class Kind:
    """Buckets of one kind by key. `rate` and `burst` are those of buckets made from now on."""

    def __init__(self, prefix: bytes, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self.buckets: Final[dict[bytes, Bucket]] = {}
        self._prefix: Final = prefix

    def of(self, key: bytes) -> Bucket:
        """The bucket of `key`, a full one when it has none."""
        bucket = self.buckets.get(key)
        if bucket is None:
            if len(self.buckets) >= limits.BUCKETS:
                self._make_room()
            bucket = self.buckets[key] = Bucket(self.rate, self.burst)
        return bucket

    def _make_room(self) -> None:
        """Forget the full ones; when that is not a tenth, the oldest as well, in the order they were made."""
        self.forget()
        for key in list(self.buckets)[: max(0, len(self.buckets) - limits.BUCKETS * 9 // 10)]:
            del self.buckets[key]

    def forget(self) -> None:
        """Forget those that are full and that no socket uses: a new one would be the same."""
        for key in [key for key, bucket in self.buckets.items() if bucket.full and not bucket.held]:
            del self.buckets[key]

    def busy(self) -> list[tuple[bytes, Bucket]]:
        """(name in Valkey, bucket) of those who use so much that other processes should know."""
        least = self.rate * limits.SHARE_SECONDS / limits.SHARE_PROCESSES
        found = []
        for key, bucket in self.buckets.items():
            if bucket.used > least:
                found.append((self._prefix + key.hex().encode(), bucket))
            else:
                bucket.used = 0.0
        return found


class Allowances:
    """Devices' and persons' buckets, and the task that reconciles them."""

    def __init__(self) -> None:
        self.devices: Final = Kind(b"beep:limit:d:", protocol.MAX_RATE, protocol.MAX_BURST)
        times = limits.PERSON_SHARE
        self.persons: Final = Kind(b"beep:limit:p:", times * protocol.MAX_RATE, times * protocol.MAX_BURST)
        self.shared = False
        """Whether the last exchange with Valkey succeeded."""
        self._kinds: Final = (self.devices, self.persons)
        self._task: asyncio.Task[None] | None = None
        self._sha = ""

    def __len__(self) -> int:
        """Buckets kept."""
        return sum(len(kind.buckets) for kind in self._kinds)

    def device(self, device: bytes) -> Bucket:
        """The bucket of a device, however often it connects."""
        return self.devices.of(device)

    def person(self, person: bytes) -> Bucket:
        """The bucket that all devices of a person share."""
        return self.persons.of(person)

    def forget(self) -> None:
        """See `Kind.forget`."""
        for kind in self._kinds:
            kind.forget()

    def start(self) -> None:
        """Begin to reconcile."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="beep-allowances")

    async def stop(self) -> None:
        """End; what was not told is lost, which allows somebody a burst more."""
        await tasks.cancel(self._task)
        self.shared = False

    async def _run(self) -> None:
        client = redis.asyncio.Redis.from_url(settings.VALKEY_URL, socket_timeout=2, socket_connect_timeout=2)
        async with client:
            while True:
                await asyncio.sleep(limits.SHARE_SECONDS)
                try:
                    await self.reconcile(client)
                except (RedisError, OSError, TimeoutError) as error:
                    metrics.total.leases_failed += 1
                    if self.shared:
                        log.warning("limits_not_shared", error=type(error).__name__)
                    self.shared = False
                    await asyncio.sleep(limits.POLL)
                else:
                    self.shared = True

    async def reconcile(self, client: "redis.asyncio.Redis[bytes]") -> None:
        """Tell what the busy have used, and hear what others have. Raises RedisError or OSError.

        What could not be told is told the next time, for `used` is only taken off after the answer.
        """
        busy = [pair for kind in self._kinds for pair in kind.busy()]
        if not busy:
            await client.ping()
        for start in range(0, len(busy), limits.SHARE_KEYS):
            some = busy[start : start + limits.SHARE_KEYS]
            told = [bucket.used for _, bucket in some]
            words = [
                word
                for (_, bucket), used in zip(some, told, strict=True)
                for word in bucket.in_milliseconds(used)
            ]
            left = await self._spend(client, [name for name, _ in some], words)
            for (_, bucket), used, milliseconds in zip(some, told, left, strict=True):
                bucket.used -= used
                bucket.owe(milliseconds / 1000)

    async def _spend(
        self, client: "redis.asyncio.Redis[bytes]", names: Iterable[bytes], words: Iterable[int]
    ) -> list[int]:
        names = list(names)
        try:
            left: list[int] = await client.evalsha(  # type: ignore[no-untyped-call]
                self._sha, len(names), *names, *words
            )
        except NoScriptError:
            # Not met yet, or Valkey was restarted: it keeps no scripts.
            self._sha = await client.script_load(SPEND)  # type: ignore[no-untyped-call]
            left = await client.evalsha(  # type: ignore[no-untyped-call]
                self._sha, len(names), *names, *words
            )
        return left
