"""Erasing what a commitment in the log hides, so that nobody can tell any more whom the entry speaks of.

The log keeps the commitment and stays verifiable; without the salt nothing can be tried against it. Nobody
may delete a row of `audit_opening`: the one way is a function of the database that also writes the intake
row which names it, in the same call. Secret: the salt, 32 random bytes made by `audit.intake`, kept beside
the text, erased here. Backups that hold it end with their own retention (docs/operations.md).
"""

from django.db import connection, connections, transaction

from audit import intake, writer
from audit.events import Actor, OpeningErased
from beep import clock

MAX_REASON = 500
"""Letters."""


def erase(commitment: bytes, *, actor: Actor, reason: str, basis: str) -> bool:
    """Erase one opening and say so in the log; False when there is none (any more), and then nothing is said.

    Raises ValueError unless `reason` and `basis` have from 1 to 500 letters.
    """
    if not all(text.strip() and len(text) <= MAX_REASON for text in (reason, basis)):
        raise ValueError("an erasure needs a reason and a legal basis of up to 500 letters")
    event = OpeningErased(actor=actor, opening=commitment, reason=reason, basis=basis)
    by = writer.current()
    stamp = by.stamp()
    at, _, body = intake.encode(event, at=clock.now_ms(), stamp=stamp).row
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT audit_erase_opening(%s, %s, %s)", (commitment, at, body))
        (erased,) = cursor.fetchone()
        if erased:
            writer.when_committed(by, stamp, body)
    return bool(erased)


def of_text(text: str) -> list[bytes]:
    """The commitments that hide exactly this text, read as `beep_auditor`."""
    with connections["auditor"].cursor() as cursor:
        cursor.execute("SELECT commitment FROM audit_opening WHERE value = %s ORDER BY commitment", (text,))
        return [bytes(commitment) for (commitment,) in cursor.fetchall()]
