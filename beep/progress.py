"""What a long command tells whoever started it: each step, and how long it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def say(text: str, end: str = "\n") -> None:
    """Tell whoever watches; a terminal that was closed is no reason to stop."""
    with suppress(OSError):
        sys.stdout.write(text + end)
        sys.stdout.flush()


@contextmanager
def step(title: str) -> Iterator[None]:
    """A line for the block: its title at the beginning, its seconds at the end."""
    began = time.monotonic()
    say(f"── {title} …", end="")
    yield
    say(f" {time.monotonic() - began:.1f} s")
