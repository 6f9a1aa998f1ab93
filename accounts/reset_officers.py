"""The officers' side of a reset: what waits, signing with a certified key here or elsewhere, dropping."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from nacl.signing import SigningKey

from accounts import identity, identity_chain, people, reset_files, resets, signing, trust
from accounts.certificates import CertificateMalformedError, Purpose, SignedCertificate
from accounts.identity import Rule
from accounts.models import Person, ResetRequest, ResetSignature
from accounts.people import Card
from accounts.reset_files import RequestFile, SignatureFile
from accounts.signing import Label
from accounts.statements import SignedStatement
from audit import events, intake
from audit.events import Actor
from beep import clock
from beep.errors import BeepError


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open request as an officer judges it."""

    id: UUID
    card: Card
    login: str
    personnel_number: str
    device_name: str
    hash: bytes
    """Of the reset statement; the person reads its first digits out from their screen."""
    requested_at: int
    earliest: int
    signed_by: tuple[str, ...]
    """Names in the certificates."""
    void: str | None


def waiting() -> Sequence[Waiting]:
    """The open requests, the oldest first."""
    rows = ResetRequest.objects.filter(state=ResetRequest.State.OPEN).select_related("person")
    return [_shown(row) for row in rows.order_by("requested_at", "id")]


def one(*, request: UUID) -> Waiting:
    """An open request; raises BeepError `not_found`."""
    row = ResetRequest.objects.filter(id=request, state=ResetRequest.State.OPEN).first()
    if row is None:
        raise BeepError("not_found")
    return _shown(row)


def sign(*, request: UUID, key: SigningKey, expected: bytes, actor: Actor) -> int:
    """Sign a request's statement as an officer; returns how many have signed.

    `expected` is the hash that the officer saw. Raises as `add`.
    """
    row = ResetRequest.objects.filter(id=request, state=ResetRequest.State.OPEN).first()
    if row is None:
        raise BeepError("not_found")
    content = SignedStatement.parse(bytes(row.statement)).statement.encode()
    signature = signing.sign(key=key, label=Label.IDENTITY_STATEMENT, content=content)
    public = bytes(key.verify_key)
    return add(request=request, public=public, signature=signature, expected=expected, actor=actor)


def exported(*, request: UUID) -> RequestFile:
    """An open request as it goes to an officer whose key is elsewhere.

    Raises BeepError `not_found`; `conflict` when the request is void.
    """
    row = (
        ResetRequest.objects.filter(id=request, state=ResetRequest.State.OPEN)
        .select_related("person")
        .first()
    )
    if row is None:
        raise BeepError("not_found")
    if resets.void_reason(row, row.person):
        raise BeepError("conflict", "This request is void.")
    card = people.card(person=row.person_id)
    told = {
        "login": row.person.login,
        "name_latin": card.name.latin,
        "name_local": card.name.local,
        "personnel_number": row.person.personnel_number,
        "post": ", ".join(part.latin for part in (card.post, card.unit, card.ministry) if part.latin),
    }
    return RequestFile(
        request=row.id,
        asked_at=clock.to_ms(row.requested_at),
        earliest=clock.to_ms(row.earliest_at),
        person={name: reset_files.plain(words) for name, words in told.items()},
        previous=identity_chain.bodies(person=row.person_id)[-1],
        statement=bytes(row.statement),
    )


def bring_in(*, signed: SignatureFile, actor: Actor) -> int:
    """Add the signature that an officer made elsewhere; returns how many have signed. Raises as `add`.

    What is refused is recorded: somebody has brought a signature that does not count.
    """
    try:
        return add(
            request=signed.request,
            public=signed.key,
            signature=signed.signature,
            expected=signed.hash,
            actor=actor,
        )
    except BeepError as error:
        row = ResetRequest.objects.filter(id=signed.request).first()
        with transaction.atomic():
            intake.record(
                events.ResetSigned(
                    actor=actor,
                    target=row.person_id if row else None,
                    outcome="refused",
                    error=error.code,
                    request=signed.request,
                    hash=signed.hash,
                    officer=signed.key,
                )
            )
        raise


@transaction.atomic
def add(*, request: UUID, public: bytes, signature: bytes, expected: bytes, actor: Actor) -> int:
    """Add an officer's signature to a request; returns how many have signed.

    Raises BeepError `not_found`; `conflict` when the statement has another hash than `expected`, the request
    is void or has both signatures, or this officer has signed; `forbidden` when the key has no certificate of
    purpose officer that holds now and at the statement's time; `statement_refused` (rule `signature`) when
    the signature is not the key's over this statement.
    """
    row, person = _locked(request)
    statement = SignedStatement.parse(bytes(row.statement)).statement
    if statement.hash != expected or resets.void_reason(row, person):
        raise BeepError("conflict", "This is not the request that was shown, or it is void.")
    certificate = _certificate(public, at=statement.at)
    earlier = list(row.signatures.all())
    names = {_name(each) for each in earlier}
    if any(bytes(each.officer_key) == public for each in earlier) or certificate.certificate.name in names:
        # By name as well: somebody whose key was replaced holds two certificates for a while.
        raise BeepError("conflict", "This officer has signed already.")
    if len(earlier) >= identity.RESET_OFFICERS:
        raise BeepError("conflict", "Two officers have signed already.")
    content = statement.encode()
    if not signing.verify(
        public_key=public, label=Label.IDENTITY_STATEMENT, content=content, signature=signature
    ):
        raise identity_chain.refuse(Rule.SIGNATURE)
    ResetSignature.objects.create(
        request=row,
        officer_key=public,
        signature=signature,
        certificate=certificate.encode(),
        signed_at=clock.now(),
    )
    intake.record(
        events.ResetSigned(actor=actor, target=person.id, request=row.id, hash=statement.hash, officer=public)
    )
    return len(earlier) + 1


@transaction.atomic
def drop(*, request: UUID, reason: str, actor: Actor) -> None:
    """Put an end to an open request; raises BeepError `not_found`."""
    row, _ = _locked(request)
    resets.drop(row=row, reason=reason, actor=actor)


def _locked(request: UUID) -> tuple[ResetRequest, Person]:
    """An open request and its person, both locked, the person first as everywhere."""
    rows = ResetRequest.objects.filter(id=request, state=ResetRequest.State.OPEN)
    found = rows.values_list("person_id", flat=True).first()
    if found is None:
        raise BeepError("not_found")
    person = Person.objects.select_for_update(no_key=True).get(id=found)
    row = rows.select_for_update().first()
    if row is None:
        raise BeepError("not_found")
    return row, person


def _certificate(key: bytes, *, at: int) -> SignedCertificate:
    """The certificate that readers of the chain will go by: it must hold now, and did at the statement's
    time.
    """
    now = trust.certificate_of(key=key, purpose=Purpose.OFFICER, at=clock.now_ms())
    then = trust.certificate_of(key=key, purpose=Purpose.OFFICER, at=at)
    if now is None or then is None:
        raise BeepError("forbidden", "This key has no officer's certificate for this moment.")
    return then


def _shown(row: ResetRequest) -> Waiting:
    person = row.person
    statement = SignedStatement.parse(bytes(row.statement)).statement
    return Waiting(
        id=row.id,
        card=people.card(person=person.id),
        login=person.login,
        personnel_number=person.personnel_number,
        device_name=statement.devices[0].name,
        hash=statement.hash,
        requested_at=clock.to_ms(row.requested_at),
        earliest=clock.to_ms(row.earliest_at),
        signed_by=tuple(_name(each) for each in row.signatures.order_by("signed_at")),
        void=resets.void_reason(row, person),
    )


def _name(signature: ResetSignature) -> str:
    try:
        return SignedCertificate.parse(bytes(signature.certificate)).certificate.name
    except CertificateMalformedError:
        return "(damaged)"
