"""The HTTP API of one's own ledger: what the audit log says about the caller, each row with its evidence."""

from typing import Annotated, Final, Literal

from django.http import HttpRequest
from ninja import Path, Router
from pydantic import Field

from accounts import people, schemas
from accounts.auth import SessionCookie, caller_of
from audit import evidence, ledger
from audit.search import Place
from beep import clock, rates
from beep.schemas import SIGNED_IN, Base64Url, Bytes32, StrictSchema, Text, answers

router = Router(tags=["ledger"], auth=SessionCookie())

Leaf = Annotated[int, Path(ge=0, le=(1 << 53) - 1)]
Before = Annotated[Text | None, Field(max_length=40)]
CALLS_A_MINUTE: Final = 120


class LedgerRow(StrictSchema):
    """One entry about the caller. `by` is null where a command or process acted: then `system` names it."""

    leaf: int
    at: int
    action: Text
    by: schemas.PersonCard | None
    system: Text | None
    outcome: Literal["done", "refused"]
    error: Text | None


class LedgerPage(StrictSchema):
    """Newest first; `next` is where the next page begins, null at the end."""

    rows: list[LedgerRow]
    next: Text | None


class LedgerEvidence(StrictSchema):
    """The entry's bytes, the path to the checkpoint's root (RFC 6962), the cosigned checkpoint (a C2SP signed
    note) and the policy that says whose signatures count.
    """

    index: int
    body: Annotated[bytes, Base64Url(at_most=65_535)]
    proof: list[Bytes32]
    checkpoint: Text
    policy: Text


@router.get("/ledger", **answers({200: LedgerPage}, *SIGNED_IN))
def read_ledger(request: HttpRequest, before: Before = None) -> LedgerPage:
    """A page of the caller's own ledger."""
    caller = caller_of(request)
    _spend(request)
    found = ledger.page(
        person=caller.person, actor=caller.actor(), before=Place.parse(before) if before else None
    )
    cards = {
        card.id: schemas.PersonCard.of(card)
        for card in people.cards(persons={row.actor for row in found.rows if row.actor})
    }
    rows = [
        LedgerRow(
            leaf=row.leaf,
            at=row.at,
            action=row.action,
            by=cards.get(row.actor) if row.actor else None,
            system=row.actor_system,
            outcome="refused" if row.refused else "done",
            error=row.error,
        )
        for row in found.rows
    ]
    return LedgerPage(rows=rows, next=str(found.following) if found.following else None)


@router.get("/ledger/{leaf}", **answers({200: LedgerEvidence}, *SIGNED_IN, "not_found"))
def ledger_evidence(request: HttpRequest, leaf: Leaf) -> LedgerEvidence:
    """What proves one entry of the caller's ledger; `busy` while the witnesses have not seen it yet."""
    _spend(request)
    ledger.entry(person=caller_of(request).person, leaf=leaf)
    found = evidence.of(leaf)
    return LedgerEvidence(
        index=found.index,
        body=found.body,
        proof=list(found.proof),
        checkpoint=found.note.decode(),
        policy=evidence.readers_policy(found.note),
    )


def _spend(request: HttpRequest) -> None:
    key = f"ledger:{caller_of(request).person}"
    rates.spend(key=key, limit=CALLS_A_MINUTE, seconds=60, now_ms=clock.now_ms())
