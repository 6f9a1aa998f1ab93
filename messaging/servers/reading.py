"""When a connection is read: not while its application lags, nor while it pays for the time that it has cost.

Whatever a peer sends costs the event loop time before the application sees it: unmasking, control frames,
fragments, whatever the server's library does with them. The time that a peer has taken is paid back by
reading nothing from it for `REST` times as long, or by its being quiet for as long. So a peer that sends
without end gets a tenth of the loop at most, whatever it sends and in however small chunks, and TCP makes it
wait.

Time is the thread's processor time: what the machine gave to other processes is nobody's fault here.
"""

import time
from collections.abc import Callable
from typing import Final

from messaging.engine import limits

LAGGING: Final = 1
"""The application has enough to do with what was read."""
PAYING: Final = 2
"""The peer has taken too much of the loop's time."""
WORKING: Final = 4
"""What was read is not worked through yet: others have their turn, or the peer has to rest or to pay."""
EARLY: Final = 8
"""The handshake is not answered yet."""

FREE: Final = 0.004
"""Seconds that a peer may owe."""
REST: Final = 9.0
"""Seconds in which one second is paid back."""
FRAGMENTS: Final = 1_024
"""Frames of one message. Empty ones take room as well, and the limit of a message's size does not see it."""


class Metered:
    """A protocol's share in this; without attributes of its own until there is something to remember."""

    _reasons = 0
    _owed = 0.0
    """Seconds of the loop's time that were not paid back when it was last looked at."""
    _looked = 0.0

    def pause(self) -> None:
        """Read nothing more from the connection."""
        raise NotImplementedError

    def resume(self) -> None:
        """Read on, unless the connection has ended."""
        raise NotImplementedError

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call it then."""
        raise NotImplementedError

    def hold(self, reason: int) -> None:
        """Stop reading for `reason`."""
        if not self._reasons:
            self.pause()
        self._reasons |= reason

    def release(self, reason: int) -> None:
        """Read on when no other reason is left."""
        if self._reasons & reason:
            self._reasons &= ~reason
            if not self._reasons:
                self.resume()

    def charge(self, spent: float) -> float:
        """The peer has taken `spent` seconds; returns those for which nothing should be read from it."""
        now = time.monotonic()
        self._owed = max(0.0, self._owed - (now - self._looked) / REST) + spent
        self._looked = now
        return self._owed * REST if self._owed > FREE else 0.0

    def metered(self, handle: Callable[[bytes], None], data: bytes) -> None:
        """Let `handle` have `data`, and the peer pay for it."""
        began = time.thread_time()
        handle(data)
        if rest := self.charge(time.thread_time() - began):
            self.hold(PAYING)
            self.later(rest, lambda: self.release(PAYING))


def too_much_waits(buffered: int) -> bool:
    """Whether a peer that makes us answer (with pongs) takes no answers."""
    return buffered > limits.BUFFER
