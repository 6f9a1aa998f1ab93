"""Identity statements, devices, pairings and resets."""

from dataclasses import dataclass
from uuid import UUID

from audit.events.base import Event, Personal


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
