"""The HTTP API of key transparency: shapes in, one service call, shapes out."""

from typing import Annotated, Final

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from accounts import transparency
from accounts.auth import SessionCookie, caller_of
from accounts.schemas import StatementBytes
from audit.transparency.epoch import MAX_INTEGER, MAX_LEAF_BYTES
from beep import clock, rates
from beep.schemas import SIGNED_IN, Base64Url, Bytes32, Id, StrictSchema, Text, answers

router = Router(tags=["transparency"], auth=SessionCookie())

Size = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
PEOPLE_A_MINUTE: Final = 6000
"""Proofs that one person may ask for: sixty groups of a hundred."""
CALLS_A_MINUTE: Final = 240


class KeyCheckpoint(StrictSchema):
    """A C2SP signed note: the newest checkpoint with the log's signature and its witnesses' cosignatures."""

    checkpoint: Text


class KeyConsistency(StrictSchema):
    """An RFC 6962 consistency proof."""

    proof: list[Bytes32]


class PersonWanted(StrictSchema):
    """Whose proof, and after which version their statements are wanted too (null: not at all)."""

    person: Id
    after: Annotated[int, Field(ge=0, le=(1 << 32) - 1)] | None


class KeyLookUp(StrictSchema):
    """`pinned` is the size of the checkpoint that the caller keeps, 0 for none."""

    pinned: Size
    people: Annotated[list[PersonWanted], Field(max_length=transparency.MAX_PEOPLE)]


class PersonFound(StrictSchema):
    """`proof` is a MapProof (audit/transparency/map.py) under the epoch's map root."""

    person: Id
    proof: Annotated[bytes, Base64Url(at_most=16_384)]
    statements: list[StatementBytes]


class KeyAnswer(StrictSchema):
    """`epoch` is the leaf at the checkpoint's last index, `inclusion` its proof, `consistency` the one from
    `pinned`. People come in the order in which they were asked for.
    """

    checkpoint: Text
    consistency: list[Bytes32]
    epoch: Annotated[bytes, Base64Url(at_most=MAX_LEAF_BYTES)]
    inclusion: list[Bytes32]
    people: list[PersonFound]


@router.get("/transparency/checkpoint", **answers({200: KeyCheckpoint}, *SIGNED_IN, "not_found"))
def key_checkpoint(request: HttpRequest) -> KeyCheckpoint:
    """The newest cosigned checkpoint of the key log."""
    _spend(request, "calls", CALLS_A_MINUTE, 1)
    return KeyCheckpoint(checkpoint=transparency.checkpoint().decode())


@router.get(
    "/transparency/consistency",
    **answers({200: KeyConsistency}, *SIGNED_IN, "not_found", "range_refused"),
)
def key_consistency(
    request: HttpRequest, first: Annotated[Size, Query()], second: Annotated[Size, Query()]
) -> KeyConsistency:
    """That the log's first epochs stayed what they were; both sizes at most the cosigned one's."""
    _spend(request, "calls", CALLS_A_MINUTE, 1)
    return KeyConsistency(proof=transparency.consistency(first=first, second=second))


@router.post("/transparency/lookup", **answers({200: KeyAnswer}, *SIGNED_IN, "not_found"))
def look_up_keys(request: HttpRequest, body: KeyLookUp) -> KeyAnswer:
    """Whose keys are what, proved under the newest cosigned checkpoint, for at most 100 people at once."""
    _spend(request, "people", PEOPLE_A_MINUTE, 1 + len(body.people))
    answer = transparency.look_up(
        pinned=body.pinned, people=[(each.person, each.after) for each in body.people]
    )
    return KeyAnswer(
        checkpoint=answer.checkpoint.decode(),
        consistency=list(answer.consistency),
        epoch=answer.epoch,
        inclusion=list(answer.inclusion),
        people=[
            PersonFound(person=found.person, proof=found.proof, statements=list(found.statements))
            for found in answer.people
        ],
    )


def _spend(request: HttpRequest, what: str, limit: int, amount: int) -> None:
    key = f"keys:{what}:{caller_of(request).person}"
    rates.spend(key=key, limit=limit, seconds=60, now_ms=clock.now_ms(), amount=amount)
