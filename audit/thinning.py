"""Checkpoints after a day: one a minute is enough (docs/adr/0022).

A checkpoint is signed at every step of the integrator, four a second when much happens. Which of them may go
is decided by a trigger of the database, whoever asks: only those that are older than a day, are followed by
one of the same minute, and lose nothing of the witnesses' word. Proofs do not need them: consistency from
*any* earlier size follows from the tiles, whether its checkpoint is still stored or not.
"""

from typing import Final

from django.db import connection, transaction

from audit import events, intake
from audit.events import Actor
from beep import clock

AT_ONCE: Final = 5_000
"""Checkpoints a transaction."""
BACK: Final = 8 * 86_400_000
"""Milliseconds: what is older was thinned long ago, or stays."""


def thin() -> int:
    """Thin what may be; how many checkpoints have gone. Each transaction that took some is an event."""
    gone = 0
    while taken := _some():
        gone += taken
    return gone


@transaction.atomic
def _some() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_thin_checkpoints(%s, %s)", [max(0, clock.now_ms() - BACK), AT_ONCE])
        (taken,) = cursor.fetchone()
    if taken:
        intake.record(events.CheckpointsThinned(actor=Actor(system="audit.thinning"), removed=taken))
    return int(taken)
