"""Getting in: letters, sign-in, sessions, recovery."""

from dataclasses import dataclass
from uuid import UUID

from audit.events.base import Event, Personal


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
