"""A token bucket: how often one socket may do something."""

import time
from typing import Final


class Bucket:
    """`rate` a second, after a burst of `burst`."""

    __slots__ = ("_at", "_left", "burst", "rate")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate: Final = rate
        self.burst: Final = burst
        self._left = burst
        self._at = time.monotonic()

    def take(self) -> float:
        """0.0 when it may; otherwise nothing is taken and these seconds are to wait."""
        now = time.monotonic()
        left = min(self.burst, self._left + (now - self._at) * self.rate)
        self._at = now
        if left >= 1.0:
            self._left = left - 1.0
            return 0.0
        self._left = left
        return (1.0 - left) / self.rate
