"""The shapes of the directory's HTTP API."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from accounts import totp
from accounts.matching import LINES, Match
from accounts.models import Device as DeviceRow
from accounts.own import Profile
from accounts.people import Bilingual as BilingualText
from accounts.people import Card
from accounts.statements import MAX_STATEMENT_BYTES, DeviceKind
from accounts.units import Unit as UnitValue
from beep import clock
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
Line = Annotated[Text, Field(max_length=200)]
CertificateBytes = Annotated[bytes, Base64Url(at_most=512)]
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


class Unit(StrictSchema):
    """A ministry or unit; `people` counts those below it too."""

    id: Id
    name: Bilingual
    ministry: Bilingual
    people: int

    @classmethod
    def of(cls, unit: UnitValue) -> "Unit":
        """From the service's value."""
        return cls(
            id=unit.id,
            name=Bilingual.of(unit.name),
            ministry=Bilingual.of(unit.ministry),
            people=unit.people,
        )


class Units(StrictSchema):
    """A page of units; `next` is the cursor of the following one."""

    units: list[Unit]
    next: str | None


class PeopleMatch(StrictSchema):
    """A pasted list, line by line."""

    lines: Annotated[list[Line], Field(max_length=LINES)]


class MatchedLine(StrictSchema):
    """A line, and whom it may mean."""

    line: str
    people: list[PersonCard]


class PeopleMatched(StrictSchema):
    """Every line, in order."""

    matches: list[MatchedLine]

    @classmethod
    def of(cls, matches: Sequence[Match]) -> "PeopleMatched":
        """From the service's values."""
        return cls(
            matches=[
                MatchedLine(line=each.line, people=[PersonCard.of(card) for card in each.people])
                for each in matches
            ]
        )


class Moderators(StrictSchema):
    """Who receives one's reports."""

    people: list[PersonCard]


class OwnDevice(StrictSchema):
    """The device that a session belongs to."""

    id: Id
    name: str


class Me(StrictSchema):
    """Who is signed in, here. `salt` is the passphrase's; `duties` are those of the roles one has now."""

    person: PersonCard
    login: str
    device: OwnDevice
    salt: Bytes16
    duties: list[str]
    server_time: Milliseconds

    @classmethod
    def of(cls, profile: Profile) -> "Me":
        """From the service's value, now."""
        return cls(
            person=PersonCard.of(profile.card),
            login=profile.login,
            device=OwnDevice(id=profile.device, name=profile.device_name),
            salt=profile.salt,
            duties=profile.duties,
            server_time=clock.now_ms(),
        )


class Device(StrictSchema):
    """A device of one's own; `kind` 1 is regular, 2 temporary, which ends at `expires_at`."""

    id: Id
    name: str
    kind: Literal[1, 2]
    added_at: Milliseconds
    expires_at: Milliseconds | None
    last_seen_at: Milliseconds | None
    revoked_at: Milliseconds | None
    current: bool


class Devices(StrictSchema):
    """All devices of one's own, revoked ones too, the newest first."""

    devices: list[Device]

    @classmethod
    def of(cls, rows: Sequence[DeviceRow], *, current: UUID) -> "Devices":
        """From the table's rows; `current` is the device that asks."""
        return cls(
            devices=[
                Device(
                    id=row.id,
                    name=row.name,
                    kind=2 if row.kind == DeviceKind.TEMPORARY else 1,
                    added_at=clock.to_ms(row.added_at),
                    expires_at=clock.to_ms(row.expires_at) if row.expires_at else None,
                    last_seen_at=clock.to_ms(row.last_seen_at) if row.last_seen_at else None,
                    revoked_at=clock.to_ms(row.revoked_at) if row.revoked_at else None,
                    current=row.id == current,
                )
                for row in rows
            ]
        )


class Statements(StrictSchema):
    """Signed identity statements, oldest first, as their person sent them."""

    statements: list[StatementBytes]


class Trust(StrictSchema):
    """The offline root's public key (null: nothing is certified) and the certificates that it signed.

    Each is a SignedCertificate: those in use, and those that older resets rest on. `key_log` is the policy of
    the key log (C2SP tlog-policy: its key, its witnesses, their quorum); null where there is none.
    """

    root: Bytes32 | None
    certificates: list[CertificateBytes]
    key_log: Annotated[Text, Field(max_length=16_384)] | None


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
    """A browser new to the person. `ticket` begins a pairing with a device that the person has, or opens the
    session with a statement by the recovery key that replaces them all.
    """

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


class RenewIdentity(StrictSchema):
    """A statement that says the same as the one before."""

    statement: StatementBytes


class RenameDevices(StrictSchema):
    """A statement in which devices have other names."""

    statement: StatementBytes
