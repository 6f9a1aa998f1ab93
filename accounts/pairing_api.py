"""The HTTP API of pairings and of the history that follows them. No logic lives here."""

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router, Status

from accounts import devices, history, own, pairings, schemas
from accounts import pairing_schemas as shapes
from accounts.auth import SessionCookie, caller_if_any, caller_of, set_cookie, visitor_of
from accounts.statements import DeviceKind
from beep import clock
from beep.schemas import SIGNED_IN, Id, answers

router = Router(tags=["devices"])
signed_in = SessionCookie()

EITHER_SIDE = (*SIGNED_IN, "ticket_refused", "not_found", "pairing_refused")
TRANSFER = (*SIGNED_IN, "not_found", "pairing_refused")
APPROVAL = (
    *TRANSFER,
    "statement_malformed",
    "statement_refused",
    "statement_stale",
    "conflict",
)


@router.post("/pairings", **answers({200: shapes.PairingBegun}, "ticket_refused", "person_inactive"))
def begin_pairing(request: HttpRequest, body: shapes.PairingBegin) -> shapes.PairingBegun:
    """Ask the person's devices to let this one in; `ticket` is that of `outcome: replace`."""
    begun = pairings.begin(
        ticket=body.ticket, kind=DeviceKind[body.kind.upper()], visitor=visitor_of(request)
    )
    return shapes.PairingBegun(pairing=begun.id, expires_at=clock.to_ms(begun.expires_at))


@router.get("/pairings", auth=signed_in, **answers({200: shapes.Pairings}, *SIGNED_IN))
def list_pairings(request: HttpRequest) -> shapes.Pairings:
    """Who asks now, without those that another device of one's own has answered."""
    return shapes.Pairings.of(list(pairings.waiting(caller=caller_of(request))))


@router.post("/pairings/{pairing}/messages", **answers({200: shapes.PairingSaid}, *EITHER_SIDE))
def say_in_pairing(request: HttpRequest, pairing: Path[Id], body: shapes.PairingSay) -> shapes.PairingSaid:
    """Relay a message: the new side's with its ticket, the old side's with its session. At most 16 in all."""
    caller = None if body.ticket else caller_if_any(request)
    return shapes.PairingSaid(
        seq=pairings.say(pairing=pairing, ticket=body.ticket, caller=caller, body=body.body)
    )


@router.post("/pairings/{pairing}/read", **answers({200: shapes.PairingTalk}, *EITHER_SIDE))
def read_pairing(request: HttpRequest, pairing: Path[Id], body: shapes.PairingRead) -> shapes.PairingTalk:
    """What was said, and how it stands; the new side, which has no socket yet, asks once a second."""
    caller = None if body.ticket else caller_if_any(request)
    said, state = pairings.heard(pairing=pairing, ticket=body.ticket, caller=caller, after=body.after)
    return shapes.PairingTalk.model_validate(
        {
            "messages": [
                {"seq": each.seq, "side": str(each.side), "body": bytes(each.body)} for each in said
            ],
            "state": state.value,
        }
    )


@router.post("/pairings/{pairing}/approve", auth=signed_in, **answers({200: schemas.Devices}, *APPROVAL))
def approve_pairing(request: HttpRequest, pairing: Path[Id], body: shapes.PairingApprove) -> schemas.Devices:
    """Append the statement that lists the new device, after the people have compared."""
    caller = caller_of(request)
    pairings.approve(pairing=pairing, caller=caller, statement=body.statement)
    return schemas.Devices.of(devices.of_person(person=caller.person), current=caller.device)


@router.post("/pairings/{pairing}/fail", auth=signed_in, **answers({204: None}, *TRANSFER))
def fail_pairing(request: HttpRequest, pairing: Path[Id]) -> Status[None]:
    """Refuse the new device, or give up after three wrong digits: the pairing is dead."""
    pairings.fail(pairing=pairing, caller=caller_of(request))
    return Status(204, None)


@router.post(
    "/pairings/{pairing}/finish",
    **answers(
        {200: schemas.Me},
        "ticket_refused",
        "pairing_refused",
        "person_inactive",
        "device_revoked",
        "sign_in_refused",
    ),
)
def finish_pairing(
    request: HttpRequest, response: HttpResponse, pairing: Path[Id], body: shapes.PairingFinish
) -> schemas.Me:
    """After approval: the new device proves its key, and its session begins."""
    opened = pairings.finish(
        pairing=pairing,
        ticket=body.ticket,
        device_signature=body.device_signature,
        visitor=visitor_of(request),
    )
    set_cookie(response, opened)
    return schemas.Me.of(own.profile(caller=opened.caller))


@router.post("/history/{pairing}/done", auth=signed_in, **answers({204: None}, *SIGNED_IN, "not_found"))
def end_history(request: HttpRequest, pairing: Path[Id]) -> Status[None]:
    """The new device has everything, or one side gives up: what is stored is deleted."""
    history.done(pairing=pairing, caller=caller_of(request))
    return Status(204, None)


@router.post(
    "/history/{pairing}/{index}",
    auth=signed_in,
    **answers({204: None}, *TRANSFER, "history_full", "conflict"),
)
def put_history(
    request: HttpRequest, pairing: Path[Id], index: Path[shapes.Index], body: shapes.HistoryPut
) -> Status[None]:
    """Store a sealed chunk for the new device; only the device that approved it may."""
    history.put(pairing=pairing, caller=caller_of(request), index=index, last=body.last, chunk=body.chunk)
    return Status(204, None)


@router.get("/history/{pairing}", auth=signed_in, **answers({200: shapes.HistoryList}, *TRANSFER))
def list_history(request: HttpRequest, pairing: Path[Id]) -> shapes.HistoryList:
    """Which chunks are there, for the new device."""
    chunks, last = history.listed(pairing=pairing, caller=caller_of(request))
    return shapes.HistoryList(chunks=chunks, last=last)


@router.get("/history/{pairing}/{index}", auth=signed_in, **answers({200: shapes.HistoryChunk}, *TRANSFER))
def get_history(request: HttpRequest, pairing: Path[Id], index: Path[shapes.Index]) -> shapes.HistoryChunk:
    """A sealed chunk, for the new device."""
    return shapes.HistoryChunk(chunk=history.get(pairing=pairing, caller=caller_of(request), index=index))
