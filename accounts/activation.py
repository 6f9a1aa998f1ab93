"""Letters and what they open: a person's first passphrase, authenticator, recovery key and device."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import attempts, codes, credentials, identity_chain, sealing, sessions, throttle, totp
from accounts.callers import Visitor
from accounts.folding import fold
from accounts.models import Activation, Device, Person, Revocation
from accounts.sessions import SignedIn
from accounts.throttle import Subject
from audit import events, intake
from audit.events import Actor, Personal
from beep import clock
from beep.errors import BeepError

T = TypeVar("T")

VALID_FOR: Final = timedelta(days=30)
GUESSES: Final = frozenset({"code_refused", "totp_refused"})
"""Refusals that count as failures for the throttle; the others tell an honest person what is wrong."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a good letter shows before it is spent."""

    person: UUID
    login: str
    totp_seed: bytes


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A code and a number as they were typed, before anything is known of them."""

    number: str
    letter: Activation | None
    """The letter with this code, whatever the personnel number says; its person and it are locked."""
    subjects: tuple[Subject, ...]


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
    if row.state != Person.State.ACTIVE:
        raise BeepError("person_inactive")
    if row.statement_version:
        raise BeepError("conflict", "This person is activated already.")
    withdraw_open(person=row)
    code = (
        codes.read_activation_code(unsafe_chosen_code) if unsafe_chosen_code else codes.new_activation_code()
    )
    now = clock.now()
    letter = Activation.objects.create(
        person=row,
        code_mac=codes.activation_mac(key=settings.CODE_KEY, symbols=code),
        created_at=now,
        expires_at=now + valid_for,
    )
    intake.record(
        events.ActivationIssued(
            actor=actor, target=row.id, activation=letter.id, expires_at=clock.to_ms(letter.expires_at)
        )
    )
    return code


def withdraw_open(*, person: Person) -> None:
    """Withdraw the person's open letter, if there is one."""
    Activation.objects.filter(person=person, used_at__isnull=True, withdrawn_at__isnull=True).update(
        withdrawn_at=clock.now(), sealed_totp_seed=None
    )


def begin(*, code: str, personnel_number: str, visitor: Visitor) -> Offer:
    """Show a letter's offer; asking again shows the same, so that a lost answer costs nothing.

    Raises BeepError `code_refused`, `code_used`, `person_inactive`, `rate_limited`.
    """

    def work(tried: _Attempt) -> Offer:
        letter, person = _checked(tried)
        if letter.sealed_totp_seed is None:
            letter.begun_at = clock.now()
            letter.sealed_totp_seed = sealing.seal(totp.new_seed(), person=person.id)
            letter.save(update_fields=["begun_at", "sealed_totp_seed"])
            intake.record(
                events.ActivationBegun(
                    actor=visitor.actor(person=person.id), target=person.id, activation=letter.id
                )
            )
        seed = sealing.unseal(bytes(letter.sealed_totp_seed), person=person.id)
        return Offer(person=person.id, login=person.login, totp_seed=seed)

    return _attempt(code=code, personnel_number=personnel_number, visitor=visitor, work=work)


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

    def work(tried: _Attempt) -> SignedIn:
        letter, person = _checked(tried)
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
        letter.used_at = clock.now()
        letter.sealed_totp_seed = None
        letter.save(update_fields=["used_at", "sealed_totp_seed"])
        intake.record(events.ActivationFinished(actor=actor, target=person.id, activation=letter.id))
        device = Device.objects.get(id=UUID(bytes=appended.devices[0].id))
        throttle.succeeded(tried.subjects)
        return sessions.begin(person=person, device=device, visitor=visitor)

    return _attempt(code=code, personnel_number=personnel_number, visitor=visitor, work=work)


def _attempt(*, code: str, personnel_number: str, visitor: Visitor, work: Callable[[_Attempt], T]) -> T:
    """Throttle, find and lock the letter, do `work`; count and record a refusal."""

    def prepare() -> _Attempt:
        number = canonical_number(personnel_number)
        subjects = (throttle.account(kind="activation", name=number), throttle.address(visitor.address))
        throttle.check(subjects)
        return _Attempt(number=number, letter=_locked_letter(code), subjects=subjects)

    def refused(tried: _Attempt, error: BeepError) -> None:
        if error.code in GUESSES:
            throttle.failed(tried.subjects)
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

    return attempts.attempt(prepare=prepare, work=work, refused=refused)


def canonical_number(typed: str) -> str:
    """A personnel number as the directory writes it: ASCII digits, upper case, no spaces."""
    return "".join(fold(typed).split()).upper()


def _locked_letter(code: str) -> Activation | None:
    try:
        symbols = codes.read_activation_code(code)
    except codes.CodeError:
        return None
    letters = Activation.objects.filter(code_mac=codes.activation_mac(key=settings.CODE_KEY, symbols=symbols))
    person = letters.values_list("person_id", flat=True).first()
    if person is None:
        return None
    # The person first, as everywhere; then the letter again, for it may have been spent meanwhile.
    locked = Person.objects.select_for_update(no_key=True).get(id=person)
    letter = letters.select_for_update().get()
    letter.person = locked
    return letter


def _checked(tried: _Attempt) -> tuple[Activation, Person]:
    """The letter and its person, when the letter is theirs and open.

    Raises BeepError `code_refused`, `code_used`, `person_inactive`; a used letter says so only to somebody
    who knows the number it belongs to.
    """
    letter = tried.letter
    if letter is None or letter.withdrawn_at or letter.person.personnel_number != tried.number:
        raise BeepError("code_refused")
    if letter.used_at:
        raise BeepError("code_used")
    if letter.expires_at <= clock.now():
        raise BeepError("code_refused")
    if letter.person.state != Person.State.ACTIVE:
        raise BeepError("person_inactive")
    return letter, letter.person
