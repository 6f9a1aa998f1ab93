"""What a connection sends, from the socket to whoever listens: without a queue and a task between them, which
cost more than the frames themselves.

An application that does not listen, and what comes before it does, goes the way of ASGI, through the server's
queue, with at most `limits.READ_AHEAD` messages waiting.
"""

import asyncio
import time
from typing import Any

from messaging.engine import limits
from messaging.engine.outlet import Take
from messaging.servers import arguments, reading
from messaging.servers.scanning import Scanner


def messages_of(queue: asyncio.Queue[Any]) -> list[bytes]:
    """Take the binary messages out of an ASGI queue; everything else stays."""
    events = [queue.get_nowait() for _ in range(queue.qsize())]
    for event in events:
        if event.get("bytes") is None:
            queue.put_nowait(event)
    return [event["bytes"] for event in events if event.get("bytes") is not None]


class Listening(reading.Metered):
    """A WebSocket protocol's share in this. Messages go to `queued` until somebody listens."""

    _scanner: Scanner | None = None
    _take: Take | None = None
    _working = False
    """`_work` comes again by itself."""
    _due = 0.0
    """Seconds for which nothing more should be read, by whoever took the last messages."""

    def to_library(self, data: bytes) -> None:
        """Whole frames, or whatever comes when nothing is scanned, for the server's library."""
        raise NotImplementedError

    def queued(self, data: bytes) -> None:
        """A message for the ASGI queue."""
        raise NotImplementedError

    def unqueued(self) -> list[bytes]:
        """Take the messages out of the ASGI queue."""
        raise NotImplementedError

    @property
    def over(self) -> bool:
        """Whether messages are dropped, because we have closed."""
        raise NotImplementedError

    @property
    def gone(self) -> bool:
        """Whether the connection has ended."""
        raise NotImplementedError

    def arrived(self, data: bytes) -> None:
        """Bytes were read behind the handshake."""
        self._scan_with().add(data)
        if not self._working:
            self._work()

    def arrived_early(self, data: bytes) -> None:
        """Bytes were read before the handshake was answered: they wait for that, and others are not read."""
        self._scan_with().add(data)
        self.hold(reading.EARLY)

    def answered(self) -> None:
        """The handshake is answered."""
        if self._reasons & reading.EARLY:
            self.release(reading.EARLY)
            self.arrived(b"")

    def _scan_with(self) -> Scanner:
        if self._scanner is None:
            self._scanner = Scanner(self.to_library, limit=arguments.MESSAGE_LIMIT)
        return self._scanner

    def listen(self, take: Take) -> None:
        """See `FrameTransport`."""
        self._take = take
        for data in self.unqueued():
            self.message(data)
        self.release(reading.LAGGING)

    def message(self, data: bytes) -> None:
        """A whole message."""
        if self.over:
            return
        if self._take is not None:
            self._due += self._take(data)
        else:
            self.queued(data)

    def _work(self) -> None:
        """Go through what was read: some frames a turn of the event loop, so that others have theirs, and
        later when the peer has to rest or to pay.
        """
        began = time.thread_time()
        left = self._scan()
        rest = self.charge(time.thread_time() - began) + self._due
        self._due = 0.0
        self._working = bool(left or rest)
        if self._working:
            self.hold(reading.WORKING)
            self.later(rest, self._work)
        else:
            self.release(reading.WORKING)

    def _scan(self) -> bool:
        """Whether something may be left after `limits.TURN` frames, fewer when the peer has to rest."""
        scanner = self._scanner
        if scanner is None or self.gone:
            return False
        for _ in range(limits.TURN):
            data = scanner.next()
            if data is not None:
                self.message(data)
            elif not scanner.more:
                return False
            if self._due:
                break
        return True
