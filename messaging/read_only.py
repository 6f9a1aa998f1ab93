"""While the server is read-only, after a restore to an older point, no log grows except by re-uploads.

Whoever writes to a log passes the gate first: a lock that all of them share until their transaction ends, and
that changing the mode takes alone. So the mode is on when nobody is left who has seen it off, in any process,
a batch in flight included.
"""

from typing import Final

from django.db import connection

from beep.errors import BeepError
from messaging.models import Restore

RETRY: float = 30.0
"""Seconds after which a client may ask again."""

GATE: Final = 0x6265_6570_5F72_6F01
"""Key of PostgreSQL's advisory lock; the throttle's keys, which are random, share the space."""
SHARED: Final = "SELECT pg_advisory_xact_lock_shared(%s)"
ALONE: Final = "SELECT pg_advisory_xact_lock(%s)"


def pass_gate() -> None:
    """Until the current transaction ends the mode stays what it is now. Before any other lock."""
    _execute(SHARED)


def close_gate() -> None:
    """Wait until everybody inside is done and keep others out, until the current transaction ends."""
    _execute(ALONE)


def _execute(lock: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(lock, [GATE])


def is_read_only() -> bool:
    """Whether it is now; one look at one row."""
    return Restore.objects.filter(id=1, read_only=True).exists()


def refusal() -> BeepError:
    """`read_only`."""
    return BeepError("read_only", retry_after=RETRY)


def refuse_if_read_only() -> None:
    """Pass the gate; raises BeepError `read_only` while the server is."""
    pass_gate()
    if is_read_only():
        raise refusal()
