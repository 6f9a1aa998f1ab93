"""How long a server that was asked to end takes, whichever server it is."""

import asyncio
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 10.0
"""Seconds for all: the writer's last batch, sockets, HTTP requests in flight. Then the process ends."""
CLOSE_PATIENCE: Final = 2.0
"""Seconds that clients may take to answer their close frames. Cutting a line earlier could lose ours, where
data of theirs has not been read."""
IDLE_GRACE: Final = 0.5
"""Seconds that an HTTP connection without a request stays open: what its client sent before it could know is
still answered."""


async def until(reached: Callable[[], bool], *, patience: float) -> None:
    """Wait for `reached`, at most `patience` seconds."""
    deadline = asyncio.get_running_loop().time() + patience
    while not reached():
        if asyncio.get_running_loop().time() > deadline:
            return
        await asyncio.sleep(0.02)
