"""Who gets into the console, and who does not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from accounts import console, lifecycle, roles
from accounts.models import ConsoleSession, Role
from beep import clock
from beep.clock import StoppedClock
from beep.hosts import CONSOLE_POLICY
from tests.accounts.support import OPERATOR, Browser, activated
from tests.consoles.support import HOST, Desk, auditor, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def time() -> Iterator[StoppedClock]:
    """Stopped: one-time codes count once each."""
    with clock.stopped(datetime(2026, 6, 1, 12, tzinfo=UTC)) as stopped:
        yield stopped


@pytest.fixture
def person(time: StoppedClock) -> Browser:
    made = activated()
    time.advance(timedelta(seconds=30))
    return made


def test_an_auditor_signs_in_and_out(person: Browser, time: StoppedClock) -> None:
    desk = signed_in(person, time)
    cookie = desk.client.cookies[console.COOKIE]
    assert [cookie[name] for name in ("httponly", "secure", "samesite", "domain")] == [
        True,
        True,
        "Strict",
        "",
    ]
    assert desk.get("/reports").status_code == 200
    assert desk.post("/sign-out").status_code == 302
    assert desk.get("/reports").headers["Location"].startswith("/sign-in?")
    assert ConsoleSession.objects.get().ended_at == clock.now()


def test_without_the_duty_nobody_gets_in(person: Browser) -> None:
    roles.grant(person=person.person, duty=Role.Duty.DIRECTORY_ADMINISTRATOR, granted_by=None, actor=OPERATOR)
    refused = Desk(person).sign_in()
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert not ConsoleSession.objects.exists()


def test_who_loses_the_duty_is_out_with_the_next_request(person: Browser, time: StoppedClock) -> None:
    desk = signed_in(person, time)
    roles.end(person=person.person, duty=Role.Duty.AUDITOR, actor=OPERATOR)
    assert desk.get("/reports").status_code == 302


def test_who_was_shut_out_stays_out(person: Browser, time: StoppedClock) -> None:
    desk = signed_in(person, time)
    lifecycle.suspend(person=person.person, reason="A theft", actor=OPERATOR)
    lifecycle.activate(person=person.person, reason="Cleared", actor=OPERATOR)
    assert desk.get("/reports").status_code == 302


@pytest.mark.parametrize("host", [HOST.upper(), f"{HOST}.", f"{HOST}:8443", f"{HOST}.:443"])
def test_the_console_is_the_console_however_its_name_is_written(person: Browser, host: str) -> None:
    page = person.client.get("/sign-in", headers={"host": host})
    assert page.headers["Content-Security-Policy"] == CONSOLE_POLICY


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"totp": "000000"}, "sign_in_refused"),
        ({"signin_secret": "A" * 43}, "sign_in_refused"),
        ({"signin_secret": "A" * 42}, "bad_request"),
        ({"login": "nobody.at.all"}, "challenge_refused"),
        ({"challenge": "AA"}, "challenge_refused"),
        ({"login": 7}, "bad_request"),
        ({"totp": "1\x00"}, "bad_request"),
    ],
)
def test_one_wrong_proof_is_a_refusal(person: Browser, change: dict[str, object], code: str) -> None:
    desk = auditor(person)
    refused = desk.sign_in(**change)
    assert refused.status_code >= 400
    assert refused.json()["code"] == code
    assert not ConsoleSession.objects.exists()


def test_a_challenge_of_the_messenger_is_none_of_the_console(person: Browser) -> None:
    desk = auditor(person)
    other = person.post("sign-in/begin", {"login": person.login})["challenge"]
    assert desk.sign_in(challenge=other).json()["code"] == "challenge_refused"


def test_a_session_ends_by_itself(person: Browser, time: StoppedClock) -> None:
    desk = signed_in(person, time)
    for _ in range(20):
        time.advance(timedelta(minutes=29))
        assert desk.get("/reports").status_code == 200
    time.advance(timedelta(minutes=29))
    assert desk.get("/reports").status_code == 302
    assert desk.sign_in().status_code == 200
    time.advance(console.IDLE)
    assert desk.get("/reports").status_code == 302


def test_a_fresh_code_lasts_five_minutes(person: Browser, time: StoppedClock) -> None:
    desk = signed_in(person, time)
    time.advance(timedelta(minutes=5))
    sent = desk.post("/export", query="")
    assert sent.headers["Location"].startswith("/step-up")
    assert desk.post("/step-up", totp="000000", next="/log").status_code == 403
    time.advance(timedelta(seconds=30))
    answered = desk.post("/step-up", totp=person.code(), next="/reports")
    assert answered.headers["Location"] == "/reports"
    session = ConsoleSession.objects.get()
    assert session.verified_at == clock.now()


@pytest.mark.parametrize(
    "wanted", ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere", "log"]
)
def test_a_form_leads_to_no_other_place(person: Browser, time: StoppedClock, wanted: str) -> None:
    desk = signed_in(person, time)
    assert desk.post("/step-up", totp=person.code(), next=wanted).headers["Location"] == "/log"


def test_pages_of_other_origins_send_nothing(person: Browser, time: StoppedClock) -> None:
    desk = signed_in(person, time)
    for origin in ("http://localhost", "null", f"https://{HOST}"):
        assert desk.post("/sign-out", origin=origin).status_code == 403
    assert desk.client.post("/sign-out").status_code == 403
    assert desk.get("/reports").status_code == 200


def test_the_two_hosts_share_nothing(person: Browser, time: StoppedClock) -> None:
    desk = signed_in(person, time)
    assert desk.get("/api/v1/me").status_code == 404
    assert desk.get("/ws").status_code == 404
    page = desk.get("/reports")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    # Else a browser's own forms come with the origin "null".
    assert page.headers["Referrer-Policy"] == "same-origin"
    # The messenger's host has no console: its own page answers every route.
    assert b"console" not in person.client.get("/reports").content.lower()
    assert console.COOKIE not in person.client.cookies
