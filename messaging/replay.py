"""Writing a lost envelope back into the log that a restored server has lost it from.

It was judged when it was first accepted, so here it is only checked that it fits where it says it stood: the
counter of its device, the group and epoch, and above all the transcript that its sender had seen (T decides:
who wants to put a false envelope into the gap must have every later sender repeat its hash).
"""

from uuid import UUID

from accounts.models import Device as Listing
from beep.errors import BeepError
from beep.tls import TlsError
from messaging import adoption, formats, members, protocol
from messaging.access import current_group
from messaging.adoption import Outcome
from messaging.formats import (
    AuthenticatedData,
    BeginBody,
    OrderAction,
    PolicyKind,
    Role,
    transcript_next,
    transcript_start,
)
from messaging.groups import leaf_map
from messaging.log import append
from messaging.members import Change
from messaging.membership import Device, Executed, Leaf, MembershipRefusedError, Standing, judge, judge_begin
from messaging.mls import (
    CommitFrame,
    LeafInfo,
    MlsError,
    apply_to_leaf_map,
    decode_commit,
    decode_private_message,
    leaf_info,
)
from messaging.models import Conversation, Envelope, Group, Order, Sender
from messaging.policies import read_policy
from messaging.roster import Chain, chains


class ReplayRefusedError(Exception):
    """The envelope does not fit the end of the log."""


class Transcript:
    """T at every seq of a conversation's log (`messaging.formats.transcript_next`)."""

    def __init__(self, conversation: UUID) -> None:
        self._values = [transcript_start(conversation.bytes)]
        rows = Envelope.objects.filter(conversation_id=conversation).order_by("seq")
        for seq, value in rows.values_list("seq", "hash").iterator(chunk_size=5_000):
            self.extend(seq, value)

    def extend(self, seq: int, hash_: bytes) -> None:
        """Note the next envelope's hash."""
        self._values.append(transcript_next(self._values[-1], seq=seq, hash_=hash_))

    def agrees(self, data: AuthenticatedData, *, before: int) -> bool:
        """Whether the sender of the envelope at `before` had seen the log as it stands here."""
        return data.seen_seq < before and self._values[data.seen_seq] == data.transcript


def replay(conversation: Conversation, envelope: protocol.Envelope, *, transcript: Transcript) -> None:
    """Append `envelope` to the log of the locked `conversation`, with all that it does to the group.

    In the current transaction, of which a refusal must undo the savepoint. Raises ReplayRefusedError.
    """
    if envelope.seq != conversation.last_seq + 1:
        raise ReplayRefusedError("seq")
    sender = Sender.objects.filter(conversation_id=conversation.id, device_id=UUID(bytes=envelope.device))
    last = sender.values_list("last_counter", flat=True).first() or 0
    if envelope.counter != last + 1:
        raise ReplayRefusedError("counter")
    try:
        if envelope.kind == protocol.APPLICATION:
            _application(conversation, envelope, transcript)
        elif envelope.kind == protocol.COMMIT:
            _commit(conversation, envelope, transcript)
        else:
            _begin(conversation, envelope, transcript)
    except (MlsError, TlsError, MembershipRefusedError, BeepError) as error:
        raise ReplayRefusedError(str(error)) from error


def _application(conversation: Conversation, envelope: protocol.Envelope, transcript: Transcript) -> None:
    message = decode_private_message(envelope.body)
    group = _group(conversation, envelope)
    _check_seen(message.authenticated_data, envelope, transcript)
    seated = any(leaf.device.bytes == envelope.device for leaf in leaf_map(group).values())
    if not seated or message.group_id != group.group_id or message.epoch != conversation.epoch:
        raise ReplayRefusedError("place")
    _append(conversation, envelope, transcript)
    conversation.save(update_fields=["last_seq"])


def _commit(conversation: Conversation, envelope: protocol.Envelope, transcript: Transcript) -> None:
    commit = decode_commit(envelope.body)
    group = _group(conversation, envelope)
    data = _check_seen(commit.authenticated_data, envelope, transcript)
    before = leaf_map(group)
    committer = before.get(commit.leaf_index)
    fits = (commit.group_id, commit.epoch) == (group.group_id, conversation.epoch)
    if not fits or committer is None or committer.device.bytes != envelope.device:
        raise ReplayRefusedError("place")
    after = apply_to_leaf_map(before, commit)
    standings = members.membership(conversation)
    result = _membership_after(conversation, commit, data, committer, before, standings)
    row = _append(conversation, envelope, transcript)
    adoption.adopt_commit(
        conversation,
        group=group,
        outcome=Outcome(before, after, Change(standings, result)),
        # Orders that were made after the backup are lost with it; those that are left are carried out.
        executed=list(Order.objects.filter(group=group, hash__in=data.order_hashes)),
        seq=row.seq,
        now_ms=envelope.time,
    )


def _membership_after(
    conversation: Conversation,
    commit: CommitFrame,
    data: AuthenticatedData,
    committer: LeafInfo,
    before: dict[int, LeafInfo],
    standings: dict[UUID, Standing],
) -> dict[UUID, Standing]:
    """The same function as then; that each removal was allowed then is taken for granted."""
    added = [leaf_info(package) for package in commit.added]
    known = chains({leaf.person for leaf in (*before.values(), *added)})
    removed = [before[index] for index in commit.removed]
    orders = [Executed(OrderAction.REMOVE, leaf.person, leaf.device) for leaf in removed]
    ending = {change.person for change in data.roles if change.role is Role.NONE}
    orders += [
        Executed(OrderAction.LEAVE, leaf.person, leaf.device) for leaf in removed if leaf.person in ending
    ]
    return judge(
        kind=PolicyKind(conversation.kind),
        committer=committer.person,
        before=standings,
        leaves=[
            Leaf(leaf.person, leaf.device, _base(leaf, known, standings), index=index)
            for index, leaf in before.items()
        ],
        removed=set(commit.removed),
        added=[Device(leaf.person, leaf.device, _base(leaf, known, {})) for leaf in added],
        roles=data.roles,
        orders=orders,
        gone=set(),
        bases={person: chain.bases for person, chain in known.items()},
    )


def _begin(conversation: Conversation, envelope: protocol.Envelope, transcript: Transcript) -> None:
    if (envelope.generation, envelope.epoch) != (conversation.generation + 1, 0):
        raise ReplayRefusedError("place")
    body = BeginBody.decode(envelope.body)
    commit = decode_commit(body.commit)
    data = _check_seen(commit.authenticated_data, envelope, transcript)
    predecessor = current_group(conversation)
    policy = read_policy(
        body.policy, conversation=conversation, predecessor=predecessor.group_id if predecessor else None
    )
    group = Group(
        conversation=conversation,
        generation=envelope.generation,
        group_id=formats.group_id(body.policy),
        policy=body.policy,
        suite=policy.suite,
        begun_seq=envelope.seq,
        created_by=UUID(bytes=envelope.device),
    )
    founder = _founder(group.created_by)
    after = apply_to_leaf_map({0: founder}, commit)
    if commit.group_id != group.group_id or commit.leaf_index != 0:
        raise ReplayRefusedError("place")
    standings = members.membership(conversation)
    known = chains({leaf.person for leaf in after.values()})
    result = judge_begin(
        kind=PolicyKind(conversation.kind),
        committer=founder.person,
        before=standings,
        tree=[Device(leaf.person, leaf.device, _base(leaf, known, {})) for leaf in after.values()],
        roles=data.roles,
        bases={person: chain.bases for person, chain in known.items()},
    )
    row = _append(conversation, envelope, transcript)
    adoption.adopt_begin(
        conversation,
        group=group,
        predecessor=predecessor,
        outcome=Outcome({}, after, Change(standings, result)),
        seq=row.seq,
        now_ms=envelope.time,
    )


def _founder(device: UUID) -> LeafInfo:
    """The device as its person's chain has it; a begin says its leaf nowhere in the clear but in the tree."""
    row = Listing.objects.filter(id=device).first()
    if row is None:
        raise ReplayRefusedError("founder")
    return LeafInfo(row.person_id, row.id, bytes(row.signature_key))


def _group(conversation: Conversation, envelope: protocol.Envelope) -> Group:
    group = current_group(conversation)
    if group is None or (envelope.generation, envelope.epoch) != (
        conversation.generation,
        conversation.epoch,
    ):
        raise ReplayRefusedError("place")
    return group


def _check_seen(encoded: bytes, envelope: protocol.Envelope, transcript: Transcript) -> AuthenticatedData:
    data = AuthenticatedData.decode(encoded)
    if not transcript.agrees(data, before=envelope.seq):
        raise ReplayRefusedError("transcript")
    return data


def _base(leaf: LeafInfo, known: dict[UUID, Chain], standings: dict[UUID, Standing]) -> bytes:
    chain = known.get(leaf.person)
    base = chain.base_of(leaf.device) if chain else None
    if base is None:
        standing = standings.get(leaf.person)
        base = standing.base if standing else formats.ZERO_HASH
    return base


def _append(conversation: Conversation, envelope: protocol.Envelope, transcript: Transcript) -> Envelope:
    row = append(
        conversation=conversation,
        device=UUID(bytes=envelope.device),
        generation=envelope.generation,
        epoch=envelope.epoch,
        kind=envelope.kind,
        counter=envelope.counter,
        body=envelope.body,
        now_ms=envelope.time,
    )
    transcript.extend(row.seq, row.hash)
    return row
