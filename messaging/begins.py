"""Begins: the first group of a conversation, and the successor of one that cannot or should not go on."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import transaction

from accounts.models import Device as Listing
from audit import intake
from audit.events import Actor, GenerationBegun
from beep.errors import BeepError
from messaging import adoption, handshakes, members, orders, protocol
from messaging.access import current_group
from messaging.adoption import Outcome
from messaging.formats import ZERO_HASH, BeginBody, PolicyKind, Role, RoleChange, group_id
from messaging.groups import (
    check_size,
    deliver_welcome,
    frame_refused,
    read_welcome,
    refusing_frames,
    take_key_packages,
)
from messaging.handshakes import Accepted, Attempt, conflict
from messaging.log import append, earlier_answer, on_wire
from messaging.members import Change
from messaging.membership import Device, MembershipRefusedError, Rule, judge_begin
from messaging.mls import LeafInfo, apply_to_leaf_map, check_commit
from messaging.models import Conversation, ConversationKind, Envelope, Group, Leaf
from messaging.policies import read_policy
from messaging.reports import spoken_after
from messaging.roster import chains, is_abandoned, living_devices


@transaction.atomic
def begin(*, device: UUID, frame: protocol.Begin, now_ms: int) -> Accepted:
    """Begin the next generation; of several the first to take the conversation's lock wins.

    Its members are living devices of the conversation's persons, as `messaging.membership` allows; in a
    direct conversation of both. When a successor may begin, `_check_may_succeed` says.

    Raises BeepError `rate_limited`, `read_only`, `device_unknown`, `device_revoked`, `person_inactive`,
    `not_a_member`, `counter_old`, `counter_gap`, `generation_conflict`, `successor_not_allowed`,
    `policy_refused`, `frame_refused`, or `removal_due` when it keeps somebody who has asked to leave.
    """
    handshakes.limit(device=device, now_ms=now_ms)
    attempt = Attempt(frame.commit)
    conversation, person = handshakes.locked(
        device=device, conversation=frame.conversation, newcomers=attempt.persons, now_ms=now_ms
    )
    body = BeginBody(frame.policy, frame.commit).encode()
    earlier = earlier_answer(
        conversation=conversation, device=device, kind=protocol.BEGIN, counter=frame.counter, body=body
    )
    before = current_group(conversation)
    if earlier is not None:
        return handshakes.accepted(conversation, before, on_wire(earlier))
    if frame.generation != conversation.generation + 1:
        raise conflict("generation_conflict", conversation)
    if before is not None:
        _check_may_succeed(conversation, before, device=device, person=person, now_ms=now_ms)

    policy = read_policy(
        frame.policy, conversation=conversation, predecessor=before.group_id if before else None
    )
    listed = living_devices(persons=attempt.persons | {person}, now_ms=now_ms)
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
    decoded = attempt.frame
    with refusing_frames():
        check_commit(
            decoded,
            suite=policy.suite,
            group_id=group.group_id,
            epoch=0,
            leaf_map=alone,
            sender_device=device,
            listed=listed,
            now_ms=now_ms,
        )
        after = apply_to_leaf_map(alone, decoded)
    check_size(len(after), suite=policy.suite)
    data = handshakes.authenticated_data(decoded, conversation=conversation)
    if data.order_hashes:
        raise frame_refused("orders")
    change = _judged(conversation, before, committer=person, tree=after, roles=data.roles)
    if before is not None and conversation.frozen_seq is None:
        orders.check_gone(group=before, members=change.after.keys())
    if (frame.welcome is not None) != bool(decoded.added):
        raise frame_refused("welcome")
    parts = read_welcome(frame.welcome, suite=policy.suite, added=decoded.added) if frame.welcome else None
    take_key_packages(commit=decoded, committer=device)

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
    adoption.adopt_begin(
        conversation,
        group=group,
        predecessor=before,
        outcome=Outcome({}, after, change),
        seq=envelope.seq,
        now_ms=now_ms,
    )
    mail = []
    if parts is not None:
        mail = deliver_welcome(
            conversation=conversation,
            group=group,
            epoch=1,
            log_seq=envelope.seq,
            parts=parts,
            added=decoded.added,
            after=after,
        )
    intake.record(
        GenerationBegun(
            actor=Actor(person=person, device=device),
            target=conversation.id,
            generation=group.generation,
            group=group.group_id,
            devices=sorted(leaf.device for leaf in after.values()),
        )
    )
    return handshakes.announced(
        handshakes.accepted(conversation, group, on_wire(envelope), mail=mail, left=change.ended)
    )


def _check_may_succeed(
    conversation: Conversation, current: Group, *, device: UUID, person: UUID, now_ms: int
) -> None:
    """Raises BeepError `successor_not_allowed` while the current group should go on.

    A direct or self conversation goes on in a successor when a leaf must go or a commit is of no use, and
    when no device in it is left to commit: nobody waits for anybody. A group is its admins' to begin anew at
    any time. When it is frozen, its founder may, and anybody when no admin has a device in it: those who
    commit to a successor must agree on who they are, and the founder is the one whom all know. When nobody
    else's device in it lives, any member may: who is in and as what stays as it is (`judge_begin`).
    """
    if conversation.kind != ConversationKind.GROUP:
        if not (conversation.blocked or is_abandoned(current, now_ms=now_ms)):
            raise BeepError("successor_not_allowed")
        return
    standing = members.standing_of(conversation, person)
    if standing is not None and standing.role is Role.ADMIN:
        return
    if is_abandoned(current, besides=device, now_ms=now_ms):
        return
    if conversation.frozen_seq is not None:
        if device == current.created_by:
            return
        admins = conversation.participants.filter(role=int(Role.ADMIN), left_at__isnull=True)
        if not Leaf.objects.filter(group=current, person_id__in=admins.values("person_id")).exists():
            return
    raise BeepError("successor_not_allowed")


def _judged(
    conversation: Conversation,
    current: Group | None,
    *,
    committer: UUID,
    tree: Mapping[int, LeafInfo],
    roles: Sequence[RoleChange],
) -> Change:
    """From which membership to which the begin leads, when the rules allow it.

    The successor of a frozen group may be judged by the membership before the commit that froze it as well:
    it depends on the founder's device which of the two it knows. But not when somebody beside the committer
    has gone on from that commit: then it can be used, and two who report it late undo nothing.
    """
    now = members.membership(conversation)
    # Whose wish to leave nobody was left to carry out is gone as soon as somebody goes on.
    going = orders.leaving(current) if current and conversation.kind == ConversationKind.GROUP else set()
    staying = {person: standing for person, standing in now.items() if person not in going}
    candidates = [now, staying] if going else [now]
    frozen = conversation.frozen_seq
    if current and frozen and frozen > current.begun_seq and not _has_been_used(conversation, frozen):
        candidates.append(members.membership_before(conversation, group=current, seq=frozen))
    known = chains({leaf.person for leaf in tree.values()})
    devices = [
        # Living devices all of them, so their chains list them.
        Device(leaf.person, leaf.device, known[leaf.person].base_of(leaf.device) or ZERO_HASH)
        for leaf in tree.values()
    ]
    standing = now.get(committer)
    is_admin = standing is not None and standing.role is Role.ADMIN
    refusal: MembershipRefusedError | None = None
    for before in candidates:
        try:
            after = judge_begin(
                kind=PolicyKind(conversation.kind),
                committer=committer,
                before=before,
                tree=devices,
                roles=roles,
                bases={person: chain.bases for person, chain in known.items()},
            )
        except MembershipRefusedError as error:
            refusal = refusal or error
        else:
            if not is_admin and not before.keys() & now.keys() <= after.keys():
                # The founder was an admin by the former membership, and evicts nobody by it.
                raise frame_refused(Rule.ROLES.value)
            members.check_known(after, known={**now, **before})
            # Whichever was judged by, the rows are what becomes `after`.
            return Change(now, after)
    assert refusal is not None
    raise frame_refused(refusal.rule.value) from refusal


def _has_been_used(conversation: Conversation, seq: int) -> bool:
    """Whether another person than its committer has spoken in an epoch after the commit at `seq`."""
    commit = Envelope.objects.get(conversation_id=conversation.id, seq=seq)
    committer = Listing.objects.filter(id=commit.device_id).values("person_id")
    own = Listing.objects.filter(person_id__in=committer)
    return spoken_after(commit).exclude(device_id__in=own.values("id")).exists()
