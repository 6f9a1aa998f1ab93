"""Conversations, orders, accepted messages, moderation; the server itself."""

from dataclasses import dataclass, field
from uuid import UUID

from audit.events.base import Event


@dataclass(frozen=True, kw_only=True)
class ConversationOpened(Event, action="conversation.opened", target="conversation"):
    """A conversation came into being."""

    kind: str
    persons: list[UUID]


@dataclass(frozen=True, kw_only=True)
class GenerationBegun(Event, action="conversation.generation_begun", target="conversation"):
    """A group began in a conversation."""

    generation: int
    group: bytes
    devices: list[UUID]


@dataclass(frozen=True, kw_only=True)
class CommitAccepted(Event, action="conversation.commit_accepted", target="conversation"):
    """A commit changed a group's members or keys."""

    generation: int
    epoch: int
    added: list[UUID] = field(default_factory=list)
    removed: list[UUID] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ConversationBlocked(Event, action="conversation.blocked", target="conversation"):
    """A device in the current group was revoked: nothing is accepted until it is out."""

    generation: int
    device: UUID


@dataclass(frozen=True, kw_only=True)
class CommitReported(Event, action="conversation.commit_reported", target="conversation"):
    """A member said that the commit at `seq` cannot be used; `committer` is the device that made it."""

    generation: int
    seq: int
    committer: UUID


@dataclass(frozen=True, kw_only=True)
class GroupFrozen(Event, action="conversation.frozen", target="conversation"):
    """Enough members said so: nothing is accepted but a successor."""

    generation: int
    seq: int
    committer: UUID


@dataclass(frozen=True, kw_only=True)
class OrderIssued(Event, action="order.issued", target="device"):
    """The directory authority ordered that a device be removed from a group, or added, or a person let go."""

    kind: str
    group: bytes
    hash: bytes


@dataclass(frozen=True, kw_only=True)
class MessagesAccepted(Event, action="messages.accepted", target="batch"):
    """Envelopes were accepted in `second` (UTC): `root` is the Merkle root (RFC 6962) over their hashes.

    The hashes stand in the order of their bytes. What was committed too late for its second's leaf has
    another leaf of the same second.
    """

    second: int
    root: bytes
    count: int


@dataclass(frozen=True, kw_only=True)
class EnvelopeLookedUp(Event, action="moderation.envelope_looked_up", target="conversation"):
    """A moderator asked for one reported envelope, to check it; or was refused."""

    seq: int


@dataclass(frozen=True, kw_only=True)
class RestoreModeChanged(Event, action="server.restore_mode", target="server"):
    """The operator made the server read-only after a restore, or ended that."""

    read_only: bool
