"""When Python looks for garbage in cycles.

What a server has loaded by the time it listens stays: looking through it again and again would hold up every
socket for a tenth of a second at a time. What a message makes ends with its last reference, so that there is
little to find, and looking seldom is enough.
"""

import gc
from typing import Final

YOUNG: Final = 20_000
"""New objects between two looks at the youngest."""
OLDER: Final = 20
"""Looks at one generation between two at the next older one."""


def settle() -> None:
    """Leave out of every look from now on what is there already."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, OLDER, OLDER)
