"""What a device asks the authority for: to be let in, or that its person leaves.

Both are signed by the device and become orders, which the members carry out. The signature travels in the
order, so that every member sees who asked.
"""

from typing import Final
from uuid import UUID

from django.db import transaction

from accounts import authority
from accounts.models import Device
from accounts.signing import verify
from accounts.statements import DeviceKind
from beep import rates
from beep.clock import from_ms
from beep.errors import BeepError
from messaging import members, notices, orders, protocol
from messaging.access import (
    acting_device,
    conversation_of,
    current_group,
    left_state,
    lock_conversation,
    state_of,
)
from messaging.formats import REQUEST_LABELS, OrderAction, OrderRequest
from messaging.handshakes import conflict
from messaging.models import Conversation, ConversationKind, Group, Leaf, Participant
from messaging.orders import LIFETIME, Wish
from messaging.read_only import refuse_if_read_only
from messaging.roster import Chain, chains, is_abandoned, lock_persons

PER_MINUTE: Final = 20
"""Petitions of one device: each waits for a commit, so many at once are somebody's mistake."""


@transaction.atomic
def rejoin(*, device: UUID, frame: protocol.Rejoin, now_ms: int) -> None:
    """An Add order for a device of a member, and a Remove of the leaf that it has already.

    The device lives, its person is a member and has not been reset since they were admitted: after a reset
    the other members must decide. Asking again while the order is open changes nothing.

    Raises BeepError `read_only`, `device_unknown`, `device_revoked`, `person_inactive`, `not_a_member`,
    `rate_limited`, `generation_conflict`, or `rejoin_refused` with `detail.rule`: authority (there is none),
    frozen, abandoned (nobody's device is left in the group to let it in), temporary (in the self
    conversation), statement (not the person's newest), device (not in the chain), reset, or signature.
    """
    conversation, group, chain = _asked(device=device, frame=frame, now_ms=now_ms)
    person = UUID(bytes=chain.newest.person)
    if conversation.frozen_seq is not None:
        raise _refused("frozen")
    if conversation.kind == ConversationKind.GROUP and is_abandoned(group, besides=device, now_ms=now_ms):
        # Nobody would carry the order out; a member may begin a successor (`messaging.begins`).
        raise _refused("abandoned")
    entry = chain.newest.device(device.bytes)
    if conversation.kind == ConversationKind.SELF and entry and entry.kind is DeviceKind.TEMPORARY:
        # What one's own devices agree on (marks, drafts) is not for a shared computer.
        raise _refused("temporary")
    if frame.statement_hash != chain.newest.hash:
        raise _refused("statement")
    if chain.is_out(device, now_ms=now_ms):
        raise _refused("device")
    if not _has_not_been_reset(conversation, group, chain, device=device, person=person):
        raise _refused("reset")
    if not _signed(OrderAction.ADD, group, frame, chain, device=device):
        raise _refused("signature")
    at = from_ms(now_ms)
    runs_out = Device.objects.values_list("expires_at", flat=True).get(id=device)
    expires_at = min(at + LIFETIME, runs_out or at + LIFETIME)
    issued = [
        orders.issue(
            group,
            Wish(OrderAction.ADD, person, device, chain.newest.hash, expires_at, frame.signature),
        )
    ]
    if Leaf.objects.filter(group=group, device_id=device).exists():
        issued += orders.issue_removals(
            person=person, device=device, groups=[group], statement_hash=chain.newest.hash, at=at
        )
        _block(conversation)
    if any(issued):
        _tell(conversation, group)


@transaction.atomic
def leave(*, device: UUID, frame: protocol.Leave, now_ms: int) -> None:
    """A Leave order for the device's person, which the next commit in the group carries out.

    Until then nothing is said in the group. When everybody else with a device in it has asked to leave as
    well, there is nobody to commit (nobody takes out their own leaf, RFC 9420 section 12.2), and all of them
    are out at once.

    Raises BeepError as `rejoin`, with the rule repeated for a request that a commit has carried out before
    (its person was taken in again, and renews the identity to leave again), and `forbidden` in direct and
    self conversations, which nobody leaves.
    """
    conversation, group, chain = _asked(device=device, frame=frame, now_ms=now_ms)
    person = UUID(bytes=chain.newest.person)
    if conversation.kind != ConversationKind.GROUP:
        raise BeepError("forbidden", "Only groups can be left.")
    if conversation.frozen_seq is not None:
        # No commit will carry it out, and the successor has another group id than was signed for.
        raise _refused("frozen")
    if frame.statement_hash != chain.newest.hash:
        raise _refused("statement")
    if not _signed(OrderAction.LEAVE, group, frame, chain, device=device):
        raise _refused("signature")
    if orders.has_served(group, device=device, statement_hash=frame.statement_hash):
        raise _refused("repeated")
    at = from_ms(now_ms)
    wish = Wish(OrderAction.LEAVE, person, device, chain.newest.hash, at + LIFETIME, frame.signature)
    issued = orders.issue(group, wish) is not None
    ending = orders.leaving(group)
    if not Leaf.objects.filter(group=group).exclude(person_id__in=ending).exists():
        _close(conversation, group, persons=ending, now_ms=now_ms)
    elif issued:
        _block(conversation)
        _tell(conversation, group)


def _asked(
    *, device: UUID, frame: protocol.Rejoin | protocol.Leave, now_ms: int
) -> tuple[Conversation, Group, Chain]:
    """The conversation, its group, and the verified chain of the asking person; both are locked."""
    refuse_if_read_only()
    acting = acting_device(device=device, now_ms=now_ms)
    id_, person = UUID(bytes=frame.conversation), acting.person_id
    conversation_of(conversation=id_, person=person)
    rates.spend(key=f"petition:{device}", limit=PER_MINUTE, seconds=60, now_ms=now_ms)
    if not authority.is_configured():
        raise _refused("authority")
    lock_persons([person])
    acting_device(device=device, now_ms=now_ms)
    conversation = lock_conversation(conversation=id_, person=person)
    group = current_group(conversation)
    if group is None or frame.generation != conversation.generation:
        raise conflict("generation_conflict", conversation)
    chain = chains([person]).get(person)
    if chain is None:
        raise _refused("device")
    return conversation, group, chain


def _has_not_been_reset(
    conversation: Conversation, group: Group, chain: Chain, *, device: UUID, person: UUID
) -> bool:
    """Whether the device belongs to the identity that was admitted, as `messaging.membership` will ask."""
    base = chain.base_of(device)
    if conversation.kind == ConversationKind.GROUP:
        standing = members.standing_of(conversation, person)
        return standing is not None and standing.base == base
    seated = Leaf.objects.filter(group=group, person_id=person).values_list("device_id", flat=True)
    return any(chain.base_of(one) == base for one in seated)


def _signed(
    action: OrderAction,
    group: Group,
    frame: protocol.Rejoin | protocol.Leave,
    chain: Chain,
    *,
    device: UUID,
) -> bool:
    key = chain.key_of(device)
    asked = OrderRequest(group.group_id, UUID(bytes=chain.newest.person), device, frame.statement_hash)
    return key is not None and verify(
        public_key=key,
        label=REQUEST_LABELS[action],
        content=asked.encode(),
        signature=frame.signature,
    )


def _block(conversation: Conversation) -> None:
    conversation.blocked = True
    conversation.save(update_fields=["blocked"])


def _close(conversation: Conversation, group: Group, *, persons: set[UUID], now_ms: int) -> None:
    """The last ones with a device leave: no commit will ever say so."""
    last_seq = conversation.last_seq
    there = Participant.objects.filter(conversation=conversation, person_id__in=persons, left_at=None)
    there.update(left_at=from_ms(now_ms), left_seq=last_seq)
    orders.supersede(group=group, seq=last_seq)
    conversation.blocked = False
    conversation.save(update_fields=["blocked"])
    state = state_of(conversation, group=group)
    gone = [person.bytes for person in sorted(persons)]
    notices.conversation_changed(left_state(state, last_seq=last_seq), gone)


def _tell(conversation: Conversation, group: Group) -> None:
    state = state_of(conversation, group=group)
    notices.conversation_changed(state, state.persons)


def _refused(rule: str) -> BeepError:
    return BeepError("rejoin_refused", detail={"rule": rule})
