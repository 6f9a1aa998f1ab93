"""How long a client may take to say what it wants: what `beep.bodies` is for a body, here for all of HTTP.

The servers' libraries wait for a request's head for ever, or as long as some byte comes each minute; so each
connection has a deadline while it owes one. Daphne reads a whole body, into a file where it is large, before
the application hears of the request; so it bounds bodies as well.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from beep import bodies
from beep.errors import BeepError
from messaging import protocol

HEAD: Final = 20.0
"""Seconds from a connection, or from the first byte behind an answer, to the end of a request's head."""
IDLE: Final = 75
"""Seconds that a connection without a request stays open: longer than a reverse proxy keeps it (nginx: 60 s),
so that no request of the proxy's meets a connection that is just being closed."""
LINGER: Final = 10.0
"""Seconds for the rest of a body whose request was answered already."""
LIMIT: Final = 2 * (protocol.MAX_FRAME + 4)
"""Bytes of the largest body there is, a long poll's; the application's own bound is lower elsewhere."""


class Deadline:
    """Calls `expired` when it was not cleared in time."""

    __slots__ = ("_expired", "_timer")

    def __init__(self, expired: Callable[[], None]) -> None:
        self._expired: Final = expired
        self._timer: asyncio.TimerHandle | None = None

    @property
    def running(self) -> bool:
        """Whether it is set."""
        return self._timer is not None

    def set(self, seconds: float) -> None:
        """From now on so many seconds."""
        self.clear()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._expire)

    def clear(self) -> None:
        """What was waited for has come."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        self._expired()


def refused(refusal: BeepError) -> bytes:
    """A whole HTTP/1.1 answer, for a request that no application has seen."""
    headers, body = bodies.answer(refusal)
    lines = [b"HTTP/1.1 %d %s" % (refusal.status, HTTPStatus(refusal.status).phrase.encode())]
    lines += [name + b": " + value for name, value in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
