"""What a first letter opens: a person's first passphrase, authenticator, recovery key and device."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from accounts import credentials, identity_chain, letters, sessions, throttle, totp
from accounts.callers import Visitor
from accounts.letters import VALID_FOR, Attempt, Kind
from accounts.models import Device, Person, Revocation
from accounts.sessions import SignedIn
from audit import events, intake
from audit.events import Actor, Personal
from beep import clock
from beep.errors import BeepError


@dataclass(frozen=True, slots=True)
class Offer:
    """What a good letter shows before it is spent."""

    person: UUID
    login: str
    totp_seed: bytes


@transaction.atomic
def issue(
    *, person: UUID, actor: Actor, valid_for: timedelta = VALID_FOR, unsafe_chosen_code: str | None = None
) -> str:
    """Make a letter for a person and return its code, canonical; it is stored nowhere.

    An open letter is withdrawn.

    `unsafe_chosen_code` is for demonstrations, whose letters survive restarts. Raises BeepError `not_found`,
    `person_inactive`, or `conflict` when the person has an identity chain: a letter must not open what a
    recovery code protects.
    """
    row = Person.objects.select_for_update(no_key=True).filter(id=person).first()
    if row is None:
        raise BeepError("not_found")
    if row.state == Person.State.ACTIVE and row.statement_version:
        raise BeepError("conflict", "This person is activated already.")
    letter, code = letters.make(
        person=row, kind=Kind.ACTIVATION, valid_for=valid_for, unsafe_chosen_code=unsafe_chosen_code
    )
    intake.record(
        events.ActivationIssued(
            actor=actor, target=row.id, activation=letter.id, expires_at=clock.to_ms(letter.expires_at)
        )
    )
    return code


def begin(*, code: str, personnel_number: str, visitor: Visitor) -> Offer:
    """Show a letter's offer; asking again shows the same, so that a lost answer costs nothing.

    Raises BeepError `code_refused`, `code_used`, `person_inactive`, `rate_limited`.
    """

    def work(tried: Attempt) -> Offer:
        letter, person = letters.checked(tried)
        seed, fresh = letters.offered_seed(letter)
        if fresh:
            actor = visitor.actor(person=person.id)
            intake.record(events.ActivationBegun(actor=actor, target=person.id, activation=letter.id))
        return Offer(person=person.id, login=person.login, totp_seed=seed)

    return letters.attempt(
        kind=Kind.ACTIVATION,
        code=code,
        personnel_number=personnel_number,
        visitor=visitor,
        work=work,
        refused=_recorder(visitor),
    )


def finish(
    *,
    code: str,
    personnel_number: str,
    salt: bytes,
    signin_secret: bytes,
    token: str,
    statement: bytes,
    visitor: Visitor,
) -> SignedIn:
    """Spend a letter: set the credentials, begin the identity chain with `statement`, open the first session.

    Raises BeepError: what `begin` raises; `totp_refused`; `weak_secret`; `conflict` when the person has a
    chain or the device's id or key is taken; `statement_malformed`, `statement_refused`, `statement_stale`.
    """

    def work(tried: Attempt) -> SignedIn:
        letter, person = letters.checked(tried)
        sealed = letter.sealed_totp_seed
        if sealed is None or not totp.enrol(person=person, sealed_seed=bytes(sealed), token=token):
            raise BeepError("totp_refused")
        credentials.set_(person=person, salt=salt, signin_secret=signin_secret)
        person.activated_at = person.changed_at = clock.now()
        person.save(update_fields=["signin_salt", "signin_hash", "activated_at", "changed_at"])
        actor = visitor.actor(person=person.id)
        appended = identity_chain.append(
            person=person,
            body=statement,
            reason=Revocation.Reason.REPLACED,
            actor=actor,
            also=identity_chain.only_first,
        )
        letters.spend(letter)
        intake.record(events.ActivationFinished(actor=actor, target=person.id, activation=letter.id))
        device = Device.objects.get(id=UUID(bytes=appended.devices[0].id))
        throttle.succeeded(tried.subjects)
        return sessions.begin(person=person, device=device, visitor=visitor)

    return letters.attempt(
        kind=Kind.ACTIVATION,
        code=code,
        personnel_number=personnel_number,
        visitor=visitor,
        work=work,
        refused=_recorder(visitor),
    )


def _recorder(visitor: Visitor) -> letters.Recorder:
    def record(tried: Attempt, error: BeepError) -> None:
        letter = tried.letter
        intake.record(
            events.ActivationBegun(
                actor=visitor.actor(),
                target=letter.person_id if letter else None,
                outcome="refused",
                error=error.code,
                activation=letter.id if letter else None,
                personnel_number=Personal(tried.number),
            )
        )

    return record
