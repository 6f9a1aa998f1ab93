"""Putting a device out of every group that it sits in: blocking, ordering, telling.

For a device that is revoked, and for one that has not been seen for long and stays listed: the groups cannot
tell the two apart, and must not go on with either.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import F

from audit import intake
from audit.events import Actor, ConversationBlocked
from messaging import notices, orders
from messaging.access import state_of
from messaging.models import Conversation, Group, Leaf
from messaging.roster import chains


def put_out(*, device: UUID, person: UUID, at: datetime) -> list[UUID]:
    """Block every conversation where the device has a leaf now, and order its removal; gives their ids.

    In the current transaction, whose caller has locked the person's row. The conversations of all the
    person's devices are locked at once, ascending: whoever puts out several devices of one person in one
    transaction calls this for each, and must not come back for a lower id later.
    """
    seats = Leaf.objects.filter(person_id=person, group__generation=F("group__conversation__generation"))
    rows = list(
        Conversation.objects.select_for_update(no_key=True, of=("self",))
        .filter(id__in=seats.values("group__conversation_id"))
        .order_by("id")
    )
    # Asked again under the locks: a successor may have begun while this waited for one.
    groups = {
        group.conversation_id: group
        for group in Group.objects.filter(
            conversation__in=rows, generation=F("conversation__generation"), leaves__device_id=device
        )
    }
    blocked = [row for row in rows if row.id in groups]
    Conversation.objects.filter(id__in=groups).update(blocked=True)
    chain = chains([person]).get(person)
    if chain is not None:
        orders.issue_removals(
            person=person,
            device=device,
            groups=[groups[row.id] for row in blocked],
            statement_hash=chain.newest.hash,
            at=at,
        )
    for row in blocked:
        row.blocked = True
        intake.record(
            ConversationBlocked(
                actor=Actor(system="messaging"), target=row.id, generation=row.generation, device=device
            )
        )
        state = state_of(row, group=groups[row.id])
        notices.conversation_changed(state, state.persons)
    return [row.id for row in blocked]
