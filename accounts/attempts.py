"""One transaction for an attempt that may be refused, when the refusal itself must be remembered.

A refusal is an exception, and an exception undoes a transaction: a wrong passphrase would then be neither
counted nor audited. So the work runs inside a savepoint. When it is refused, its own writes are undone, what
the refusal must leave behind is written, all that is committed, and only then is the refusal raised.
"""

from collections.abc import Callable
from typing import TypeVar

from django.db import transaction

from beep.errors import BeepError

P = TypeVar("P")
T = TypeVar("T")


def attempt(
    *, prepare: Callable[[], P], work: Callable[[P], T], refused: Callable[[P, BeepError], None]
) -> T:
    """What `work` returns, or its BeepError after `refused` has written what must stay of it.

    `prepare` finds, locks and throttles; what it refuses leaves nothing behind. Its locks are taken outside
    the savepoint, for a lock taken inside would be given up with it, before the failure is counted.
    """
    with transaction.atomic():
        prepared = prepare()
        try:
            with transaction.atomic():
                return work(prepared)
        except BeepError as error:
            refused(prepared, error)
            refusal = error
    raise refusal
