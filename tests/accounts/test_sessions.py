"""Sessions, devices and leaving: whoever is out is out at once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from accounts import lifecycle, sessions
from accounts.models import (
    Activation,
    Admission,
    Device,
    IdentityStatement,
    Person,
    Revocation,
    Role,
    Session,
    TotpFactor,
)
from accounts.signals import device_revoked, statement_appended
from accounts.statements import Signer
from beep import clock
from beep.clock import StoppedClock
from beep.errors import BeepError
from beep.schemas import to_base64url
from tests.accounts.support import OPERATOR, Browser, activated, admit, letter, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def time() -> Iterator[StoppedClock]:
    with clock.stopped(datetime(2026, 6, 1, 12, tzinfo=UTC)) as stopped:
        yield stopped


@pytest.fixture
def owner(time: StoppedClock) -> Browser:
    made = activated()
    time.advance(timedelta(seconds=30))
    return made


@pytest.fixture
def heard() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Signals, in the order in which they were sent."""
    got: list[tuple[str, dict[str, Any]]] = []

    def revoked(**arguments: Any) -> None:
        got.append(("device_revoked", arguments))

    def appended(**arguments: Any) -> None:
        got.append(("statement_appended", arguments))

    device_revoked.connect(revoked)
    statement_appended.connect(appended)
    yield got
    device_revoked.disconnect(revoked)
    statement_appended.disconnect(appended)


def test_the_token_is_nowhere_in_the_database(owner: Browser) -> None:
    stored = Session.objects.get()
    assert owner.token()
    assert bytes(stored.token_hash) != owner.token().encode()
    found = sessions.find(owner.token(), address=None)
    assert found is not None
    assert (found.session, found.person, found.device) == (stored.id, owner.person, owner.device)


@pytest.mark.parametrize("cookie", [None, "", "x", "A" * 43, "A" * 42 + "B", "=" * 43, "é" * 43])
def test_other_cookies_are_nobody(owner: Browser, cookie: str | None) -> None:
    assert sessions.find(cookie, address=None) is None


def test_a_session_lives_thirty_days_after_its_last_use(owner: Browser, time: StoppedClock) -> None:
    for _ in range(4):
        time.advance(timedelta(days=29))
        assert owner.get("me")["login"] == owner.login
    assert Device.objects.get().last_seen_at == clock.now()
    time.advance(timedelta(days=30))
    assert owner.get("me").code == "not_signed_in"


def test_use_is_noted_once_a_minute(owner: Browser, time: StoppedClock) -> None:
    before = Session.objects.get().last_used_at
    owner.get("me")
    assert Session.objects.get().last_used_at == before
    time.advance(timedelta(seconds=30))
    owner.get("me")
    assert Session.objects.get().last_used_at == clock.now()


def test_signing_out_ends_the_session_and_not_the_device(owner: Browser) -> None:
    assert owner.post("sign-out", {}) is None
    assert owner.token() == ""
    assert Device.objects.get().revoked_at is None
    revocation = Revocation.objects.get()
    assert (revocation.reason, revocation.session_id) == ("signed_out", Session.objects.get().id)
    assert owner.sign_in()["outcome"] == "session"


def test_signing_in_again_ends_the_session_before_and_its_socket(owner: Browser) -> None:
    """A copy of the older cookie may hold a socket open: only the list of revocations reaches it."""
    stolen, earlier = owner.token(), Session.objects.get()
    assert owner.sign_in()["outcome"] == "session"
    assert sessions.find(stolen, address=None) is None
    revocation = Revocation.objects.get()
    assert (revocation.session_id, revocation.device_id) == (earlier.id, owner.device)
    assert revocation.reason == "signed_out"
    assert owner.get("me")["login"] == owner.login


def test_a_stolen_cookie_dies_with_the_session(owner: Browser) -> None:
    stolen = owner.token()
    owner.post("sign-out", {})
    assert sessions.find(stolen, address=None) is None


def test_signing_in_again_ends_the_devices_session_before(owner: Browser) -> None:
    before = owner.token()
    owner.sign_in()
    assert sessions.find(before, address=None) is None
    assert owner.get("me")["login"] == owner.login


def test_ones_own_devices_are_listed(owner: Browser, time: StoppedClock) -> None:
    new = owner.other_browser()
    ticket = new.sign_in(known=False)["ticket"]
    time.advance(timedelta(seconds=30))
    new.post("sign-in/replace", {"ticket": ticket, "statement": to_base64url(new.replacement().encode())})
    devices = {device["id"]: device for device in new.get("devices")["devices"]}
    assert devices[str(new.device)]["current"]
    assert devices[str(new.device)]["revoked_at"] is None
    assert not devices[str(owner.device)]["current"]
    assert devices[str(owner.device)]["revoked_at"] == clock.now_ms()


def test_revoking_ones_own_device_ends_its_session_at_once(
    owner: Browser, heard: list[tuple[str, dict[str, Any]]]
) -> None:
    stolen = owner.token()
    statement = owner.next(signer=(Signer.DEVICE, owner.key))
    answered = owner.post("devices/revoke", {"statement": to_base64url(statement.encode())})
    assert [device["revoked_at"] is not None for device in answered["devices"]] == [True]
    assert owner.get("me").detail == {"reason": "revoked"}
    assert sessions.find(stolen, address=None) is None
    assert Revocation.objects.get().reason == "revoked"
    assert [name for name, _ in heard] == ["device_revoked", "statement_appended"]
    assert heard[0][1]["device"] == owner.device
    assert heard[0][1]["person"] == owner.person
    assert heard[0][1]["at"] == Device.objects.get().revoked_at
    assert heard[1][1]["version"] == 2


def test_revoking_adds_nothing_and_takes_something(owner: Browser) -> None:
    new = owner.other_browser()
    swap = owner.next(new.entry(), signer=(Signer.DEVICE, owner.key))
    refused = owner.post("devices/revoke", {"statement": to_base64url(swap.encode())})
    assert (refused.code, refused.detail) == ("statement_refused", {"rule": "one_device"})
    idle = owner.next(owner.entry(), signer=(Signer.DEVICE, owner.key))
    refused = owner.post("devices/revoke", {"statement": to_base64url(idle.encode())})
    assert (refused.code, refused.detail) == ("statement_refused", {"rule": "device_dropped"})
    assert owner.get("me")["login"] == owner.login


def test_an_old_statement_is_stale_and_says_how_far_the_chain_is(owner: Browser) -> None:
    refused = owner.post("devices/revoke", {"statement": to_base64url(owner.chain[0].encode())})
    assert (refused.status, refused.code, refused.detail) == (409, "statement_stale", {"version": 1})


def test_two_statements_on_one_head_do_not_both_go_in(owner: Browser) -> None:
    """Compare-and-swap on the head: the second was signed without knowing the first."""
    new = owner.other_browser()
    ticket = new.sign_in(known=False)["ticket"]
    revoke = owner.next(signer=(Signer.DEVICE, owner.key))
    replace = to_base64url(new.replacement().encode())
    owner.post("devices/revoke", {"statement": to_base64url(revoke.encode())})
    refused = new.post("sign-in/replace", {"ticket": ticket, "statement": replace})
    assert (refused.code, refused.detail) == ("statement_stale", {"version": 2})
    assert IdentityStatement.objects.count() == 2


def test_after_everything_is_revoked_the_paper_brings_a_device(owner: Browser, time: StoppedClock) -> None:
    gone = owner.next(signer=(Signer.DEVICE, owner.key))
    owner.post("devices/revoke", {"statement": to_base64url(gone.encode())})
    owner.chain.append(gone)
    answered = owner.sign_in()
    assert answered["outcome"] == "replace"
    new = owner.other_browser()
    body = {"ticket": answered["ticket"], "statement": to_base64url(new.replacement().encode())}
    assert new.post("sign-in/replace", body)["device"]["id"] == str(new.device)


def test_a_leaver_is_out_at_once(owner: Browser, heard: list[tuple[str, dict[str, Any]]]) -> None:
    person = Person.objects.get(id=owner.person)
    Role.objects.create(person=person, duty="auditor", granted_at=clock.now())
    lifecycle.leave(person=owner.person, reason="test", actor=OPERATOR)
    assert owner.get("me").detail == {"reason": "left"}
    assert owner.sign_in().code == "sign_in_refused"
    assert Revocation.objects.get().reason == "left"
    assert [name for name, _ in heard] == ["device_revoked"]
    assert not TotpFactor.objects.exists()
    assert not Role.objects.filter(ended_at__isnull=True).exists()
    assert not Admission.objects.filter(ended_at__isnull=True).exists()
    left = Person.objects.get(id=owner.person)
    assert (left.signin_hash, left.signin_salt, left.activated_at) == (None, None, None)
    assert left.left_at == clock.now()


def test_a_leavers_open_letter_is_withdrawn() -> None:
    (person,) = admit(row(1))
    code = letter(person)
    lifecycle.leave(person=person.id, reason="test", actor=OPERATOR)
    assert Activation.objects.get().withdrawn_at is not None
    assert Browser(login="").activate(code=code, number="T-1").code == "code_refused"


def test_suspending_ends_sessions_and_keeps_the_device(owner: Browser) -> None:
    lifecycle.suspend(person=owner.person, reason="test", actor=OPERATOR)
    assert owner.get("me").code == "not_signed_in"
    assert Revocation.objects.get().reason == "suspended"
    lifecycle.activate(person=owner.person, reason="test", actor=OPERATOR)
    assert owner.get("me").code == "not_signed_in"
    assert owner.sign_in()["outcome"] == "session"


@pytest.mark.parametrize("step", ["activate", "bring_back"])
def test_states_follow_their_diagram(owner: Browser, step: str) -> None:
    with pytest.raises(BeepError) as caught:
        getattr(lifecycle, step)(person=owner.person, reason="test", actor=OPERATOR)
    assert caught.value.code == "conflict"


def test_nobody_by_that_id() -> None:
    with pytest.raises(BeepError) as caught:
        lifecycle.leave(person=UUID(int=0), reason="test", actor=OPERATOR)
    assert caught.value.code == "not_found"


def test_the_lookup_asks_by_hash_alone(owner: Browser) -> None:
    """What callers without the ORM rely on: one row of session, person, device, last use, end."""
    from django.db import connection

    digest = sha256(sessions.token_of(owner.token()) or b"").digest()
    with connection.cursor() as cursor:
        cursor.execute(sessions.LOOKUP, [digest, clock.now(), clock.now()])
        ((session, person, device, _, _),) = cursor.fetchall()
    assert (session, person, device) == (Session.objects.get().id, owner.person, owner.device)
