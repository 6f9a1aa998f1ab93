"""The letter: what it opens, and what does not open it."""

import secrets
from datetime import timedelta

import pytest

from accounts import activation, codes, lifecycle, sessions
from accounts.models import Activation, IdentityStatement, Person, Session, TotpFactor
from beep import clock
from beep.errors import BeepError
from beep.schemas import to_base64url
from tests.accounts.support import OPERATOR, Browser, Refused, activated, admit, letter, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Person:
    return admit(row(1))[0]


def test_a_letter_opens_the_door_once(person: Person) -> None:
    browser, code = Browser(login=person.login), letter(person)
    me = browser.activate(code=codes.grouped(code).lower(), number=" t-۱ ")
    assert me["login"] == person.login
    assert me["person"]["id"] == str(person.id)
    assert me["person"]["ministry"] == {"latin": "Ministry of Finance", "local": "وزارتِ خزانہ"}
    assert me["person"]["activated"]
    assert me["device"] == {"id": str(browser.device), "name": "Browser"}
    assert browser.get("me")["person"] == me["person"]
    again = Browser(login=person.login).activate(code=code, number="T-1")
    assert (again.status, again.code) == (409, "code_used")
    assert IdentityStatement.objects.count() == Session.objects.count() == TotpFactor.objects.count() == 1


def test_the_cookie_is_for_this_host_and_no_script(person: Person) -> None:
    browser = Browser(login=person.login)
    browser.activate(code=letter(person), number="T-1")
    morsel = browser.client.cookies[sessions.COOKIE]
    assert morsel["httponly"]
    assert morsel["secure"]
    assert (morsel["samesite"], morsel["path"], morsel["domain"]) == ("Strict", "/", "")


def test_beginning_again_offers_the_same(person: Person) -> None:
    body = {"code": letter(person), "personnel_number": "T-1"}
    first, second = (Browser(login="").post("activation/begin", body) for _ in range(2))
    assert first == second
    assert first["totp_uri"].startswith("otpauth://totp/Beep:person.1?secret=" + first["totp_secret"])


def test_the_seed_is_sealed_and_leaves_the_letter_when_it_is_spent(person: Person) -> None:
    browser, code = Browser(login=person.login), letter(person)
    offer = browser.post("activation/begin", {"code": code, "personnel_number": "T-1"})
    browser.take_offer(offer)
    sealed = bytes(Activation.objects.get().sealed_totp_seed or b"")
    assert sealed
    assert browser.seed not in sealed
    browser.activate(code=code, number="T-1")
    assert Activation.objects.get().sealed_totp_seed is None


@pytest.mark.parametrize("change", ["code", "checksum", "number", "withdrawn", "expired"])
def test_what_does_not_fit_is_refused_alike(person: Person, change: str) -> None:
    code, number = letter(person), "T-1"
    match change:
        case "code":
            code = codes.new_activation_code()
        case "checksum":
            code = code[:-1] + ("0" if code[-1] != "0" else "1")
        case "number":
            number = "T-2"
        case "withdrawn":
            letter(person)
        case "expired":
            Activation.objects.update(
                created_at=clock.now() - timedelta(days=2), expires_at=clock.now() - timedelta(days=1)
            )
    refused = Browser(login=person.login).activate(code=code, number=number)
    assert (refused.status, refused.code) == (403, "code_refused")


def test_a_used_letter_says_so_only_to_who_knows_the_number(person: Person) -> None:
    code = letter(person)
    Browser(login=person.login).activate(code=code, number="T-1")
    assert Browser(login="").activate(code=code, number="T-2").code == "code_refused"


def test_guessing_at_a_letter_is_slowed_down(person: Person) -> None:
    browser = Browser(login=person.login)
    for _ in range(4):
        assert browser.activate(code=codes.new_activation_code(), number="T-1").code == "code_refused"
    refused = browser.activate(code=letter(person), number="T-1")
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert refused.retry_after is not None
    assert 0 < refused.retry_after <= 1
    assert Browser(login="").activate(code=codes.new_activation_code(), number="T-9").code == "code_refused"


def test_who_is_not_active_stays_out(person: Person) -> None:
    code = letter(person)
    lifecycle.suspend(person=person.id, reason="test", actor=OPERATOR)
    assert Browser(login="").activate(code=code, number="T-1").code == "person_inactive"
    with pytest.raises(BeepError, match="active"):
        letter(person)


def test_a_letter_never_opens_what_a_recovery_code_protects() -> None:
    browser = activated()
    with pytest.raises(BeepError) as caught:
        activation.issue(person=browser.person, actor=OPERATOR)
    assert caught.value.code == "conflict"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("totp", "000000", "totp_refused"),
        ("totp", "12345", "totp_refused"),
        ("totp", "abcdef", "totp_refused"),
        ("signin_secret", to_base64url(bytes(32)), "weak_secret"),
        ("salt", to_base64url(bytes(16)), "weak_secret"),
        ("statement", to_base64url(b""), "statement_malformed"),
        ("statement", to_base64url(secrets.token_bytes(300)), "statement_malformed"),
        ("signin_secret", to_base64url(bytes([1] * 31)), "bad_request"),
        ("salt", "!!", "bad_request"),
        ("more", "field", "bad_request"),
    ],
)
def test_a_refused_finish_changes_nothing(person: Person, field: str, value: str, code: str) -> None:
    browser, body = Browser(login=person.login), {"code": letter(person), "personnel_number": "T-1"}
    browser.take_offer(browser.post("activation/begin", body))
    good = {**body, **browser.credentials(browser.first())}
    refused = browser.post("activation/finish", {**good, field: value})
    assert refused.code == code
    assert not IdentityStatement.objects.exists()
    assert not TotpFactor.objects.exists()
    row_ = Person.objects.get(id=person.id)
    assert row_.signin_hash is None
    assert row_.activated_at is None
    assert not isinstance(browser.post("activation/finish", good), Refused)


def test_finishing_needs_a_beginning(person: Person) -> None:
    browser = Browser(login=person.login, person=person.id, seed=bytes(20))
    body = {"code": letter(person), "personnel_number": "T-1", **browser.credentials(browser.first())}
    assert browser.post("activation/finish", body).code == "totp_refused"


def test_the_statement_must_be_of_the_letters_person(person: Person) -> None:
    browser, body = Browser(login=person.login), {"code": letter(person), "personnel_number": "T-1"}
    browser.take_offer(browser.post("activation/begin", body))
    browser.person = Browser(login="").person
    refused = browser.post("activation/finish", {**body, **browser.credentials(browser.first())})
    assert (refused.code, refused.detail) == ("statement_refused", {"rule": "person"})


def test_a_device_key_of_somebody_else_is_refused(person: Person) -> None:
    other = activated(2)
    thief = Browser(login=person.login, key=other.key)
    assert thief.activate(code=letter(person), number="T-1").code == "conflict"
