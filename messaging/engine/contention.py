"""Who comes next among the members whose commits lost an epoch.

The server takes one commit an epoch (RFC 9420 §14), so of ten members who commit in the same moment nine have
made theirs for nothing. Left to chance they would meet again and again. Only the server sees who else has
lost: it lets them stand in line and tells each, with the refusal, how many are ahead. A client tries again
when so many epochs have gone by, or when `COMMIT_STEP` seconds for each have passed without them.

The line is advice. Nobody is held to it, nothing is kept for it, and every process has its own: who meets
somebody all the same stands at the end again.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from messaging.engine import limits


class Contention:
    """Lines by conversation."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock: Final = clock
        self._lines: Final[OrderedDict[bytes, dict[bytes, float]]] = OrderedDict()
        """Conversation → device → when it is no longer waited for; oldest first."""

    def lost(self, conversation: bytes, device: bytes) -> int:
        """Let this device stand at the end; how many stand before it."""
        now = self._clock()
        line = self._lines.pop(conversation, {})
        line.pop(device, None)
        for gone in [other for other, until in line.items() if until <= now]:
            del line[gone]
        ahead = len(line)
        # One step more than its turn: what it takes to come.
        line[device] = now + (ahead + 2) * limits.COMMIT_STEP
        self._lines[conversation] = line
        if len(self._lines) > limits.LINES:
            self._lines.popitem(last=False)
        return ahead

    def won(self, conversation: bytes, device: bytes) -> None:
        """Its commit was taken: nobody waits for it any more."""
        line = self._lines.get(conversation)
        if line is not None:
            line.pop(device, None)
            if not line:
                del self._lines[conversation]
