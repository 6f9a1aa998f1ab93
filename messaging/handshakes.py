"""Begin and commit: the two frames that change a group, and every check that a server can make of them.

One transaction each. Locks, always in this order, each kind in ascending order of id: persons, conversation,
KeyPackages, mailboxes. A refused frame leaves nothing behind, not even its counter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from audit import intake
from audit.events import Actor, CommitAccepted, GenerationBegun
from beep.errors import BeepError
from beep.tls import TlsError
from messaging import notices, orders, protocol
from messaging.access import (
    acting_device,
    conversation_of,
    current_group,
    lock_conversation,
    persons_of,
    state_of,
)
from messaging.formats import AuthenticatedData, BeginBody, group_id
from messaging.groups import (
    deliver_welcome,
    frame_refused,
    leaf_map,
    read_welcome,
    refusing_frames,
    store_leaves,
    take_key_packages,
)
from messaging.log import append, earlier_answer, on_wire
from messaging.mls import (
    CommitFrame,
    LeafInfo,
    apply_to_leaf_map,
    check_commit,
    decode_commit,
    leaf_info,
)
from messaging.models import Conversation, ConversationKind, Group
from messaging.policies import read_policy
from messaging.roster import living_devices, lock_persons


@dataclass(frozen=True, slots=True)
class Accepted:
    """A frame that is in the log: its `envelope` there, and in `mail` each newcomer's (device, mailbox end).

    A repeated frame gets the envelope that the first one became, no mail, and the state of now.
    """

    conversation: bytes
    envelope: protocol.Envelope
    mail: list[tuple[bytes, int]]
    state: protocol.ConversationState


@transaction.atomic
def begin(*, device: UUID, frame: protocol.Begin, now_ms: int) -> Accepted:
    """Begin the next generation of a direct conversation.

    Allowed while there is none, or while the current one is blocked; of several the first to take the
    conversation's lock wins. The group must hold exactly the living devices of both persons.

    Raises BeepError `device_unknown`, `device_revoked`, `person_inactive`, `not_a_member`, `counter_old`,
    `counter_gap`, `generation_conflict`, `successor_not_allowed`, `policy_refused` or `frame_refused`.
    """
    conversation = _locked(device=device, conversation=frame.conversation, now_ms=now_ms)
    body = BeginBody(frame.policy, frame.commit).encode()
    earlier = earlier_answer(
        conversation=conversation, device=device, kind=protocol.BEGIN, counter=frame.counter, body=body
    )
    before = current_group(conversation)
    if earlier is not None:
        return _accepted(conversation, before, on_wire(earlier), [])
    if frame.generation != conversation.generation + 1:
        raise _conflict("generation_conflict", conversation)
    if before is not None and not conversation.blocked:
        raise BeepError("successor_not_allowed")

    policy = read_policy(
        frame.policy, conversation=conversation, predecessor=before.group_id if before else None
    )
    listed = living_devices(persons=persons_of(conversation), now_ms=now_ms)
    founder = listed.get(device)
    if founder is None:
        raise BeepError("device_unknown")
    alone = {0: founder}
    group = Group(
        conversation=conversation,
        generation=frame.generation,
        group_id=group_id(frame.policy),
        policy=frame.policy,
        suite=policy.suite,
        begun_seq=conversation.last_seq + 1,
        created_by=device,
    )
    with refusing_frames():
        commit = decode_commit(frame.commit)
        check_commit(
            commit,
            suite=policy.suite,
            group_id=group.group_id,
            epoch=0,
            leaf_map=alone,
            sender_device=device,
            listed=listed,
            now_ms=now_ms,
        )
        after = apply_to_leaf_map(alone, commit)
    _check_members(conversation, after=after, listed=listed)
    if _authenticated_data(commit, conversation=conversation).order_hashes:
        raise frame_refused("orders")
    if frame.welcome is None:
        raise frame_refused("welcome")
    parts = read_welcome(frame.welcome, suite=policy.suite, added=commit.added)
    take_key_packages(commit=commit, committer=device)

    envelope = append(
        conversation=conversation,
        device=device,
        generation=frame.generation,
        epoch=0,
        kind=protocol.BEGIN,
        counter=frame.counter,
        body=body,
        now_ms=now_ms,
    )
    if before is not None:
        # The leaf that had to go stayed behind: the orders about it are carried out.
        orders.supersede(group=before, seq=envelope.seq)
    conversation.generation = frame.generation
    conversation.epoch = 1
    conversation.blocked = False
    conversation.save(update_fields=["last_seq", "generation", "epoch", "blocked"])
    group.save(force_insert=True)
    store_leaves(conversation=conversation, group=group, before={}, after=after)
    mail = deliver_welcome(
        conversation=conversation,
        group=group,
        epoch=1,
        log_seq=envelope.seq,
        parts=parts,
        added=commit.added,
        after=after,
    )
    intake.record(
        GenerationBegun(
            actor=Actor(person=founder.person, device=device),
            target=conversation.id,
            generation=group.generation,
            group=group.group_id,
            devices=sorted(leaf.device for leaf in after.values()),
        )
    )
    return _announced(_accepted(conversation, group, on_wire(envelope), mail))


@transaction.atomic
def commit(*, device: UUID, frame: protocol.Commit, now_ms: int) -> Accepted:
    """Take the current epoch's commit: the first one wins.

    It may heal (no proposals), remove devices that are out and add devices that are in. Afterwards no leaf
    may belong to a device that is out; unless it only heals, all living devices of both must be there.

    Raises BeepError `device_unknown`, `device_revoked`, `person_inactive`, `not_a_member`, `counter_old`,
    `counter_gap`, `generation_conflict`, `epoch_conflict`, `removal_due` or `frame_refused`.
    """
    conversation = _locked(device=device, conversation=frame.conversation, now_ms=now_ms)
    earlier = earlier_answer(
        conversation=conversation, device=device, kind=protocol.COMMIT, counter=frame.counter, body=frame.body
    )
    group = current_group(conversation)
    if earlier is not None:
        return _accepted(conversation, group, on_wire(earlier), [])
    if group is None or frame.generation != conversation.generation:
        raise _conflict("generation_conflict", conversation)
    if frame.epoch != conversation.epoch:
        raise _conflict("epoch_conflict", conversation)

    listed = living_devices(persons=persons_of(conversation), now_ms=now_ms)
    before = leaf_map(group)
    with refusing_frames():
        decoded = decode_commit(frame.body)
        check_commit(
            decoded,
            suite=group.suite,
            group_id=group.group_id,
            epoch=conversation.epoch,
            leaf_map=before,
            sender_device=device,
            listed=listed,
            now_ms=now_ms,
        )
        after = apply_to_leaf_map(before, decoded)
    if {leaf.device for leaf in after.values()} - listed.keys():
        raise BeepError("removal_due")
    if decoded.proposals:
        _check_members(conversation, after=after, listed=listed)
    gone = [before[index].device for index in decoded.removed]
    data = _authenticated_data(decoded, conversation=conversation)
    due = orders.open_removals(group=group, devices=gone)
    if sorted(data.order_hashes) != sorted(order.hash for order in due):
        raise frame_refused("orders")
    if (frame.welcome is not None) != bool(decoded.added):
        raise frame_refused("welcome")
    parts = read_welcome(frame.welcome, suite=group.suite, added=decoded.added) if frame.welcome else None
    take_key_packages(commit=decoded, committer=device)

    envelope = append(
        conversation=conversation,
        device=device,
        generation=frame.generation,
        epoch=frame.epoch,
        kind=protocol.COMMIT,
        counter=frame.counter,
        body=frame.body,
        now_ms=now_ms,
    )
    orders.execute(orders=due, seq=envelope.seq)
    conversation.epoch += 1
    conversation.blocked = False
    conversation.save(update_fields=["last_seq", "epoch", "blocked"])
    store_leaves(conversation=conversation, group=group, before=before, after=after)
    mail = []
    if parts is not None:
        mail = deliver_welcome(
            conversation=conversation,
            group=group,
            epoch=conversation.epoch,
            log_seq=envelope.seq,
            parts=parts,
            added=decoded.added,
            after=after,
        )
    intake.record(
        CommitAccepted(
            actor=Actor(person=listed[device].person, device=device),
            target=conversation.id,
            generation=group.generation,
            epoch=conversation.epoch,
            added=sorted(leaf_info(package).device for package in decoded.added),
            removed=sorted(gone),
        )
    )
    return _announced(_accepted(conversation, group, on_wire(envelope), mail))


def _locked(*, device: UUID, conversation: bytes, now_ms: int) -> Conversation:
    """The conversation, with its persons' chains and itself locked, for a device that may act in it.

    Persons come first because a revocation takes its locks in that order: chain, then every conversation in
    which the device has a leaf. Either it is over and seen here, or it waits and blocks what begins here.
    """
    id_ = UUID(bytes=conversation)
    person = acting_device(device=device, now_ms=now_ms).person_id
    lock_persons(persons_of(conversation_of(conversation=id_, person=person)))
    # Asked once more: it may have been revoked while this waited.
    acting_device(device=device, now_ms=now_ms)
    return lock_conversation(conversation=id_, person=person)


def _check_members(
    conversation: Conversation, *, after: Mapping[int, LeafInfo], listed: Mapping[UUID, LeafInfo]
) -> None:
    """Exactly the living devices, and of each person one at least: nobody is left out or speaks alone."""
    devices = {leaf.device for leaf in after.values()}
    persons = {leaf.person for leaf in after.values()}
    if conversation.kind != ConversationKind.DIRECT or devices != listed.keys():
        raise frame_refused("members")
    if persons != {conversation.person_a_id, conversation.person_b_id}:
        raise frame_refused("members")


def _authenticated_data(commit: CommitFrame, *, conversation: Conversation) -> AuthenticatedData:
    try:
        data = AuthenticatedData.decode(commit.authenticated_data)
    except TlsError as error:
        raise frame_refused("authenticated_data") from error
    if data.franking_tag or data.seen_seq > conversation.last_seq:
        raise frame_refused("authenticated_data")
    return data


def _conflict(code: str, conversation: Conversation) -> BeepError:
    return BeepError(code, detail={"generation": conversation.generation, "epoch": conversation.epoch})


def _accepted(
    conversation: Conversation,
    group: Group | None,
    envelope: protocol.Envelope,
    mail: list[tuple[bytes, int]],
) -> Accepted:
    state = state_of(conversation, group=group)
    return Accepted(conversation.id.bytes, envelope, mail, state)


def _announced(accepted: Accepted) -> Accepted:
    """After the commit: first the state, so that whoever hears of the envelope knows the conversation."""
    notices.conversation_changed(accepted.state, accepted.state.persons)
    notices.envelopes_added(accepted.conversation, [accepted.envelope])
    for device, last in accepted.mail:
        notices.mail_waiting(device, last)
    return accepted
