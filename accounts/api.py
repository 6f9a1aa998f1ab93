"""The directory's HTTP API: shapes in, one service call, shapes out. No logic lives here."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router, Status
from pydantic import Field

from accounts import (
    activation,
    devices,
    identity_chain,
    matching,
    own,
    people,
    recovery,
    roles,
    schemas,
    sessions,
    sign_in,
    transparency,
    trust,
    units,
)
from accounts.auth import SessionCookie, caller_of, clear_cookie, set_cookie, visitor_of
from accounts.callers import Caller
from accounts.ledger_api import router as ledger_router
from accounts.pairing_api import router as pairing_router
from accounts.reset_api import router as reset_router
from accounts.transparency_api import router as transparency_router
from beep.schemas import SIGNED_IN, Id, Text, answers

router = Router(tags=["directory"])
router.add_router("", ledger_router)
router.add_router("", pairing_router)
router.add_router("", reset_router)
router.add_router("", transparency_router)
signed_in = SessionCookie()

Query = Annotated[Text, Field(max_length=200)]
Cursor = Annotated[Text | None, Field(max_length=1200)]
STATEMENT = ("statement_malformed", "statement_refused", "statement_stale", "conflict")


@router.post(
    "/activation/begin",
    **answers({200: schemas.ActivationOffer}, "code_refused", "code_used", "person_inactive"),
)
def begin_activation(request: HttpRequest, body: schemas.ActivationBegin) -> schemas.ActivationOffer:
    """Open a letter: whose it is, and the authenticator that goes with it. Asking again answers the same."""
    offer = activation.begin(
        code=body.code, personnel_number=body.personnel_number, visitor=visitor_of(request)
    )
    return schemas.ActivationOffer(
        person=schemas.PersonCard.of(people.card(person=offer.person)),
        person_id=offer.person,
        login=offer.login,
        **schemas.Authenticator.fields(seed=offer.totp_seed, login=offer.login),
    )


@router.post(
    "/activation/finish",
    **answers(
        {200: schemas.Me},
        "code_refused",
        "code_used",
        "person_inactive",
        "totp_refused",
        "weak_secret",
        *STATEMENT,
    ),
)
def finish_activation(
    request: HttpRequest, response: HttpResponse, body: schemas.ActivationFinish
) -> schemas.Me:
    """Spend a letter: passphrase, authenticator and first device are set, and the session begins."""
    opened = activation.finish(
        code=body.code,
        personnel_number=body.personnel_number,
        salt=body.salt,
        signin_secret=body.signin_secret,
        token=body.totp,
        statement=body.statement,
        visitor=visitor_of(request),
    )
    set_cookie(response, opened)
    return _me(opened.caller)


@router.post("/sign-in/begin", **answers({200: schemas.Greeting}))
def begin_sign_in(request: HttpRequest, body: schemas.LoginOnly) -> schemas.Greeting:
    """Salt and challenge for any login; whether it exists is not told."""
    greeting = sign_in.begin(login=body.login)
    return schemas.Greeting(salt=greeting.salt, challenge=greeting.challenge)


@router.post(
    "/sign-in/finish",
    **answers(
        {200: schemas.SignedIn | schemas.MustReplace},
        "challenge_refused",
        "sign_in_refused",
        "person_inactive",
    ),
)
def finish_sign_in(
    request: HttpRequest, response: HttpResponse, body: schemas.SignInFinish
) -> schemas.SignedIn | schemas.MustReplace:
    """Passphrase-derived secret, one-time code and, from a known device, its signature over the challenge."""
    outcome = sign_in.finish(
        login=body.login,
        signin_secret=body.signin_secret,
        token=body.totp,
        challenge=body.challenge,
        device=body.device,
        device_signature=body.device_signature,
        visitor=visitor_of(request),
    )
    if isinstance(outcome, sign_in.MustReplace):
        return schemas.MustReplace(
            outcome="replace", ticket=outcome.ticket, person_id=outcome.person, chain=outcome.chain
        )
    set_cookie(response, outcome)
    return schemas.SignedIn(outcome="session", me=_me(outcome.caller))


@router.post(
    "/sign-in/replace", **answers({200: schemas.Me}, "ticket_refused", "person_inactive", *STATEMENT)
)
def replace_device(request: HttpRequest, response: HttpResponse, body: schemas.SignInReplace) -> schemas.Me:
    """After `outcome: replace`: a statement by the recovery key puts this device in the old one's place."""
    opened = sign_in.replace(ticket=body.ticket, statement=body.statement, visitor=visitor_of(request))
    set_cookie(response, opened)
    return _me(opened.caller)


@router.post("/recovery/begin", **answers({200: schemas.RecoveryQuestion}))
def begin_recovery(request: HttpRequest, body: schemas.LoginOnly) -> schemas.RecoveryQuestion:
    """Person id and challenge for any login; whether it exists is not told."""
    question = recovery.begin(login=body.login)
    return schemas.RecoveryQuestion(person_id=question.person, challenge=question.challenge)


@router.post(
    "/recovery/verify",
    **answers({200: schemas.RecoveryVerified}, "challenge_refused", "recovery_refused", "person_inactive"),
)
def verify_recovery(request: HttpRequest, body: schemas.RecoveryVerify) -> schemas.RecoveryVerified:
    """The recovery key's signature over the challenge; a ticket and a new authenticator for it."""
    verified = recovery.verify(
        login=body.login, challenge=body.challenge, signature=body.signature, visitor=visitor_of(request)
    )
    return schemas.RecoveryVerified(
        ticket=verified.ticket,
        person_id=verified.person,
        chain=verified.chain,
        **schemas.Authenticator.fields(seed=verified.totp_seed, login=verified.login),
    )


@router.post(
    "/recovery/finish",
    **answers(
        {200: schemas.Me}, "ticket_refused", "person_inactive", "totp_refused", "weak_secret", *STATEMENT
    ),
)
def finish_recovery(request: HttpRequest, response: HttpResponse, body: schemas.RecoveryFinish) -> schemas.Me:
    """New passphrase, new authenticator, and this device in the place of the old one."""
    opened = recovery.finish(
        ticket=body.ticket,
        salt=body.salt,
        signin_secret=body.signin_secret,
        token=body.totp,
        statement=body.statement,
        visitor=visitor_of(request),
    )
    set_cookie(response, opened)
    return _me(opened.caller)


@router.post("/sign-out", auth=signed_in, **answers({204: None}, *SIGNED_IN))
def sign_out(request: HttpRequest, response: HttpResponse) -> Status[None]:
    """End this session; its socket closes. The device stays in the person's list."""
    sessions.sign_out(caller=caller_of(request))
    clear_cookie(response)
    return Status(204, None)


@router.get("/trust", **answers({200: schemas.Trust}))
def trusted(request: HttpRequest) -> schemas.Trust:
    """What a client pins at its first contact: the root, and whom the root vouches for."""
    return schemas.Trust(
        root=trust.root(),
        certificates=[signed.encode() for signed in trust.certificates()],
        key_log=transparency.public_policy(),
    )


@router.get("/me", auth=signed_in, **answers({200: schemas.Me}, *SIGNED_IN))
def me(request: HttpRequest) -> schemas.Me:
    """Who is signed in here."""
    return _me(caller_of(request))


@router.get("/devices", auth=signed_in, **answers({200: schemas.Devices}, *SIGNED_IN))
def own_devices(request: HttpRequest) -> schemas.Devices:
    """One's own devices, revoked ones too."""
    return _devices(caller_of(request))


@router.post("/devices/revoke", auth=signed_in, **answers({200: schemas.Devices}, *SIGNED_IN, *STATEMENT))
def revoke_devices(request: HttpRequest, body: schemas.RevokeDevices) -> schemas.Devices:
    """Append a statement that revokes devices; their sockets close at once, one's own too if it is among
    them.
    """
    caller = caller_of(request)
    identity_chain.revoke_devices(caller=caller, statement=body.statement)
    return _devices(caller)


@router.post("/devices/rename", auth=signed_in, **answers({200: schemas.Devices}, *SIGNED_IN, *STATEMENT))
def rename_devices(request: HttpRequest, body: schemas.RenameDevices) -> schemas.Devices:
    """Append a statement that gives devices other names and changes nothing else."""
    caller = caller_of(request)
    identity_chain.rename_devices(caller=caller, statement=body.statement)
    return _devices(caller)


@router.post("/devices/renew", auth=signed_in, **answers({200: schemas.Devices}, *SIGNED_IN, *STATEMENT))
def renew_identity(request: HttpRequest, body: schemas.RenewIdentity) -> schemas.Devices:
    """Append a statement that changes nothing: what is signed by the newest one counts anew."""
    caller = caller_of(request)
    identity_chain.renew(caller=caller, statement=body.statement)
    return _devices(caller)


@router.get("/people", auth=signed_in, **answers({200: schemas.People}, *SIGNED_IN))
def search_people(request: HttpRequest, q: Query = "", cursor: Cursor = None) -> schemas.People:
    """Colleagues by name, post, unit or ministry, in any script; 20 a page, by Latin name."""
    found, after = people.search(query=q, cursor=cursor)
    return schemas.People(people=[schemas.PersonCard.of(card) for card in found], next=after)


@router.post("/people/match", auth=signed_in, **answers({200: schemas.PeopleMatched}, *SIGNED_IN))
def match_people(request: HttpRequest, body: schemas.PeopleMatch) -> schemas.PeopleMatched:
    """Whom each line of a pasted list means, by login, personnel number or name; at most five a line."""
    return schemas.PeopleMatched.of(matching.match(lines=body.lines, person=caller_of(request).person))


@router.get("/units", auth=signed_in, **answers({200: schemas.Units}, *SIGNED_IN))
def search_units(request: HttpRequest, q: Query = "", cursor: Cursor = None) -> schemas.Units:
    """Ministries and units by name, in any script; 20 a page, by Latin name."""
    found, after = units.search(query=q, cursor=cursor)
    return schemas.Units(units=[schemas.Unit.of(unit) for unit in found], next=after)


@router.get("/units/{unit}/people", auth=signed_in, **answers({200: schemas.People}, *SIGNED_IN, "not_found"))
def unit_people(request: HttpRequest, unit: Path[Id], cursor: Cursor = None) -> schemas.People:
    """The people of a unit and everything below it; 20 a page, by Latin name."""
    found, after = units.members(unit=unit, cursor=cursor)
    return schemas.People(people=[schemas.PersonCard.of(card) for card in found], next=after)


@router.get("/moderators", auth=signed_in, **answers({200: schemas.Moderators}, *SIGNED_IN))
def own_moderators(request: HttpRequest) -> schemas.Moderators:
    """To whom the caller can report messages: the moderators of the caller's unit, ministry included."""
    found = roles.moderators(person=caller_of(request).person)
    return schemas.Moderators(people=[schemas.PersonCard.of(card) for card in found])


@router.get("/people/{person}", auth=signed_in, **answers({200: schemas.PersonCard}, *SIGNED_IN, "not_found"))
def person_card(request: HttpRequest, person: Path[Id]) -> schemas.PersonCard:
    """One colleague, also one who has left."""
    return schemas.PersonCard.of(people.card(person=person))


@router.get(
    "/people/{person}/identity", auth=signed_in, **answers({200: schemas.Statements}, *SIGNED_IN, "not_found")
)
def person_identity(
    request: HttpRequest, person: Path[Id], after: Annotated[int, Field(ge=0, le=(1 << 32) - 1)] = 0
) -> schemas.Statements:
    """The person's identity statements with a version above `after`, for the caller to verify."""
    return schemas.Statements(statements=identity_chain.of_anybody(person=person, after=after))


def _me(caller: Caller) -> schemas.Me:
    return schemas.Me.of(own.profile(caller=caller))


def _devices(caller: Caller) -> schemas.Devices:
    return schemas.Devices.of(devices.of_person(person=caller.person), current=caller.device)
