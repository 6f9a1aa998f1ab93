"""A transaction that PostgreSQL broke off, again as a whole.

Whoever changes many people in one transaction takes the locks of one person's conversations after another's,
in no order that suits everybody: PostgreSQL then ends one of those who wait for each other (40P01). Nothing
of the transaction is left, so it may be run again, from its first read on.
"""

import time
from collections.abc import Callable
from typing import Final, TypeVar

import structlog
from django.db import OperationalError, connection

log = structlog.get_logger(__name__)

ATTEMPTS: Final = 6
PAUSE: Final = 0.1
"""Seconds before the second attempt; doubled each time."""
AGAIN: Final = frozenset({"40P01", "40001"})
"""SQLSTATE: deadlock_detected, serialization_failure."""

Result = TypeVar("Result")


def whole(act: Callable[[], Result]) -> Result:
    """What `act`, one whole transaction, returns; run up to `ATTEMPTS` times while PostgreSQL breaks it
    off.

    Inside another transaction it runs once: only whoever began that one can run it again. Raises what `act`
    raises, and the last attempt's OperationalError.
    """
    attempts = 1 if connection.in_atomic_block else ATTEMPTS
    for attempt in range(1, attempts):
        try:
            return act()
        except OperationalError as error:
            sqlstate = getattr(error.__cause__, "sqlstate", None)
            if sqlstate not in AGAIN:
                raise
            log.warning("transaction_again", attempt=attempt, sqlstate=sqlstate)
        time.sleep(PAUSE * 2 ** (attempt - 1))
    return act()
