"""What an accepted begin or commit does to the rows of its conversation; whether it may be is asked before.

Apart from the judges because a log that was lost is replayed without them: a re-uploaded frame was judged
when it was first accepted.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from messaging import members, orders
from messaging.groups import store_leaves
from messaging.members import Change
from messaging.mls import LeafInfo
from messaging.models import Conversation, Group, Order


@dataclass(frozen=True, slots=True)
class Outcome:
    """The leaf map and the membership before and after a frame. A begin has no leaves before."""

    before: Mapping[int, LeafInfo]
    after: Mapping[int, LeafInfo]
    members: Change


def adopt_begin(
    conversation: Conversation,
    *,
    group: Group,
    predecessor: Group | None,
    outcome: Outcome,
    seq: int,
    now_ms: int,
) -> None:
    """`group` has begun with the envelope at `seq`, which is the log's end. Saves the conversation's row."""
    if predecessor is not None:
        # Whatever had to be done in the former group is done: it is over.
        orders.supersede(group=predecessor, seq=seq)
        members.forget_former(predecessor)
    conversation.generation = group.generation
    conversation.epoch = 1
    conversation.blocked = False
    conversation.frozen_seq = None
    conversation.save(update_fields=["last_seq", "generation", "epoch", "blocked", "frozen_seq"])
    group.save(force_insert=True)
    store_leaves(conversation=conversation, group=group, before={}, after=outcome.after, seq=seq)
    members.follow(conversation, group=group, change=outcome.members, seq=seq, now_ms=now_ms)


def adopt_commit(
    conversation: Conversation,
    *,
    group: Group,
    outcome: Outcome,
    executed: Collection[Order],
    seq: int,
    now_ms: int,
) -> None:
    """The commit at `seq`, which is the log's end, has ended the epoch. Saves the conversation's row."""
    conversation.epoch += 1
    conversation.blocked = False
    conversation.save(update_fields=["last_seq", "epoch", "blocked"])
    store_leaves(conversation=conversation, group=group, before=outcome.before, after=outcome.after, seq=seq)
    members.follow(conversation, group=group, change=outcome.members, seq=seq, now_ms=now_ms)
    orders.execute(orders=executed, seq=seq)
    orders.close_moot(group=group, leaves=outcome.after.values(), members=outcome.members.after, seq=seq)
