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
_window = 0
_counts: Final[dict[str, int]] = {}


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
        used = _count_here(name, window, amount)
    if used > limit:
        raise BeepError("rate_limited", retry_after=(seconds * 1000 - passed) / 1000)


def _count_here(name: str, window: int, amount: int) -> int:
    global _window
    with _lock:
        if window > _window:
            # What was counted in windows that have passed is of no use to anybody.
            _counts.clear()
            _window = window
        _counts[name] = _counts.get(name, 0) + amount
        return _counts[name]


@lru_cache(maxsize=1)
def _valkey() -> "redis.Redis[bytes]":
    return redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
