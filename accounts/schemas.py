"""The shapes of the directory's HTTP API."""

from typing import Annotated, Literal

from pydantic import Field

from accounts import totp
from accounts.people import Bilingual as BilingualText
from accounts.people import Card
from accounts.statements import MAX_STATEMENT_BYTES
from beep.schemas import (
    Base64Url,
    Bytes16,
    Bytes32,
    Bytes57,
    Bytes64,
    Id,
    Milliseconds,
    StrictSchema,
    Text,
)

Code = Annotated[Text, Field(max_length=64)]
"""An activation code as typed."""
Typed = Annotated[Text, Field(min_length=1, max_length=64)]
"""A login or personnel number as typed."""
Token = Annotated[Text, Field(min_length=1, max_length=16)]
"""A one-time code as typed."""
StatementBytes = Annotated[bytes, Base64Url(at_most=MAX_STATEMENT_BYTES)]


class Bilingual(StrictSchema):
    """A text in Latin and in local script; either may be empty."""

    latin: str
    local: str

    @classmethod
    def of(cls, text: BilingualText) -> "Bilingual":
        """From the service's value."""
        return cls(latin=text.latin, local=text.local)


class PersonCard(StrictSchema):
    """What colleagues see of a person."""

    id: Id
    name: Bilingual
    post: Bilingual
    unit: Bilingual
    ministry: Bilingual
    activated: bool
    active: bool

    @classmethod
    def of(cls, card: Card) -> "PersonCard":
        """From the service's value."""
        return cls(
            id=card.id,
            name=Bilingual.of(card.name),
            post=Bilingual.of(card.post),
            unit=Bilingual.of(card.unit),
            ministry=Bilingual.of(card.ministry),
            activated=card.activated,
            active=card.active,
        )


class People(StrictSchema):
    """A page of the directory; `next` is the cursor of the following one."""

    people: list[PersonCard]
    next: str | None


class OwnDevice(StrictSchema):
    """The device that a session belongs to."""

    id: Id
    name: str


class Me(StrictSchema):
    """Who is signed in, here. `salt` is the passphrase's."""

    person: PersonCard
    login: str
    device: OwnDevice
    salt: Bytes16
    server_time: Milliseconds


class Device(StrictSchema):
    """A device of one's own; `kind` 1 is regular, 2 temporary."""

    id: Id
    name: str
    kind: Literal[1, 2]
    added_at: Milliseconds
    last_seen_at: Milliseconds | None
    revoked_at: Milliseconds | None
    current: bool


class Devices(StrictSchema):
    """All devices of one's own, revoked ones too, the newest first."""

    devices: list[Device]


class Statements(StrictSchema):
    """Signed identity statements, oldest first, as their person sent them."""

    statements: list[StatementBytes]


class Authenticator(StrictSchema):
    """A new TOTP seed, base 32, and the same as an otpauth:// address for a QR code."""

    totp_secret: str
    totp_uri: str

    @staticmethod
    def fields(*, seed: bytes, login: str) -> dict[str, str]:
        """The two fields, for a shape that extends this one."""
        return {"totp_secret": totp.secret(seed), "totp_uri": totp.uri(seed=seed, login=login)}


class ActivationBegin(StrictSchema):
    """The two things that stand in the letter."""

    code: Code
    personnel_number: Typed


class ActivationOffer(Authenticator):
    """Whose letter it is, and the authenticator that goes with it."""

    person: PersonCard
    person_id: Id
    login: str


class ActivationFinish(ActivationBegin):
    """Spends the letter."""

    salt: Bytes16
    signin_secret: Bytes32
    totp: Token
    statement: StatementBytes


class LoginOnly(StrictSchema):
    """Who wants in."""

    login: Typed


class Greeting(StrictSchema):
    """The same shape for every login, known or not."""

    salt: Bytes16
    challenge: Bytes57


class SignInFinish(StrictSchema):
    """All proofs at once. `device` and its signature are null in a browser that is new to the person."""

    login: Typed
    signin_secret: Bytes32
    totp: Token
    challenge: Bytes57
    device: Id | None
    device_signature: Bytes64 | None


class SignedIn(StrictSchema):
    """The session is open; the cookie is set."""

    outcome: Literal["session"]
    me: Me


class MustReplace(StrictSchema):
    """A browser new to the person: `ticket` and a statement by the recovery key open the session."""

    outcome: Literal["replace"]
    ticket: Bytes32
    person_id: Id
    chain: list[StatementBytes]


class SignInReplace(StrictSchema):
    """The statement that replaces the old device by this one."""

    ticket: Bytes32
    statement: StatementBytes


class RecoveryQuestion(StrictSchema):
    """The same shape for every login, known or not."""

    person_id: Id
    challenge: Bytes57


class RecoveryVerify(StrictSchema):
    """The recovery key's answer."""

    login: Typed
    challenge: Bytes57
    signature: Bytes64


class RecoveryVerified(Authenticator):
    """The code was right."""

    ticket: Bytes32
    person_id: Id
    chain: list[StatementBytes]


class RecoveryFinish(StrictSchema):
    """Everything new."""

    ticket: Bytes32
    salt: Bytes16
    signin_secret: Bytes32
    totp: Token
    statement: StatementBytes


class RevokeDevices(StrictSchema):
    """A statement that leaves out what it revokes."""

    statement: StatementBytes
