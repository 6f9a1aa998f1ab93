"""Ending tasks for certain."""

import asyncio
from typing import Any


async def cancel(*tasks: "asyncio.Task[Any] | None") -> None:
    """Cancel and wait until all have ended; what they raise is theirs.

    Again and again, because Python 3.11's `asyncio.wait_for`, which libraries use, loses a cancellation that
    comes in the same turn as the result that it waits for.
    """
    left = {task for task in tasks if task is not None}
    while left := {task for task in left if not task.done()}:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=0.2)
