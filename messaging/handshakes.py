"""What begins and commits have in common: locks, reading, and telling.

`messaging.begins` and `messaging.commits` decide, each in one transaction; `messaging.adoption` does what an
accepted one demands. Locks, always in this order, each kind in ascending order of id: persons, conversation,
KeyPackages, mailboxes. A refused frame leaves nothing behind, not even its counter.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from beep import rates
from beep.errors import BeepError
from beep.tls import TlsError
from messaging import notices, protocol
from messaging.access import acting_device, conversation_of, left_state, lock_conversation, state_of
from messaging.formats import AuthenticatedData
from messaging.groups import frame_refused
from messaging.mls import CommitFrame, LeafInfo, MlsError, decode_commit, leaf_info
from messaging.models import Conversation, Group
from messaging.read_only import refuse_if_read_only
from messaging.roster import lock_persons


@dataclass(frozen=True, slots=True)
class Accepted:
    """A frame that is in the log: its `envelope` there, and in `mail` each newcomer's (device, mailbox end).

    A repeated frame gets the envelope that the first one became, no mail, and the state of now. `left` are
    the persons whom the frame has put out.
    """

    conversation: bytes
    envelope: protocol.Envelope
    mail: list[tuple[bytes, int]]
    state: protocol.ConversationState
    left: list[bytes]


PER_MINUTE: Final = 600
"""Begins and commits of one device: each is read and judged for up to a second, accepted or not."""
MAX_PROPOSALS: Final = 1_000
"""Adds and Removes in one commit: as many as the largest group has leaves."""


def limit(*, device: UUID, now_ms: int) -> None:
    """Count a begin or commit, before anything is read. Raises BeepError `rate_limited`."""
    rates.spend(key=f"handshake:{device}", limit=PER_MINUTE, seconds=60, now_ms=now_ms)


class Attempt:
    """A commit message as far as it could be read before anything was locked.

    Its newcomers must be known then, because their persons are locked first. Whether it may be read at all
    is said later, after the questions that come before it.
    """

    def __init__(self, data: bytes) -> None:
        self._error: MlsError | None = None
        self._frame: CommitFrame | None = None
        self.added: list[LeafInfo] = []
        """The devices that it adds, by their own account."""
        try:
            self._frame = decode_commit(data)
            self.added = [leaf_info(package) for package in self._frame.added]
        except MlsError as error:
            self._error = error

    @property
    def frame(self) -> CommitFrame:
        """The commit; raises BeepError `frame_refused`."""
        if self._error is not None:
            raise frame_refused(self._error.code.value) from self._error
        assert self._frame is not None
        if len(self._frame.proposals) > MAX_PROPOSALS:
            raise frame_refused("too_many")
        return self._frame

    @property
    def persons(self) -> set[UUID]:
        """Whose devices it adds."""
        return {leaf.person for leaf in self.added}


def locked(
    *, device: UUID, conversation: bytes, newcomers: Iterable[UUID], now_ms: int
) -> tuple[Conversation, UUID]:
    """The conversation, locked, with the acting person, whose device may act; `newcomers` are locked as well.

    Persons come first because a revocation takes its locks in that order: chain, then every conversation in
    which the device has a leaf. Either it is over and seen here, or it waits and blocks what is accepted
    here. Of those who have a leaf already only the actor is locked: their revocation needs this very row.
    """
    refuse_if_read_only()
    id_ = UUID(bytes=conversation)
    person = acting_device(device=device, now_ms=now_ms).person_id
    # Who is no member locks nobody.
    conversation_of(conversation=id_, person=person)
    lock_persons({person, *newcomers})
    # Asked once more: it may have been revoked while this waited.
    acting_device(device=device, now_ms=now_ms)
    return lock_conversation(conversation=id_, person=person), person


def authenticated_data(commit: CommitFrame, *, conversation: Conversation) -> AuthenticatedData:
    """What the commit says beside MLS. Raises BeepError `frame_refused` (authenticated_data)."""
    try:
        data = AuthenticatedData.decode(commit.authenticated_data)
    except TlsError as error:
        raise frame_refused("authenticated_data") from error
    if data.franking_tag or data.seen_seq > conversation.last_seq:
        raise frame_refused("authenticated_data")
    return data


class LostEpochError(BeepError):
    """`epoch_conflict` of a commit: another one was first.

    `changes`: its sender will make it anew, because it was to change something. One that only heals will not:
    the other's commit has renewed the group.
    """

    def __init__(self, commit: CommitFrame, conversation: Conversation) -> None:
        super().__init__("epoch_conflict", detail=_current(conversation))
        data = authenticated_data(commit, conversation=conversation)
        self.changes: Final = bool(commit.proposals or data.roles or data.order_hashes)


def conflict(code: str, conversation: Conversation) -> BeepError:
    """`generation_conflict` or `epoch_conflict`, with what is current."""
    return BeepError(code, detail=_current(conversation))


def _current(conversation: Conversation) -> dict[str, int]:
    return {"generation": conversation.generation, "epoch": conversation.epoch}


def accepted(
    conversation: Conversation,
    group: Group | None,
    envelope: protocol.Envelope,
    *,
    mail: list[tuple[bytes, int]] | None = None,
    left: Iterable[UUID] = (),
) -> Accepted:
    """The answer, from the rows as they are now."""
    state = state_of(conversation, group=group)
    return Accepted(
        conversation.id.bytes, envelope, mail or [], state, sorted(person.bytes for person in left)
    )


def announced(done: Accepted) -> Accepted:
    """After the commit: first the state, so that whoever hears of the envelope knows the conversation.

    Those whom the envelope puts out hear it too, and only then that they are out.
    """
    notices.conversation_changed(done.state, done.state.persons)
    notices.envelopes_added(done.conversation, [done.envelope])
    if done.left:
        notices.conversation_changed(left_state(done.state, last_seq=done.envelope.seq), done.left)
    for device, last in done.mail:
        notices.mail_waiting(device, last)
    return done
