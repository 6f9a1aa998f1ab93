"""The shapes of pairings and of the history that follows them."""

from typing import Annotated, Literal

from pydantic import Field

from accounts.history import CHUNK_BYTES, CHUNKS
from accounts.models import Pairing as PairingRow
from accounts.schemas import StatementBytes
from accounts.statements import DeviceKind
from beep import clock
from beep.schemas import Base64Url, Bytes32, Bytes64, Id, Milliseconds, StrictSchema

Kind = Literal["regular", "temporary"]
MESSAGE_BYTES = 8_192
Message = Annotated[bytes, Base64Url(at_most=MESSAGE_BYTES)]
Chunk = Annotated[bytes, Base64Url(at_most=CHUNK_BYTES)]
Seq = Annotated[int, Field(ge=0, le=1_000)]
Index = Annotated[int, Field(ge=0, lt=CHUNKS)]


class PairingBegin(StrictSchema):
    """Asks one's devices for approval."""

    ticket: Bytes32
    kind: Kind


class PairingBegun(StrictSchema):
    """The pairing, and until when it can be approved."""

    pairing: Id
    expires_at: Milliseconds


class Pairing(StrictSchema):
    """A new device that asks; `address` is where from."""

    id: Id
    kind: Kind
    created_at: Milliseconds
    address: str | None


class Pairings(StrictSchema):
    """Who asks the caller's device for approval now, the newest first."""

    pairings: list[Pairing]

    @classmethod
    def of(cls, rows: list[PairingRow]) -> "Pairings":
        """From the table's rows."""
        return cls(
            pairings=[
                Pairing(
                    id=row.id,
                    kind="temporary" if row.kind == DeviceKind.TEMPORARY else "regular",
                    created_at=clock.to_ms(row.created_at),
                    address=row.address,
                )
                for row in rows
            ]
        )


class PairingSay(StrictSchema):
    """A message to the other side; `ticket` is null on the old side, which has a session."""

    ticket: Bytes32 | None
    body: Message


class PairingSaid(StrictSchema):
    """The message's place, from 1."""

    seq: int


class PairingRead(StrictSchema):
    """Asks for what was said behind `after`."""

    ticket: Bytes32 | None
    after: Seq


class PairingMessage(StrictSchema):
    """What one side said."""

    seq: int
    side: Literal["new", "old"]
    body: Message


class PairingTalk(StrictSchema):
    """What was said, and how the pairing stands."""

    messages: list[PairingMessage]
    state: Literal["open", "approved", "dead"]


class PairingApprove(StrictSchema):
    """The statement that lists the new device."""

    statement: StatementBytes


class PairingFinish(StrictSchema):
    """`device_signature`: the new device's own, label SignIn, over the ticket and its id."""

    ticket: Bytes32
    device_signature: Bytes64


class HistoryPut(StrictSchema):
    """A sealed chunk; `last` says that none with a higher index follows."""

    chunk: Chunk
    last: bool


class HistoryList(StrictSchema):
    """Which chunks are there, and the index of the last one once it is known."""

    chunks: list[int]
    last: int | None


class HistoryChunk(StrictSchema):
    """A sealed chunk."""

    chunk: Chunk
