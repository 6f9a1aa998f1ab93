"""The slow path: services that use Django's ORM, called from the event loop in a few threads.

Each call runs in one thread with one connection from Django's pool, which it gives back at its end. The
services check rights, lock and commit by themselves; their notices come back through `messaging.notices`.

Calls wait in a line for each device, and the threads go round the devices: who asks for a hundred things at
once waits for their own ninety-nine, and everybody else for one.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from django.db import connections

from beep.errors import BeepError
from messaging.engine import limits

P = ParamSpec("P")
T = TypeVar("T")


class SlowPath:
    """A small pool of threads."""

    def __init__(self) -> None:
        self._threads: Final = ThreadPoolExecutor(limits.WORKERS, thread_name_prefix="beep-slow")
        self._free = limits.WORKERS
        self._lines: Final[OrderedDict[bytes, deque[asyncio.Future[None]]]] = OrderedDict()
        self._waiting = 0

    def __len__(self) -> int:
        """Calls that wait for a thread."""
        return self._waiting

    async def call(self, line: bytes, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function` in a thread when it is the turn of `line`, a device's id; raises what it raises.

        Raises BeepError `busy` when too many wait. Cancelling takes a call out of the line; it does not stop
        one half-way.
        """
        await self._turn(line)
        # The thread is given back when the work has ended, which may be after this call was cancelled.
        work = asyncio.get_running_loop().run_in_executor(
            self._threads, partial(_in_thread, partial(function, *args, **kwargs))
        )
        work.add_done_callback(self._go_on)
        return await asyncio.shield(work)

    async def _turn(self, device: bytes) -> None:
        if self._free:
            self._free -= 1
            return
        if self._waiting >= limits.SLOW_QUEUE:
            raise BeepError("busy", retry_after=limits.BUSY_RETRY)
        turn = asyncio.get_running_loop().create_future()
        self._lines.setdefault(device, deque()).append(turn)
        self._waiting += 1
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # It got its turn in the moment in which it was cancelled.
                self._go_on()
            raise

    def _go_on(self, done: "asyncio.Future[Any] | None" = None) -> None:
        """A thread is free: give it to the first of the device that has waited longest for one."""
        if done is not None and not done.cancelled():
            # Whoever waited may be gone; asyncio would complain that nobody looked.
            done.exception()
        while self._lines:
            device, line = self._lines.popitem(last=False)
            turn = line.popleft()
            self._waiting -= 1
            if line:
                self._lines[device] = line
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def stop(self) -> None:
        """Take no more calls and wait for those that run: they end in their own commit."""
        self._threads.shutdown(wait=True, cancel_futures=True)


def _in_thread(function: Callable[[], T]) -> T:
    try:
        return function()
    finally:
        connections.close_all()
