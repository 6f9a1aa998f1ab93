"""How often somebody may do something: buckets of tokens, kept as the moment at which they are full again.

One number instead of a level and its time (the "virtual scheduling" form of the generic cell rate algorithm,
ITU-T I.371): taking a token moves the moment by 1/rate; a bucket is empty when it lies burst/rate ahead.
"""

import math
import time
from typing import Final


class Bucket:
    """`rate` tokens a second, after a burst of `burst`. Infinite ones never refuse."""

    __slots__ = ("_depth", "_full_at", "_step", "held", "used")

    def __init__(self, rate: float, burst: float) -> None:
        self._step: Final = 1.0 / rate
        """Seconds that one token takes to come back."""
        self._depth: Final = math.inf if math.isinf(rate) else burst * self._step
        """Seconds in which an empty bucket is full again."""
        self._full_at = 0.0
        self.used = 0.0
        """Tokens taken that other processes have not been told of."""
        self.held = 0
        """Sockets that use it: it is not forgotten meanwhile, for another one would begin full."""

    def take(self, cost: float = 1.0) -> float:
        """0.0 when there is one token; `cost` are taken then, if need be on credit.

        Otherwise nothing is taken, and these seconds are to wait.
        """
        now = time.monotonic()
        full_at = max(self._full_at, now)
        wait = full_at + self._step - now - self._depth
        # A billionth for what is lost in adding seconds since the machine started.
        if wait > 1e-9:
            return wait
        self._full_at = full_at + cost * self._step
        self.used += cost
        return 0.0

    def charge(self, cost: float) -> None:
        """Take `cost` in any case: what an answer turned out to be worth. Later takers wait for it."""
        self._full_at = max(self._full_at, time.monotonic()) + cost * self._step
        self.used += cost

    def owe(self, seconds: float) -> None:
        """Somebody who knows more says that the bucket is full in `seconds` at the soonest."""
        self._full_at = max(self._full_at, time.monotonic() + seconds)

    def in_milliseconds(self, cost: float) -> tuple[int, int]:
        """`cost`, and all that the bucket holds, as the time in which they come back."""
        return round(cost * self._step * 1000), round(self._depth * 1000)

    @property
    def full(self) -> bool:
        """Whether nothing tells this bucket from a new one."""
        return self._full_at <= time.monotonic()
