"""Everything is lost: passphrase, devices and the recovery code. A new identity, which two officers sign.

::

    letter → request (new keys, new credentials) → two officers sign, the delay passes → finish

The reset statement is signed by the new device and the new recovery key, then by two officers whom the
offline root certifies; the server can make none of these and appends nothing without all. The request is
announced to the person's devices and to everybody who shares a conversation, so that whoever is still there
can object. It is void as soon as the chain grows: one living device, used for anything that it signs, stops
it. The new credentials count for nothing before the end.
"""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts import (
    credentials,
    devices,
    identity,
    identity_chain,
    letters,
    sessions,
    signing,
    throttle,
    tickets,
    totp,
    trust,
)
from accounts.callers import Visitor
from accounts.certificates import CertificateMalformedError, SignedCertificate
from accounts.identity import StatementRefusedError
from accounts.letters import VALID_FOR, Attempt, Kind
from accounts.models import Device, Person, ResetRequest, Revocation
from accounts.sessions import SignedIn
from accounts.signals import reset_requested
from accounts.signing import Label
from accounts.statements import Signature, SignedStatement, Signer
from audit import events, intake
from audit.events import Actor, Personal
from beep import clock
from beep.errors import BeepError

TICKET_BYTES: Final = 32
GOOD_FOR: Final = timedelta(days=30)
"""After that a request that nobody finished is void."""
CLOCKS_APART: Final = timedelta(hours=24)
"""How far the statement's time may be from the server's: it decides whose certificates count."""

State = ResetRequest.State
Standing = Literal["waiting", "signed", "ready", "dropped"]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a good reset letter shows: whose it is, the new authenticator, and the chain to go on from."""

    person: UUID
    login: str
    totp_seed: bytes = field(repr=False)
    chain: list[bytes]


@dataclass(frozen=True, slots=True)
class Requested:
    """The ticket for `status` and `finish`, and when the reset can take effect at the soonest (ms UTC)."""

    ticket: bytes = field(repr=False)
    earliest: int


@dataclass(frozen=True, slots=True)
class Status:
    """How a request stands: `signed` waits for the delay, `ready` for `finish`."""

    state: Standing
    officers: int
    earliest: int


@transaction.atomic
def issue(*, person: UUID, actor: Actor, valid_for: timedelta = VALID_FOR) -> str:
    """Make a reset letter and return its code, canonical; it is stored nowhere. An open letter is withdrawn.

    Raises BeepError `not_found`, `person_inactive`, or `conflict` for somebody who was never activated.
    """
    row = Person.objects.select_for_update(no_key=True).filter(id=person).first()
    if row is None:
        raise BeepError("not_found")
    if not row.statement_version:
        raise BeepError("conflict", "This person was never activated; make an activation letter.")
    letter, code = letters.make(person=row, kind=Kind.RESET, valid_for=valid_for)
    intake.record(
        events.ResetLetterIssued(
            actor=actor, target=row.id, letter=letter.id, expires_at=clock.to_ms(letter.expires_at)
        )
    )
    return code


def begin(*, code: str, personnel_number: str, visitor: Visitor) -> Offer:
    """Show a letter's offer; asking again shows the same.

    Raises BeepError `code_refused`, `code_used`, `person_inactive`, `rate_limited`.
    """

    def work(tried: Attempt) -> Offer:
        letter, person = letters.checked(tried)
        seed, fresh = letters.offered_seed(letter)
        if fresh:
            actor = visitor.actor(person=person.id)
            intake.record(events.ResetBegun(actor=actor, target=person.id, letter=letter.id))
        chain = identity_chain.bodies(person=person.id)
        return Offer(person=person.id, login=person.login, totp_seed=seed, chain=chain)

    return letters.attempt(
        kind=Kind.RESET,
        code=code,
        personnel_number=personnel_number,
        visitor=visitor,
        work=work,
        refused=_recorder(visitor),
    )


def request(
    *,
    code: str,
    personnel_number: str,
    salt: bytes,
    signin_secret: bytes,
    token: str,
    statement: bytes,
    visitor: Visitor,
) -> Requested:
    """Spend a letter on a request, which is announced; an earlier open one of the person is dropped.

    Raises BeepError: what `begin` raises; `totp_refused`; `weak_secret`; `statement_malformed`;
    `statement_stale`; `statement_refused`; `conflict` when the new device's id or key is known already.
    """

    def work(tried: Attempt) -> Requested:
        letter, person = letters.checked(tried)
        sealed = letter.sealed_totp_seed
        step = (
            None if sealed is None else totp.first_step(person=person, sealed_seed=bytes(sealed), token=token)
        )
        if sealed is None or step is None:
            raise BeepError("totp_refused")
        signed = _checked_statement(person=person, body=statement)
        actor = visitor.actor(person=person.id)
        drop_open(person=person, reason="superseded", actor=actor)
        ticket = secrets.token_bytes(TICKET_BYTES)
        now = clock.now()
        row = ResetRequest.objects.create(
            person=person,
            letter=letter,
            statement=statement,
            ticket_hash=sha256(ticket).digest(),
            signin_salt=salt,
            signin_hash=credentials.hashed(salt=salt, signin_secret=signin_secret),
            sealed_totp_seed=bytes(sealed),
            totp_step=step,
            requested_at=now,
            earliest_at=now + settings.RESET_DELAY,
        )
        letters.spend(letter)
        throttle.succeeded(tried.subjects)
        earliest = clock.to_ms(row.earliest_at)
        intake.record(
            events.ResetRequested(
                actor=actor,
                target=person.id,
                request=row.id,
                hash=signed.statement.hash,
                earliest=earliest,
            )
        )
        reset_requested.send(sender=ResetRequest, person=person.id, earliest=earliest)
        return Requested(ticket=ticket, earliest=earliest)

    return letters.attempt(
        kind=Kind.RESET,
        code=code,
        personnel_number=personnel_number,
        visitor=visitor,
        work=work,
        refused=_recorder(visitor),
    )


@transaction.atomic
def status(*, ticket: bytes) -> Status:
    """How the request behind a ticket stands; one that has become void is dropped now.

    Raises BeepError `ticket_refused` for an unknown ticket, and for one whose reset has taken effect.
    """
    row, _ = _locked(ticket)
    return _status(row)


@transaction.atomic
def finish(*, ticket: bytes, device_signature: bytes, visitor: Visitor) -> SignedIn:
    """The reset takes effect: the statement is appended with two officers' signatures, all earlier devices
    are out, the new credentials count, and the new device's session begins.

    The device signs the ticket (label SignIn). Raises BeepError `ticket_refused`, `person_inactive`,
    `reset_refused` (`detail.state`), `sign_in_refused` for a wrong signature, and what appending raises.
    """
    row, person = _locked(ticket)
    if person.state != Person.State.ACTIVE:
        raise BeepError("person_inactive")
    standing = _status(row)
    if standing.state != "ready":
        raise BeepError("reset_refused", detail={"state": standing.state})
    asked = SignedStatement.parse(bytes(row.statement))
    entry = asked.statement.devices[0]
    content = signing.sign_in_content(challenge=ticket, device=entry.id)
    if not signing.verify(
        public_key=entry.signature_key, label=Label.SIGN_IN, content=content, signature=device_signature
    ):
        raise BeepError("sign_in_refused")
    by_officers, certificates = _officers(row)
    trust.keep(certificates)
    person.signin_salt, person.signin_hash = row.signin_salt, row.signin_hash
    person.changed_at = clock.now()
    person.save(update_fields=["signin_salt", "signin_hash", "changed_at"])
    credentials.end_console(person=person.id)
    totp.install(person=person, sealed_seed=bytes(row.sealed_totp_seed or b""), last_step=row.totp_step)
    actor = visitor.actor(person=person.id)
    appended = identity_chain.append(
        person=person,
        body=SignedStatement(asked.statement, (*asked.signatures, *by_officers)).encode(),
        reason=Revocation.Reason.REPLACED,
        actor=actor,
        also=identity_chain.only_resets,
    )
    tickets.void_all(person=person)
    _end(row, State.FINISHED)
    intake.record(
        events.ResetFinished(
            actor=actor,
            target=person.id,
            request=row.id,
            version=appended.version,
            officers=[signature.key for signature in by_officers],
        )
    )
    device = Device.objects.get(id=UUID(bytes=entry.id))
    return sessions.begin(person=person, device=device, visitor=visitor)


def drop_open(*, person: Person, reason: str, actor: Actor) -> None:
    """Drop the person's open request, if there is one; the person's row is locked."""
    row = ResetRequest.objects.select_for_update().filter(person=person, state=State.OPEN).first()
    if row is not None:
        drop(row=row, reason=reason, actor=actor)


def drop(*, row: ResetRequest, reason: str, actor: Actor) -> None:
    """An open request, locked, will never take effect; its credentials are erased."""
    _end(row, State.DROPPED)
    intake.record(events.ResetDropped(actor=actor, target=row.person_id, request=row.id, reason=reason))


def void_reason(row: ResetRequest, person: Person) -> str | None:
    """Why an open request can no longer take effect, or None."""
    statement = SignedStatement.parse(bytes(row.statement)).statement
    if bytes(person.statement_head or b"") != statement.prev_hash:
        return "chain has grown"
    return "too old" if row.requested_at + GOOD_FOR <= clock.now() else None


def _checked_statement(*, person: Person, body: bytes) -> SignedStatement:
    """The reset statement, when it may follow the person's newest and its two signatures are right."""
    signed = identity_chain.parse(body)
    previous = identity_chain.newest(person=person.id)
    if previous is None:
        raise BeepError("internal", "The stored identity chain does not verify.")
    if signed.statement.version <= previous.version:
        raise BeepError("statement_stale", detail={"version": previous.version})
    try:
        identity.check_reset_request(previous=previous, signed=signed)
    except StatementRefusedError as error:
        raise BeepError("statement_refused", detail={"rule": error.rule.value}) from error
    if abs(signed.statement.at - clock.now_ms()) > CLOCKS_APART / timedelta(milliseconds=1):
        raise identity_chain.refuse("at")
    devices.check_new(entry=signed.statement.devices[0])
    return signed


def _locked(ticket: bytes) -> tuple[ResetRequest, Person]:
    """The request behind a ticket and its person, both locked, the person first."""
    rows = ResetRequest.objects.filter(~Q(state=State.FINISHED), ticket_hash=sha256(ticket).digest())
    found = rows.values_list("person_id", flat=True).first()
    if found is None:
        raise BeepError("ticket_refused")
    person = Person.objects.select_for_update(no_key=True).get(id=found)
    row = rows.select_for_update().first()
    if row is None:
        raise BeepError("ticket_refused")
    row.person = person
    return row, person


def _status(row: ResetRequest) -> Status:
    officers = row.signatures.count()
    earliest = clock.to_ms(row.earliest_at)
    if row.state == State.OPEN and (reason := void_reason(row, row.person)):
        drop(row=row, reason=reason, actor=Actor(system="resets"))
    if row.state != State.OPEN:
        return Status("dropped", officers, earliest)
    if officers < identity.RESET_OFFICERS:
        return Status("waiting", officers, earliest)
    return Status("ready" if row.earliest_at <= clock.now() else "signed", officers, earliest)


def _officers(row: ResetRequest) -> tuple[list[Signature], list[SignedCertificate]]:
    """The officers' signatures, ascending by key as the chain wants them, and their certificates."""
    stored = sorted(row.signatures.all(), key=lambda each: bytes(each.officer_key))
    try:
        certificates = [SignedCertificate.parse(bytes(each.certificate)) for each in stored]
    except CertificateMalformedError as error:
        raise BeepError("internal", "A stored certificate is damaged.") from error
    return [
        Signature(Signer.OFFICER, bytes(each.officer_key), bytes(each.signature)) for each in stored
    ], certificates


def _end(row: ResetRequest, state: ResetRequest.State) -> None:
    row.state, row.ended_at = state, clock.now()
    row.signin_salt = row.signin_hash = row.sealed_totp_seed = None
    row.save(update_fields=["state", "ended_at", "signin_salt", "signin_hash", "sealed_totp_seed"])


def _recorder(visitor: Visitor) -> letters.Recorder:
    def record(tried: Attempt, error: BeepError) -> None:
        letter = tried.letter
        intake.record(
            events.ResetBegun(
                actor=visitor.actor(),
                target=letter.person_id if letter else None,
                outcome="refused",
                error=error.code,
                letter=letter.id if letter else None,
                personnel_number=Personal(tried.number),
            )
        )

    return record
