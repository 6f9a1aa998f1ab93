"""Of which resets somebody is told: of their own, and of those of whom they share a conversation with."""

from uuid import UUID

from accounts import reset_notices
from accounts.reset_notices import Announced
from messaging.access import PRESENT
from messaging.models import Participant


def announced_to(*, person: UUID) -> list[Announced]:
    """The resets that are asked for and not finished, the soonest first."""
    asked_for = reset_notices.asked_for()
    if not asked_for:
        return []
    present = Participant.objects.filter(left_at__isnull=True, role__in=PRESENT)
    own = present.filter(person_id=person).values("conversation_id")
    sharing = present.filter(person_id__in=asked_for, conversation_id__in=own)
    told = {person, *sharing.values_list("person_id", flat=True)}
    return reset_notices.announced(persons=[each for each in asked_for if each in told])
