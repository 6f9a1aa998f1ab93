"""How often something may be asked: counted in Valkey for all processes, in this one while Valkey is away.

A limit that fails open would be none, and one that fails closed would make Valkey necessary for talking. So
the fallback counts per process: at worst that allows the limit once a process.
"""

from functools import lru_cache
from threading import Lock
from typing import Final

import redis
from django.conf import settings

from beep.errors import BeepError

TIMEOUT: Final = 0.5
"""Seconds that Valkey may take before the process counts by itself."""

_lock: Final = Lock()
_counts: Final[dict[str, tuple[int, int]]] = {}
"""Name with its window → when that ends (ms), and what was used in it."""
KEPT: Final = 50_000
"""Counts that are kept while Valkey is away; beyond it those of ended windows go, and then all."""


def spend(*, key: str, limit: int, seconds: int, now_ms: int, amount: int = 1) -> None:
    """Count `amount` uses of `key` in the current window of `seconds`.

    Raises BeepError `rate_limited` past `limit`, with the seconds until the next window.
    """
    window, passed = divmod(now_ms, seconds * 1000)
    name = f"beep:rate:{key}:{seconds}:{window}"
    try:
        pipeline = _valkey().pipeline()
        pipeline.incrby(name, amount)
        pipeline.expire(name, seconds + 1)
        used = int(pipeline.execute()[0])
    except redis.RedisError:
        used = _count_here(name, (window + 1) * seconds * 1000, now_ms, amount)
    if used > limit:
        raise BeepError("rate_limited", retry_after=(seconds * 1000 - passed) / 1000)


def _count_here(name: str, ends_at: int, now_ms: int, amount: int) -> int:
    with _lock:
        if len(_counts) >= KEPT:
            for old in [old for old, (end, _) in _counts.items() if end <= now_ms]:
                del _counts[old]
            if len(_counts) >= KEPT:
                _counts.clear()
        used = _counts.get(name, (ends_at, 0))[1] + amount
        _counts[name] = (ends_at, used)
        return used


@lru_cache(maxsize=1)
def _valkey() -> "redis.Redis[bytes]":
    return redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
