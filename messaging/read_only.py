"""While the server is read-only, after a restore to an older point, no log grows except by re-uploads."""

from beep.errors import BeepError
from messaging.models import Restore

RETRY: float = 30.0
"""Seconds after which a client may ask again."""


def is_read_only() -> bool:
    """Whether it is now; one look at one row."""
    return Restore.objects.filter(id=1, read_only=True).exists()


def refusal() -> BeepError:
    """`read_only`."""
    return BeepError("read_only", retry_after=RETRY)


def refuse_if_read_only() -> None:
    """Raises BeepError `read_only` while it is."""
    if is_read_only():
        raise refusal()
