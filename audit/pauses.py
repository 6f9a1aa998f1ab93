"""How long a process waits before it tries again what has failed. Pure."""

from typing import Final


class Pauses:
    """Longer after each failure, up to the last of `seconds`; from the beginning after a success."""

    def __init__(self, *seconds: float) -> None:
        self._seconds: Final = seconds
        self._failed = 0

    def failed(self) -> float:
        """Seconds to wait now."""
        pause = self._seconds[min(self._failed, len(self._seconds) - 1)]
        self._failed += 1
        return pause

    def worked(self) -> None:
        """Begin anew."""
        self._failed = 0
