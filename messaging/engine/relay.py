"""Hints between processes, through Valkey's pub/sub. Nothing waits for it and nothing depends on it.

Two channels. `notices.CHANNEL` carries one notice a message from processes without an engine (web workers,
commands). `CHANNEL` carries parcels between engines: all that one turn of a writer brought, the events
already encoded, so that the receiving hub only frames and passes them on. Whatever is lost is found in
PostgreSQL.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec
import redis.asyncio
import structlog
from django.conf import settings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from beep import metrics
from messaging import notices
from messaging.engine import limits, signals, tasks
from messaging.engine.frames import Outgoing

log = structlog.get_logger(__name__)

CHANNEL: Final = "beep:engine"
ASK: Final = 1.0
"""Seconds without a word after which Valkey is asked whether it is there."""
SILENCE: Final = 3.0
"""Seconds without a word, a pong included, after which the subscription counts as dead. Until then nobody
polls: for so long a link that is cut without a word holds up what other processes have stored."""
BACKOFF: Final = (0.1, 0.3, 1.0)
"""Seconds before the next attempt to subscribe; the last one repeats."""


class Shared(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Envelopes first..last of a conversation as an encoded `protocol.Envelopes`."""

    conversation: bytes
    first: int
    last: int
    payload: bytes


class Parcel(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What one engine tells the others. `origin` marks its own parcels, which come back to it."""

    origin: bytes
    shared: list[Shared]
    notices: list[bytes]
    """Encoded `messaging.notices` and `messaging.engine.signals`."""


def _size(item: Shared | bytes) -> int:
    return len(item.payload) if isinstance(item, Shared) else len(item)


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Parcel).decode


MISSED: Final = signals.encode(signals.Missed())


def _client() -> "redis.asyncio.Redis[bytes]":
    """Without the library's own retries, which would hold up everything behind them for seconds."""
    return redis.asyncio.Redis.from_url(
        settings.VALKEY_URL, socket_timeout=5, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
    )


class Relay:
    """One subscription and one publisher.

    `on_shared(conversation, first, last, outgoing)` and `on_notice(encoded)` hear what others publish;
    `on_return()` is called after each (re)subscription, when hints may have been missed. None may raise.
    """

    def __init__(
        self,
        *,
        on_shared: Callable[[bytes, int, int, Outgoing], None],
        on_notice: Callable[[bytes], None],
        on_return: Callable[[], None],
    ) -> None:
        self.up = False
        """Whether the subscription stands."""
        self._on_shared: Final = on_shared
        self._on_notice: Final = on_notice
        self._on_return: Final = on_return
        self._origin: Final = secrets.token_bytes(8)
        self._waiting: Final[deque[Shared | bytes]] = deque()
        self.waiting = 0
        """Bytes that wait to be published."""
        self._dropped = 0
        """Bytes that found no room since the last parcel."""
        self._missed = False
        """Something was lost, and the others do not know it yet."""
        self._missed_told = -limits.POLL
        self._wake: Final = asyncio.Event()
        self._idle: Final = asyncio.Event()
        """Nothing waits and nothing is on its way."""
        self._idle.set()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Subscribe, and publish from now on."""
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._listen(), name="beep-relay-in"),
            loop.create_task(self._publish(), name="beep-relay-out"),
        ]

    async def drain(self) -> None:
        """Wait until everything is published, for `limits.RELAY_PATIENCE` at most: Valkey may be away."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limits.RELAY_PATIENCE):
                await self._idle.wait()

    async def stop(self) -> None:
        """End both tasks; what was not published is lost, as it may be."""
        await tasks.cancel(*self._tasks)
        self.up = False

    def share(self, conversation: bytes, first: int, last: int, payload: bytes) -> None:
        """Tell the other engines of new envelopes."""
        self._add(Shared(conversation, first, last, payload))

    def notify(self, encoded: bytes) -> None:
        """Pass an encoded notice on to the other engines."""
        self._add(encoded)

    def _add(self, item: Shared | bytes) -> None:
        size = _size(item)
        if self.waiting + size > limits.RELAY_BYTES:
            self._dropped += size
            metrics.total.relay_dropped += size
            return
        self.waiting += size
        self._waiting.append(item)
        self._idle.clear()
        self._wake.set()

    def _parcel(self) -> Parcel:
        """Take what waits, as far as one parcel holds it."""
        parcel, size = Parcel(self._origin, [], []), 0
        while self._waiting and (not size or size + _size(self._waiting[0]) <= limits.PARCEL_BYTES):
            item = self._waiting.popleft()
            size += _size(item)
            if isinstance(item, Shared):
                parcel.shared.append(item)
            else:
                parcel.notices.append(item)
        self.waiting -= size
        return parcel

    async def _publish(self) -> None:
        """One parcel in flight; what gathers meanwhile is the next one."""
        client, failures = _client(), 0
        try:
            while True:
                if not self._waiting and not self._missed:
                    self._idle.set()
                    self._wake.clear()
                    await self._wake.wait()
                if self._dropped:
                    log.warning("relay_dropped", bytes=self._dropped)
                    self._dropped, self._missed = 0, True
                parcel = self._parcel()
                if telling := self._tells_missed():
                    parcel.notices.append(MISSED)
                elif not parcel.shared and not parcel.notices:
                    await asyncio.sleep(BACKOFF[0])
                    continue
                try:
                    await client.publish(CHANNEL, _encode(parcel))
                except (RedisError, OSError) as error:
                    if not failures:
                        log.warning("relay_not_published", error=type(error).__name__)
                    # Whether it has arrived nobody knows, and nobody shall have to wait for the sweep.
                    self._missed = True
                    await asyncio.sleep(BACKOFF[min(failures, len(BACKOFF) - 1)])
                    failures += 1
                else:
                    failures = 0
                    metrics.total.parcels += 1
                    if telling:
                        self._missed, self._missed_told = False, time.monotonic()
        finally:
            with suppress(RedisError, OSError):
                await client.aclose()  # type: ignore[attr-defined]

    def _tells_missed(self) -> bool:
        """Whether the next parcel says that some were lost. Everybody looks then, so it is not said often."""
        return self._missed and time.monotonic() - self._missed_told >= limits.POLL

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                async with _client() as client:
                    await self._subscribed(client)
            except (RedisError, OSError, TimeoutError) as error:
                if self.up or failures == 0:
                    log.warning("relay_away", error=type(error).__name__)
                failures = 0 if self.up else failures + 1
                self.up = False
                await asyncio.sleep(BACKOFF[min(failures, len(BACKOFF) - 1)])

    async def _subscribed(self, client: "redis.asyncio.Redis[bytes]") -> None:
        """Listen until the connection breaks; raises RedisError or OSError then."""
        pubsub = client.pubsub()
        await pubsub.subscribe(CHANNEL, notices.CHANNEL)
        heard = time.monotonic()
        try:
            while True:
                message = await pubsub.get_message(timeout=ASK)
                if message is None:
                    # A connection whose other end has vanished says nothing for ever: ask.
                    if time.monotonic() - heard > SILENCE:
                        raise TimeoutError("no pong")
                    await pubsub.ping()
                    continue
                heard = time.monotonic()
                if message["type"] == "subscribe" and not self.up:
                    self.up = True
                    self._on_return()
                elif message["type"] == "message":
                    self._hear(message["channel"], message["data"])
                    # Sockets write once a turn: the next message may be here already, and would be added.
                    await asyncio.sleep(0)
        finally:
            with suppress(RedisError, OSError):
                await pubsub.aclose()  # type: ignore[attr-defined]

    def _hear(self, channel: bytes, data: bytes) -> None:
        if channel == notices.CHANNEL.encode():
            self._on_notice(data)
            return
        try:
            # Our own parcel comes back; its first field tells without decoding the rest.
            if data[1:11] == b"\xc4\x08" + self._origin:
                return
            parcel = _decode(data)
        except msgspec.DecodeError:
            log.warning("relay_unreadable", size=len(data))
            return
        for shared in parcel.shared:
            self._on_shared(shared.conversation, shared.first, shared.last, Outgoing(shared.payload))
        for encoded in parcel.notices:
            self._on_notice(encoded)
