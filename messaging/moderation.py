"""What a moderator may ask of the server: one envelope that somebody has reported, as the log holds it.

The report itself is a message to the moderator, which the server cannot read. With the envelope the
moderator's device checks the franking tag and the sender; what was said it has from the reporter alone.
"""

from typing import Final
from uuid import UUID

from accounts.attempts import attempt
from accounts.models import Membership, OrgUnit, Role
from audit import intake
from audit.events import Actor, EnvelopeLookedUp
from beep import clock, rates
from beep.errors import BeepError
from messaging.models import Envelope, Participant

LOOKUPS_PER_MINUTE: Final = 300
"""Of one moderator; a report holds at most 50 messages."""


def envelope(*, moderator: UUID, conversation: UUID, seq: int) -> Envelope:
    """The envelope at `seq`, for a moderator in whose scope somebody of the conversation is.

    Every look-up is recorded, a refused one too. Raises BeepError `rate_limited`, `forbidden` without the
    duty or outside its scope, and `not_found` when there is no such envelope.
    """

    def prepare() -> EnvelopeLookedUp:
        key = f"moderation:{moderator}"
        rates.spend(key=key, limit=LOOKUPS_PER_MINUTE, seconds=60, now_ms=clock.now_ms())
        return EnvelopeLookedUp(actor=Actor(person=moderator), target=conversation, seq=seq)

    def look(done: EnvelopeLookedUp) -> Envelope:
        if not _in_scope(moderator=moderator, conversation=conversation):
            raise BeepError("forbidden")
        found = Envelope.objects.filter(conversation_id=conversation, seq=seq).first()
        if found is None:
            raise BeepError("not_found")
        intake.record(done)
        return found

    def refused(_: EnvelopeLookedUp, error: BeepError) -> None:
        intake.record(
            EnvelopeLookedUp(
                actor=Actor(person=moderator),
                target=conversation,
                seq=seq,
                outcome="refused",
                error=error.code,
            )
        )

    return attempt(prepare=prepare, work=look, refused=refused)


def _in_scope(*, moderator: UUID, conversation: UUID) -> bool:
    now = clock.now()
    scopes = OrgUnit.objects.filter(
        id__in=Role.objects.filter(person_id=moderator, duty=Role.Duty.MODERATOR, ended_at__isnull=True)
        .exclude(expires_at__lte=now)
        .values("scope_id")
    )
    persons = Participant.objects.filter(conversation_id=conversation).values("person_id")
    return any(
        Membership.objects.filter(person_id__in=persons, unit__path__startswith=scope.path).exists()
        for scope in scopes
    )
