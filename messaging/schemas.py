"""The shapes of the HTTP API for conversations and KeyPackages."""

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, WithJsonSchema

from beep.schemas import Base64Url, Bytes32, Id, StrictSchema
from messaging import protocol
from messaging.key_packages import MAX_UPLOAD, SUITES

MAX_KEY_PACKAGE: Final = 8_192
"""Bytes of a KeyPackage's MLSMessage; a hybrid one takes about 2,900."""

MAX_CLAIMED: Final = 100
"""Persons in one claim."""
MAX_CLAIMED_DEVICES: Final = 1_000


def _known_suite(value: int) -> int:
    if value not in SUITES:
        raise ValueError("must be a suite of Beep's")
    return value


# Not a Literal: JSON's `true` would pass for the classical suite, because True == 1.
Suite = Annotated[
    int, AfterValidator(_known_suite), WithJsonSchema({"type": "integer", "enum": sorted(SUITES)})
]
"""0x0001 is the classical MLS suite, 0x0053 the X-Wing hybrid."""
KeyPackageBytes = Annotated[bytes, Base64Url(at_most=MAX_KEY_PACKAGE)]
"""An MLSMessage with a KeyPackage (RFC 9420 §6, §10)."""
Count = Annotated[int, Field(ge=0, le=protocol.MAX_INT)]


class Conversation(StrictSchema):
    """What the server knows of a conversation; the same facts as the socket's `ConversationState`."""

    id: Id
    kind: Literal["direct", "group", "self"]
    persons: list[Id]
    last_seq: Count
    generation: Count
    """0 while no group has begun."""
    epoch: Count
    group_id: Bytes32 | None
    blocked: bool
    """A leaf of the current group must go, or the group is frozen: nothing is said until that is mended."""
    orders: Count
    """Open orders of the current group."""
    frozen_seq: Count | None
    """The commit that members cannot use; a successor must begin."""
    left: bool
    """The person is out, and may read up to `last_seq`."""

    @classmethod
    def of(cls, state: protocol.ConversationState) -> "Conversation":
        """From the service's value."""
        return cls(
            id=UUID(bytes=state.conversation),
            kind=state.kind,
            persons=[UUID(bytes=person) for person in state.persons],
            last_seq=state.last_seq,
            generation=state.generation,
            epoch=state.epoch,
            group_id=state.group_id,
            blocked=state.blocked,
            orders=state.orders,
            frozen_seq=state.frozen_seq,
            left=state.left,
        )


class OpenDirect(StrictSchema):
    """Whom to talk with."""

    person: Id


class Nothing(StrictSchema):
    """An empty object: there is nothing to say."""


class Counts(StrictSchema):
    """Unclaimed KeyPackages by suite (its code point in decimal); a last resort is not counted."""

    counts: dict[str, Count]

    @classmethod
    def of(cls, counts: dict[int, int]) -> "Counts":
        """From the service's value."""
        return cls(counts={str(suite): count for suite, count in counts.items()})


class UploadKeyPackages(StrictSchema):
    """KeyPackages of this device for one suite; a last resort replaces the one before."""

    suite: Suite
    packages: Annotated[list[KeyPackageBytes], Field(max_length=MAX_UPLOAD)]
    last_resort: KeyPackageBytes | None


class ClaimKeyPackages(StrictSchema):
    """Whose devices are to be added, and to which conversation."""

    persons: Annotated[list[Id], Field(min_length=1, max_length=MAX_CLAIMED)]
    suite: Suite
    conversation: Id
    devices: Annotated[list[Id], Field(max_length=MAX_CLAIMED_DEVICES)] | None
    """Only these of their devices; null: all."""


class ClaimedKeyPackage(StrictSchema):
    """One device's KeyPackage, to be used once."""

    person: Id
    device: Id
    package: KeyPackageBytes


class ClaimedKeyPackages(StrictSchema):
    """One for every living device of the persons that has any, by device id."""

    packages: list[ClaimedKeyPackage]
    missing: list[Id]
    """Those of whom there is none: not activated yet, or without KeyPackages for the suite."""


class EnvelopeLookup(StrictSchema):
    """Which envelope somebody has reported."""

    conversation: Id
    seq: Count


class ReportedEnvelope(StrictSchema):
    """An envelope as the log holds it; `hash` is its envelope hash."""

    seq: Count
    generation: Count
    epoch: Count
    kind: Literal[1, 2, 3]
    device: Id
    counter: Count
    time: Count
    body: Annotated[bytes, Base64Url(at_most=protocol.MAX_FRAME)]
    hash: Bytes32

    @classmethod
    def of(cls, envelope: protocol.Envelope, *, hash_: bytes) -> "ReportedEnvelope":
        """From the envelope as the socket would send it."""
        return cls(
            seq=envelope.seq,
            generation=envelope.generation,
            epoch=envelope.epoch,
            kind=envelope.kind,
            device=UUID(bytes=envelope.device),
            counter=envelope.counter,
            time=envelope.time,
            body=envelope.body,
            hash=hash_,
        )


class GiveBackStatements(StrictSchema):
    """Signed identity statements of a person that a restored server may have lost, oldest first."""

    person: Id
    statements: Annotated[list[Annotated[bytes, Base64Url(at_most=65_536)]], Field(max_length=100)]


class ChainVersion(StrictSchema):
    """Version of the newest statement; 0 without a chain."""

    version: Count


class Wake(StrictSchema):
    """A wake token, and when it ends at the latest (ms UTC)."""

    token: Bytes32
    expires_at: Count


class AnnouncedReset(StrictSchema):
    """Somebody asks to begin anew as `person`, since `asked_at` and at `earliest` at the soonest (ms UTC)."""

    person: Id
    asked_at: Count
    earliest: Count


class AnnouncedResets(StrictSchema):
    """The soonest first."""

    resets: list[AnnouncedReset]
