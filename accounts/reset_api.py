"""The HTTP API of resets. No logic lives here; officers work on the command line."""

from typing import Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from accounts import own, people, reset_notices, resets, schemas
from accounts.auth import SessionCookie, caller_of, set_cookie, visitor_of
from accounts.schemas import ActivationBegin, ActivationFinish, ActivationOffer, StatementBytes
from beep.schemas import SIGNED_IN, Bytes32, Bytes64, Milliseconds, StrictSchema, answers

router = Router(tags=["resets"])

LETTER = ("code_refused", "code_used", "person_inactive")


class ResetOffer(ActivationOffer):
    """Whose letter it is, the authenticator that goes with it, and the chain that the reset follows."""

    chain: list[StatementBytes]


class ResetAsk(ActivationFinish):
    """Spends the letter. `statement` is the reset with the new device's and recovery key's signatures."""


class ResetAsked(StrictSchema):
    """`ticket` is all that connects this browser with its request; `earliest` is when it can take effect."""

    ticket: Bytes32
    earliest: Milliseconds


class ResetTicket(StrictSchema):
    """Which request."""

    ticket: Bytes32


class ResetStatus(StrictSchema):
    """`waiting` for officers, `signed` and waiting for `earliest`, `ready` to be finished, or `dropped`."""

    state: Literal["waiting", "signed", "ready", "dropped"]
    officers: int
    earliest: Milliseconds


class ResetFinish(StrictSchema):
    """`device_signature`: the new device's own, label SignIn, over the ticket and its id."""

    ticket: Bytes32
    device_signature: Bytes64


class ResetStop(StrictSchema):
    """A statement of one of the person's devices that changes nothing: the chain grows, and that is all."""

    statement: StatementBytes


@router.post("/reset/begin", **answers({200: ResetOffer}, *LETTER))
def begin_reset(request: HttpRequest, body: ActivationBegin) -> ResetOffer:
    """Open a reset letter: for whom, and a new authenticator. Asking again answers the same."""
    offer = resets.begin(code=body.code, personnel_number=body.personnel_number, visitor=visitor_of(request))
    return ResetOffer(
        person=schemas.PersonCard.of(people.card(person=offer.person)),
        person_id=offer.person,
        login=offer.login,
        chain=offer.chain,
        **schemas.Authenticator.fields(seed=offer.totp_seed, login=offer.login),
    )


@router.post(
    "/reset/request",
    **answers(
        {200: ResetAsked},
        *LETTER,
        "totp_refused",
        "weak_secret",
        "statement_malformed",
        "statement_refused",
        "statement_stale",
        "conflict",
    ),
)
def request_reset(request: HttpRequest, body: ResetAsk) -> ResetAsked:
    """Ask for a reset. Two officers must sign it, and a delay must pass; everybody concerned is told."""
    asked = resets.request(
        code=body.code,
        personnel_number=body.personnel_number,
        salt=body.salt,
        signin_secret=body.signin_secret,
        token=body.totp,
        statement=body.statement,
        visitor=visitor_of(request),
    )
    return ResetAsked(ticket=asked.ticket, earliest=asked.earliest)


@router.post("/reset/status", **answers({200: ResetStatus}, "ticket_refused"))
def reset_status(request: HttpRequest, body: ResetTicket) -> ResetStatus:
    """How the request stands. It is dropped by an officer, and when the person's chain grows."""
    found = resets.status(ticket=body.ticket)
    return ResetStatus(state=found.state, officers=found.officers, earliest=found.earliest)


@router.post(
    "/reset/finish",
    **answers(
        {200: schemas.Me},
        "ticket_refused",
        "person_inactive",
        "reset_refused",
        "sign_in_refused",
        "statement_refused",
        "statement_stale",
        "conflict",
    ),
)
def finish_reset(request: HttpRequest, response: HttpResponse, body: ResetFinish) -> schemas.Me:
    """When it is `ready`: all earlier devices are out, the new credentials count, and the session begins."""
    opened = resets.finish(
        ticket=body.ticket, device_signature=body.device_signature, visitor=visitor_of(request)
    )
    set_cookie(response, opened)
    return schemas.Me.of(own.profile(caller=opened.caller))


@router.post(
    "/reset/stop",
    auth=SessionCookie(),
    **answers(
        {204: None},
        *SIGNED_IN,
        "not_found",
        "statement_malformed",
        "statement_refused",
        "statement_stale",
        "rate_limited",
    ),
)
def stop_reset(request: HttpRequest, body: ResetStop) -> Status[None]:
    """This was not me: a device that is still there makes the request void. What was asked for is dropped."""
    reset_notices.stop(caller=caller_of(request), statement=body.statement)
    return Status(204, None)
