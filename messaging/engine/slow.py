"""The slow path: services that use Django's ORM, called from the event loop in a few threads.

Each call runs in one thread with one connection from Django's pool, which it gives back at its end. The
services check rights, lock and commit by themselves; their notices come back through `messaging.notices`.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

from django.db import connections

from messaging.engine import limits

P = ParamSpec("P")
T = TypeVar("T")


class SlowPath:
    """A small pool of threads."""

    def __init__(self) -> None:
        self._threads: Final = ThreadPoolExecutor(limits.WORKERS, thread_name_prefix="beep-slow")

    def __len__(self) -> int:
        """Calls that wait for a thread."""
        return self._threads._work_queue.qsize()

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function` in a thread; raises what it raises. Cancelling does not stop it half-way."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._threads, partial(_in_thread, partial(function, *args, **kwargs))
        )

    def stop(self) -> None:
        """Take no more calls and wait for those that run: they end in their own commit."""
        self._threads.shutdown(wait=True, cancel_futures=True)


def _in_thread(function: Callable[[], T]) -> T:
    try:
        return function()
    finally:
        connections.close_all()
