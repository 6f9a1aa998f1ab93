"""The catalogue of audited events: each is a class here, with the facts it records. Pure: no Django.

A leaf's JSON has these members, those without a value left out::

    action      what happened, a stable dotted name
    at          milliseconds UTC
    actor       {person, session, device, system, address}: who did it; address is a commitment
    target      {kind, id}: whom or what it was done to
    outcome     "done" or "refused"
    error       code of the refusal
    parameters  the event's own fields
    before, after, approver, basis

A field of type `Personal` never stands in a leaf: a salted commitment does, and the opening is stored apart,
where it can be erased. Ids are pseudonyms and stand in the clear.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal
from uuid import UUID

from audit.canonical import Json


class Personal(str):
    """A text that tells who somebody is: a name, a login, an address."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts. `system` names a command or process where no person does."""

    person: UUID | None = None
    session: UUID | None = None
    device: UUID | None = None
    system: str | None = None
    address: Personal | None = None


CATALOGUE: Final[dict[str, type["Event"]]] = {}
"""Every event by its action."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """What all events share. A subclass names its action, the kind of its target, and its own facts."""

    action: ClassVar[str]
    target_kind: ClassVar[str] = "person"

    actor: Actor
    target: UUID | None = None
    outcome: Literal["done", "refused"] = "done"
    error: str | None = None
    before: dict[str, Json] | None = None
    after: dict[str, Json] | None = None
    approver: UUID | None = None
    basis: str | None = None
    """The legal basis, where an act needs one."""

    def __init_subclass__(cls, *, action: str, target: str = "person") -> None:
        super().__init_subclass__()
        if action in CATALOGUE:
            raise TypeError(f"two events are called {action}")
        cls.action = action
        cls.target_kind = target
        CATALOGUE[action] = cls


# --- Getting in ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ActivationIssued(Event, action="activation.issued"):
    """A letter with a code was made for a person; an open one before it is withdrawn."""

    activation: UUID
    expires_at: int


@dataclass(frozen=True, kw_only=True)
class ActivationBegun(Event, action="activation.begun"):
    """The code of a letter was entered: rightly, or refused (then there may be no target)."""

    activation: UUID | None = None
    personnel_number: Personal | None = None
    """Only where it was refused."""


@dataclass(frozen=True, kw_only=True)
class ActivationFinished(Event, action="activation.finished"):
    """The letter was spent: the person has a passphrase, an authenticator and a first device."""

    activation: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class SignIn(Event, action="sign_in"):
    """Somebody proved passphrase and one-time code, or failed to.

    `login` is recorded where no person was found.
    """

    login: Personal | None = None
    known_device: bool = False
    """The request was signed by a living device of the person."""
    replaces: bool = False
    """The browser is new: a ticket was given, and a statement by the recovery key must follow."""


@dataclass(frozen=True, kw_only=True)
class SessionBegun(Event, action="session.begun", target="session"):
    """A session was opened for a device."""

    device: UUID


@dataclass(frozen=True, kw_only=True)
class SessionEnded(Event, action="session.ended", target="session"):
    """A session ended before its time."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class RecoveryVerified(Event, action="recovery.verified"):
    """The recovery key signed a challenge, or a signature was refused."""

    login: Personal | None = None


@dataclass(frozen=True, kw_only=True)
class CredentialsReplaced(Event, action="credentials.replaced"):
    """Passphrase and authenticator were set anew after recovery."""


# --- Identity and devices
# -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class StatementAppended(Event, action="identity.appended"):
    """A person's identity chain grew, or a statement was refused."""

    version: int
    hash: bytes
    signer: str | None = None
    rule: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeviceAdded(Event, action="device.added", target="device"):
    """A statement listed a new device."""

    person: UUID
    key: bytes
    version: int


@dataclass(frozen=True, kw_only=True)
class DeviceRevoked(Event, action="device.revoked", target="device"):
    """A device can no longer speak: by a statement of its person, or because the person left."""

    person: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class PairingBegun(Event, action="pairing.begun", target="pairing"):
    """A new device asks one of the person's devices for approval."""

    person: UUID
    kind: str


@dataclass(frozen=True, kw_only=True)
class PairingApproved(Event, action="pairing.approved", target="pairing"):
    """A device of the person approved the new one; its statement is in the chain."""

    person: UUID
    device: UUID


@dataclass(frozen=True, kw_only=True)
class PairingFailed(Event, action="pairing.failed", target="pairing"):
    """A device of the person refused the new one, or the digits did not match."""

    person: UUID


@dataclass(frozen=True, kw_only=True)
class ResetLetterIssued(Event, action="reset.letter_issued"):
    """A letter was made for somebody who lost everything; an open one before it is withdrawn."""

    letter: UUID
    expires_at: int


@dataclass(frozen=True, kw_only=True)
class ResetBegun(Event, action="reset.begun"):
    """The code of a reset letter was entered: rightly, or refused (then there may be no target)."""

    letter: UUID | None = None
    personnel_number: Personal | None = None
    """Only where it was refused."""


@dataclass(frozen=True, kw_only=True)
class ResetRequested(Event, action="reset.requested"):
    """Somebody with the letter asked for a new identity; everybody concerned is told."""

    request: UUID
    hash: bytes
    earliest: int


@dataclass(frozen=True, kw_only=True)
class ResetSigned(Event, action="reset.signed"):
    """A reset officer signed the request."""

    request: UUID
    hash: bytes
    officer: bytes
    """The officer's certified public key."""


@dataclass(frozen=True, kw_only=True)
class ResetDropped(Event, action="reset.dropped"):
    """A request will never take effect; `reason` says why."""

    request: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class ResetFinished(Event, action="reset.finished"):
    """The reset took effect: devices, passphrase, authenticator and recovery code are new."""

    request: UUID
    version: int
    officers: list[bytes]


# --- The directory
# --------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class DirectoryPlanned(Event, action="directory.planned", target="sync_run"):
    """A source was compared with the directory; nothing was written but this."""

    source: str
    plan_hash: bytes
    counts: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DirectoryApplied(Event, action="directory.applied", target="sync_run"):
    """A plan was carried out, or failed."""

    source: str
    plan_hash: bytes
    counts: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PersonCreated(Event, action="person.created"):
    """Somebody came into the directory."""

    login: Personal
    name: Personal


@dataclass(frozen=True, kw_only=True)
class PersonChanged(Event, action="person.changed"):
    """Name, post, unit or personnel number changed; `changed` names the fields."""

    changed: list[str]


@dataclass(frozen=True, kw_only=True)
class PersonStateChanged(Event, action="person.state_changed"):
    """A person became active, was suspended or left; `before` and `after` say from what to what."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class RoleGranted(Event, action="role.granted"):
    """A person has a duty from now on, or the database refused it."""

    duty: str
    scope: UUID | None = None
    expires_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class RoleEnded(Event, action="role.ended"):
    """A duty ended."""

    duty: str
    scope: UUID | None = None


# --- Conversations
# --------------------------------------------------------------------------------------------


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
    """The writer accepted a batch: `root` is the Merkle root over its envelope hashes, in order."""

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
