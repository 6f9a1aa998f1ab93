"""Letters with a code: made for a person, opened by whoever has the code and knows the personnel number.

What a letter opens is its kind's business (`accounts.activation`, `accounts.resets`); that one is used once,
that guesses cost time and leave a trace, is the same for both and stands here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

from django.conf import settings

from accounts import attempts, codes, sealing, throttle, totp
from accounts.callers import Visitor
from accounts.folding import fold
from accounts.models import Activation, Person
from accounts.throttle import Subject
from beep import clock
from beep.errors import BeepError

T = TypeVar("T")

VALID_FOR: Final = timedelta(days=30)
GUESSES: Final = frozenset({"code_refused", "totp_refused"})
"""Refusals that count as failures for the throttle; the others tell an honest person what is wrong."""

Kind = Activation.Kind


@dataclass(frozen=True, slots=True)
class Attempt:
    """A code and a number as they were typed, before anything is known of them."""

    number: str
    letter: Activation | None
    """The letter of the wanted kind with this code, whatever the personnel number says; its person and it
    are locked.
    """
    subjects: tuple[Subject, ...]


Recorder = Callable[[Attempt, BeepError], None]
"""Writes down what was refused."""


def make(
    *, person: Person, kind: Activation.Kind, valid_for: timedelta, unsafe_chosen_code: str | None = None
) -> tuple[Activation, str]:
    """A letter for a person whose row is locked, and its code, canonical, which is stored nowhere.

    An open letter is withdrawn. Raises BeepError `person_inactive`.
    """
    if person.state != Person.State.ACTIVE:
        raise BeepError("person_inactive")
    withdraw_open(person=person)
    code = (
        codes.read_activation_code(unsafe_chosen_code) if unsafe_chosen_code else codes.new_activation_code()
    )
    now = clock.now()
    letter = Activation.objects.create(
        person=person,
        kind=kind,
        code_mac=codes.activation_mac(key=settings.CODE_KEY, symbols=code),
        created_at=now,
        expires_at=now + valid_for,
    )
    return letter, code


def withdraw_open(*, person: Person) -> None:
    """Withdraw the person's open letter, if there is one."""
    Activation.objects.filter(person=person, used_at__isnull=True, withdrawn_at__isnull=True).update(
        withdrawn_at=clock.now(), sealed_totp_seed=None
    )


def attempt(
    *,
    kind: Activation.Kind,
    code: str,
    personnel_number: str,
    visitor: Visitor,
    work: Callable[[Attempt], T],
    refused: Recorder,
) -> T:
    """Throttle, find and lock the letter, do `work`; count a refusal and let `refused` record it.

    Raises BeepError `rate_limited`, and what `work` raises.
    """

    def prepare() -> Attempt:
        number = canonical_number(personnel_number)
        subjects = (throttle.account(kind="activation", name=number), throttle.address(visitor.address))
        throttle.check(subjects)
        return Attempt(number=number, letter=_locked(code, kind), subjects=subjects)

    def count(tried: Attempt, error: BeepError) -> None:
        if error.code in GUESSES:
            throttle.failed(tried.subjects)
        refused(tried, error)

    return attempts.attempt(prepare=prepare, work=work, refused=count)


def checked(tried: Attempt) -> tuple[Activation, Person]:
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


def offered_seed(letter: Activation) -> tuple[bytes, bool]:
    """The authenticator's seed that this letter offers, the same every time, and whether it is new."""
    fresh = letter.sealed_totp_seed is None
    if letter.sealed_totp_seed is None:
        letter.begun_at = clock.now()
        letter.sealed_totp_seed = sealing.seal(totp.new_seed(), person=letter.person_id)
        letter.save(update_fields=["begun_at", "sealed_totp_seed"])
    return sealing.unseal(bytes(letter.sealed_totp_seed), person=letter.person_id), fresh


def spend(letter: Activation) -> None:
    """Mark it used and erase what it carried."""
    letter.used_at = clock.now()
    letter.sealed_totp_seed = None
    letter.save(update_fields=["used_at", "sealed_totp_seed"])


def canonical_number(typed: str) -> str:
    """A personnel number as the directory writes it: ASCII digits, upper case, no spaces."""
    return "".join(fold(typed).split()).upper()


def _locked(code: str, kind: Activation.Kind) -> Activation | None:
    try:
        symbols = codes.read_activation_code(code)
    except codes.CodeError:
        return None
    mac = codes.activation_mac(key=settings.CODE_KEY, symbols=symbols)
    letters = Activation.objects.filter(code_mac=mac, kind=kind)
    person = letters.values_list("person_id", flat=True).first()
    if person is None:
        return None
    # The person first, as everywhere; then the letter again, for it may have been spent meanwhile.
    locked = Person.objects.select_for_update(no_key=True).get(id=person)
    letter = letters.select_for_update().get()
    letter.person = locked
    return letter
