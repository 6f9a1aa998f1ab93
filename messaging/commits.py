"""Commits: the first one of an epoch wins, when the group's rules and its open orders allow it."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from audit import intake
from audit.events import Actor, CommitAccepted
from beep.errors import BeepError
from messaging import adoption, handshakes, members, protocol
from messaging.access import current_group
from messaging.adoption import Outcome
from messaging.formats import ZERO_HASH, AuthenticatedData, PolicyKind
from messaging.groups import (
    check_size,
    deliver_welcome,
    frame_refused,
    leaf_map,
    read_welcome,
    refusing_frames,
    take_key_packages,
)
from messaging.handshakes import Accepted, Attempt, conflict
from messaging.log import append, earlier_answer, on_wire
from messaging.members import Change
from messaging.membership import Device, Leaf, MembershipRefusedError, Standing, judge
from messaging.mls import CommitFrame, LeafInfo, apply_to_leaf_map, check_commit, leaf_info
from messaging.models import Conversation, ConversationKind, Group, Order
from messaging.orders import OpenOrders, as_executed
from messaging.roster import Chain, chains, devices_out, living_devices


@transaction.atomic
def commit(*, device: UUID, frame: protocol.Commit, now_ms: int) -> Accepted:
    """Take the current epoch's commit: the first one wins.

    It may heal (no proposals), add and remove devices, change roles and carry orders out, as
    `messaging.membership` allows. Afterwards no leaf may belong to a device that is out, and no order that
    can be carried out may be left open.

    Raises BeepError `rate_limited`, `read_only`, `device_unknown`, `device_revoked`, `person_inactive`,
    `not_a_member`, `counter_old`, `counter_gap`, `generation_conflict`, `epoch_conflict`, `removal_due`,
    `order_due` or `frame_refused`.
    """
    handshakes.limit(device=device, now_ms=now_ms)
    attempt = Attempt(frame.body)
    conversation, person = handshakes.locked(
        device=device, conversation=frame.conversation, newcomers=attempt.persons, now_ms=now_ms
    )
    earlier = earlier_answer(
        conversation=conversation, device=device, kind=protocol.COMMIT, counter=frame.counter, body=frame.body
    )
    group = current_group(conversation)
    if earlier is not None:
        return handshakes.accepted(conversation, group, on_wire(earlier))
    if group is None or frame.generation != conversation.generation:
        raise conflict("generation_conflict", conversation)
    if frame.epoch != conversation.epoch:
        raise handshakes.LostEpochError(attempt.frame, conversation)
    if conversation.frozen_seq is not None:
        raise BeepError("removal_due", "The group is frozen; only a successor helps.")

    decoded = attempt.frame
    before = leaf_map(group)
    with refusing_frames():
        check_commit(
            decoded,
            suite=group.suite,
            group_id=group.group_id,
            epoch=conversation.epoch,
            leaf_map=before,
            sender_device=device,
            listed=living_devices(persons=attempt.persons, now_ms=now_ms) if attempt.added else {},
            now_ms=now_ms,
        )
        after = apply_to_leaf_map(before, decoded)
    check_size(len(after), suite=group.suite)
    data = handshakes.authenticated_data(decoded, conversation=conversation)
    outcome, executed = _judged(
        conversation,
        group=group,
        committer=LeafInfo(person, device, b""),
        commit=decoded,
        data=data,
        before=before,
        after=after,
        now_ms=now_ms,
    )
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
    adoption.adopt_commit(
        conversation, group=group, outcome=outcome, executed=executed, seq=envelope.seq, now_ms=now_ms
    )
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
            actor=Actor(person=person, device=device),
            target=conversation.id,
            generation=group.generation,
            epoch=conversation.epoch,
            added=sorted(leaf.device for leaf in attempt.added),
            removed=sorted(before[index].device for index in decoded.removed),
        )
    )
    return handshakes.announced(
        handshakes.accepted(conversation, group, on_wire(envelope), mail=mail, left=outcome.members.ended)
    )


def _judged(
    conversation: Conversation,
    *,
    group: Group,
    committer: LeafInfo,
    commit: CommitFrame,
    data: AuthenticatedData,
    before: Mapping[int, LeafInfo],
    after: Mapping[int, LeafInfo],
    now_ms: int,
) -> tuple[Outcome, list[Order]]:
    """What the commit makes of the group, and the orders that it carries out, when the rules allow it."""
    standings = members.membership(conversation)
    open_orders = OpenOrders(group)
    executed = open_orders.named(data.order_hashes)
    known = _chains_for(conversation, commit, before, open_orders)
    try:
        result = judge(
            kind=PolicyKind(conversation.kind),
            committer=committer.person,
            before=standings,
            leaves=[
                Leaf(leaf.person, leaf.device, _base(leaf, known, standings), index=index)
                for index, leaf in before.items()
            ],
            removed=set(commit.removed),
            added=[
                Device(leaf.person, leaf.device, _base(leaf, known, {}))
                for leaf in map(leaf_info, commit.added)
            ],
            roles=data.roles,
            orders=as_executed(executed),
            gone={
                (leaf.person, leaf.device)
                for leaf in (before[index] for index in commit.removed)
                if leaf.person in known and known[leaf.person].is_out(leaf.device, now_ms=now_ms)
            },
            bases={person: chain.bases for person, chain in known.items()},
        )
    except MembershipRefusedError as error:
        raise frame_refused(error.rule.value) from error
    members.check_known(result, known=standings)
    if devices_out((leaf.device for leaf in after.values()), now_ms=now_ms):
        raise BeepError("removal_due")
    open_orders.check_due(
        executed,
        committer=committer.device,
        after=after.values(),
        members=result,
        chains=known,
        now_ms=now_ms,
    )
    return Outcome(before, after, Change(standings, result)), executed


def _chains_for(
    conversation: Conversation, commit: CommitFrame, before: Mapping[int, LeafInfo], open_orders: OpenOrders
) -> dict[UUID, Chain]:
    """The chains that the judge looks at: of who comes, who goes, and whom an order would let in.

    In a direct or self conversation also of those who stay, for there a base is told by the leaves.
    """
    persons: set[UUID] = {before[index].person for index in commit.removed} | open_orders.persons_to_add
    persons |= {leaf_info(package).person for package in commit.added}
    if conversation.kind != ConversationKind.GROUP and persons:
        persons |= {leaf.person for leaf in before.values()}
    return chains(persons) if persons else {}


def _base(leaf: LeafInfo, known: Mapping[UUID, Chain], standings: Mapping[UUID, Standing]) -> bytes:
    chain = known.get(leaf.person)
    base = chain.base_of(leaf.device) if chain else None
    if base is not None:
        return base
    standing = standings.get(leaf.person)
    return standing.base if standing else ZERO_HASH
