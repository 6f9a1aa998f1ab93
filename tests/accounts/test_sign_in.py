"""Signing in: every proof is needed, failures cost time, strangers learn nothing."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from nacl.signing import SigningKey

from accounts import lifecycle, throttle, totp
from accounts.models import Device, IdentityStatement, Person, Session, Throttle, UsedChallenge
from accounts.statements import Signer
from audit import intake
from beep import clock
from beep.clock import StoppedClock
from beep.schemas import from_base64url, to_base64url
from tests.accounts.support import OPERATOR, Browser, Refused, activated

pytestmark = pytest.mark.django_db


@pytest.fixture
def time() -> object:
    """Stopped: one-time codes count once each, so tests step over them."""
    with clock.stopped(datetime(2026, 6, 1, 12, tzinfo=UTC)) as stopped:
        yield stopped


@pytest.fixture
def owner(time: StoppedClock) -> Browser:
    made = activated()
    time.advance(timedelta(seconds=30))
    return made


def wrong_signature() -> str:
    return to_base64url(secrets.token_bytes(64))


def test_a_known_device_signs_in(owner: Browser) -> None:
    answered = owner.sign_in()
    assert answered["outcome"] == "session"
    assert answered["me"]["device"]["id"] == str(owner.device)
    assert from_base64url(answered["me"]["salt"]) == owner.salt
    assert owner.get("me")["login"] == owner.login


def test_logins_are_typed_in_many_ways(owner: Browser) -> None:
    body = owner.proofs()
    body["login"] = " Person.۱ "
    assert owner.post("sign-in/finish", body)["outcome"] == "session"


@pytest.mark.parametrize(
    "change",
    [
        {"signin_secret": to_base64url(bytes([1] * 32))},
        {"signin_secret": to_base64url(bytes(32))},
        {"totp": "000000"},
        {"totp": ""},
        {"device_signature": to_base64url(bytes(64))},
        {"device_signature": None},
    ],
)
def test_one_wrong_proof_is_a_refusal(owner: Browser, change: dict[str, Any]) -> None:
    refused = owner.sign_in(**change)
    assert refused.code in {"sign_in_refused", "bad_request"}
    assert Session.objects.count() == 1
    assert owner.sign_in()["outcome"] == "session"


def test_a_signature_by_another_key_is_refused(owner: Browser) -> None:
    owner.key = SigningKey.generate()
    assert owner.sign_in().code == "sign_in_refused"


def test_a_one_time_code_counts_once(owner: Browser, time: StoppedClock) -> None:
    assert owner.sign_in()["outcome"] == "session"
    assert owner.sign_in().code == "sign_in_refused"
    before = owner.code()
    time.advance(timedelta(seconds=30))
    assert owner.sign_in(totp=before).code == "sign_in_refused"
    assert owner.sign_in()["outcome"] == "session"


def test_the_clock_of_a_phone_may_be_one_step_off(owner: Browser, time: StoppedClock) -> None:
    early = totp.code(seed=owner.seed, at_ms=clock.now_ms() + 30_000)
    assert owner.sign_in(totp=early)["outcome"] == "session"
    time.advance(timedelta(minutes=5))
    for off in (-60_000, 60_000):
        refused = owner.sign_in(totp=totp.code(seed=owner.seed, at_ms=clock.now_ms() + off))
        assert refused.code == "sign_in_refused"
    late = totp.code(seed=owner.seed, at_ms=clock.now_ms() - 30_000)
    assert owner.sign_in(totp=late)["outcome"] == "session"


def test_codes_may_be_typed_in_persian_digits(owner: Browser) -> None:
    spaced = owner.code()[:3] + " " + owner.code()[3:]
    typed = spaced.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    assert owner.sign_in(totp=typed)["outcome"] == "session"


def test_a_challenge_is_answered_once(owner: Browser, time: StoppedClock) -> None:
    body = owner.proofs()
    assert owner.post("sign-in/finish", body)["outcome"] == "session"
    time.advance(timedelta(seconds=30))
    again = owner.post("sign-in/finish", {**body, "totp": owner.code()})
    assert again.code == "challenge_refused"
    assert UsedChallenge.objects.count() == 1


def test_a_challenge_is_for_one_login_and_five_minutes(owner: Browser, time: StoppedClock) -> None:
    body = owner.proofs()
    other = owner.post("sign-in/begin", {"login": "somebody.else"})["challenge"]
    recovery = owner.post("recovery/begin", {"login": owner.login})["challenge"]
    forged = to_base64url(secrets.token_bytes(57))
    for challenge in (other, recovery, forged):
        refused = owner.post("sign-in/finish", {**body, "challenge": challenge})
        assert refused.code == "challenge_refused"
    time.advance(timedelta(minutes=5))
    late = owner.post("sign-in/finish", {**body, "totp": owner.code()})
    assert late.code == "challenge_refused"


def test_unknown_logins_look_like_known_ones(owner: Browser, time: StoppedClock) -> None:
    stranger = Browser(login="no.such.person")
    known, unknown = (
        Browser(login="").post("sign-in/begin", {"login": login}) for login in (owner.login, stranger.login)
    )
    assert {name: len(value) for name, value in known.items()} == {
        name: len(value) for name, value in unknown.items()
    }
    assert known["challenge"] != unknown["challenge"]
    time.advance(timedelta(days=400))
    again = stranger.post("sign-in/begin", {"login": " NO.such.person "})
    assert again["salt"] == unknown["salt"]
    assert again["salt"] != stranger.post("sign-in/begin", {"login": "another"})["salt"]
    stranger.seed = bytes(20)
    refused = stranger.sign_in()
    guess = owner.sign_in(known=False, signin_secret=to_base64url(bytes([1] * 32)))
    assert refused == guess
    assert refused.code == "sign_in_refused"


def test_guessing_is_slowed_down_more_and_more(owner: Browser, time: StoppedClock) -> None:
    guesser = owner.other_browser()
    guesser.secret = bytes([1] * 32)
    waits = []
    for _ in range(16):
        refused = guesser.sign_in(known=False)
        if refused.code == "rate_limited":
            assert refused.retry_after is not None
            waits.append(refused.retry_after)
            time.advance(timedelta(seconds=refused.retry_after))
            assert guesser.sign_in(known=False).code == "sign_in_refused"
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert max(waits) <= 900
    # The right passphrase waits as well: a guess is a guess.
    right = owner.other_browser().sign_in(known=False)
    assert right.code == "rate_limited"
    time.advance(timedelta(seconds=right.retry_after))
    time.advance(timedelta(seconds=30))
    assert owner.other_browser().sign_in(known=False)["outcome"] == "replace"
    assert guesser.sign_in(known=False).code == "sign_in_refused"


def test_strangers_cannot_keep_a_known_device_out(owner: Browser) -> None:
    guesser = owner.other_browser()
    guesser.secret = bytes([1] * 32)
    while guesser.sign_in(known=False).code != "rate_limited":
        pass
    assert owner.sign_in()["outcome"] == "session"


def test_a_known_device_is_slowed_down_by_its_own_failures(owner: Browser) -> None:
    for _ in range(4):
        assert owner.sign_in(totp="000000").code == "sign_in_refused"
    assert owner.sign_in().code == "rate_limited"


def test_one_address_is_never_locked_for_long(owner: Browser, time: StoppedClock) -> None:
    """A colleague behind the same NAT waits a minute at most, whatever others do."""
    waits = []
    for number in range(60):
        guess = Browser(login=f"nobody.{number}", seed=bytes(20)).sign_in(known=False)
        if guess.code == "rate_limited":
            waits.append(guess.retry_after)
            time.advance(timedelta(seconds=guess.retry_after))
    assert max(waits) == 60
    time.advance(timedelta(minutes=1))
    assert owner.other_browser().sign_in(known=False)["outcome"] == "replace"


@pytest.mark.parametrize(
    ("one", "another", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        (None, "192.0.2.1", False),
    ],
)
def test_an_ipv6_subscriber_is_one_address(one: str | None, another: str, same: bool) -> None:
    """Nobody gets 2^64 counts by taking another address of their own network for each guess."""
    assert (throttle.address(one) == throttle.address(another)) is same


def test_the_table_of_failures_names_nobody(owner: Browser) -> None:
    owner.sign_in(known=False, totp="000000")
    for stored in Throttle.objects.all():
        assert len(bytes(stored.key)) == 32
    assert {stored.scope for stored in Throttle.objects.all()} == {"account", "address"}


def test_a_new_browser_replaces_the_old_one(owner: Browser) -> None:
    new = owner.other_browser()
    answered = new.sign_in(known=False)
    assert answered["outcome"] == "replace"
    assert answered["person_id"] == str(owner.person)
    assert [from_base64url(body) for body in answered["chain"]] == [signed.encode() for signed in owner.chain]
    assert new.get("me").code == "not_signed_in"
    ticket = {"ticket": answered["ticket"], "statement": to_base64url(new.replacement().encode())}
    assert new.post("sign-in/replace", ticket)["device"]["id"] == str(new.device)
    assert new.get("me")["device"]["id"] == str(new.device)
    old = Device.objects.get(id=owner.device)
    assert old.revoked_at is not None
    refused = owner.get("me")
    assert isinstance(refused, Refused)
    assert (refused.code, refused.detail) == ("device_revoked", {"reason": "replaced"})
    assert new.post("sign-in/replace", ticket).code == "ticket_refused"


def test_a_ticket_needs_the_recovery_key_and_one_new_device(owner: Browser, time: StoppedClock) -> None:
    new = owner.other_browser()
    ticket = new.sign_in(known=False)["ticket"]

    def refused(statement: bytes) -> object:
        answered = new.post("sign-in/replace", {"ticket": ticket, "statement": to_base64url(statement)})
        return answered.detail.get("rule") if isinstance(answered, Refused) else answered

    recovery = (Signer.RECOVERY, owner.recovery_key)
    assert refused(new.next(new.entry(), signer=(Signer.DEVICE, owner.key)).encode()) == "signer"
    assert refused(new.next(new.entry(), signer=(Signer.DEVICE, new.key)).encode()) == "signer"
    thief = (Signer.RECOVERY, SigningKey.generate())
    assert refused(new.next(new.entry(), signer=thief).encode()) == "signer"
    assert refused(new.next(new.entry(), owner.entry(), signer=recovery).encode()) == "one_device"
    assert refused(new.next(owner.entry(), signer=recovery).encode()) == "one_device"
    assert refused(new.next(signer=recovery).encode()) == "one_device"
    assert refused(new.next(new.entry(), signer=recovery, revoked=()).encode()) == "device_dropped"
    assert IdentityStatement.objects.count() == 1
    assert owner.get("me")["login"] == owner.login
    assert refused(new.replacement().encode()) != "signer"


def test_a_ticket_lives_ten_minutes_and_for_one_purpose(owner: Browser, time: StoppedClock) -> None:
    new = owner.other_browser()
    first = new.sign_in(known=False)["ticket"]
    time.advance(timedelta(seconds=30))
    second = new.sign_in(known=False)["ticket"]
    statement = to_base64url(new.replacement().encode())
    assert new.post("sign-in/replace", {"ticket": first, "statement": statement}).code == "ticket_refused"
    body = {**new.credentials(new.replacement()), "ticket": second}
    assert new.post("recovery/finish", body).code == "ticket_refused"
    time.advance(timedelta(minutes=10))
    assert new.post("sign-in/replace", {"ticket": second, "statement": statement}).code == "ticket_refused"


def test_a_device_that_the_server_inserts_is_no_device(owner: Browser) -> None:
    """Whoever writes to the database holds no key that the chain accepts."""
    Device.objects.filter(id=owner.device).update(revoked_at=clock.now())
    planted = owner.other_browser()
    Device.objects.create(
        id=planted.device,
        person_id=owner.person,
        name="Planted",
        kind=1,
        signature_key=bytes(planted.key.verify_key),
        listed_in=1,
        added_at=clock.now(),
    )
    answered = planted.sign_in()
    assert answered["outcome"] == "replace"
    assert planted.get("me").code == "not_signed_in"


def test_a_statement_that_the_server_inserts_is_no_statement(owner: Browser) -> None:
    planted = owner.other_browser()
    forged = planted.next(planted.entry(), signer=(Signer.RECOVERY, planted.key))
    IdentityStatement.objects.create(
        person_id=owner.person,
        version=2,
        body=forged.encode(),
        hash=forged.statement.hash,
        prev_hash=forged.statement.prev_hash,
        accepted_at=clock.now(),
    )
    Person.objects.filter(id=owner.person).update(statement_version=2, statement_head=forged.statement.hash)
    assert planted.sign_in()["outcome"] == "replace"


def test_a_device_of_somebody_else_is_not_known(owner: Browser, time: StoppedClock) -> None:
    other = activated(2)
    time.advance(timedelta(seconds=30))
    assert owner.sign_in(device=str(other.device))["outcome"] == "replace"
    time.advance(timedelta(seconds=30))
    assert owner.sign_in(device=str(uuid4()))["outcome"] == "replace"


def test_who_is_suspended_is_told_only_with_all_proofs(owner: Browser) -> None:
    lifecycle.suspend(person=owner.person, reason="test", actor=OPERATOR)
    assert owner.sign_in(totp="000000").code == "sign_in_refused"
    assert owner.sign_in().code == "person_inactive"
    assert owner.get("me").code == "not_signed_in"


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null", "http://testserver.evil.example"])
def test_another_origins_page_gets_nothing(owner: Browser, origin: str | None) -> None:
    refused = owner.post("sign-in/finish", owner.proofs(), origin=origin)
    assert (refused.status, refused.code) == (403, "forbidden")
    assert owner.post("sign-out", {}, origin=origin).code == "forbidden"
    assert owner.get("me")["login"] == owner.login


def test_refusals_are_audited_and_counted_though_they_are_refusals(
    owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[Any] = []
    monkeypatch.setattr(intake, "record", recorded.append)
    owner.sign_in(known=False, totp="000000")
    Browser(login="no.such.person", seed=bytes(20)).sign_in(known=False)
    known, unknown = recorded
    assert (known.outcome, known.error, known.target) == ("refused", "sign_in_refused", owner.person)
    assert known.login is None
    assert (unknown.target, unknown.login) == (None, "no.such.person")
    assert Throttle.objects.filter(scope="account").count() == 2


def test_ids_in_answers_are_uuids(owner: Browser) -> None:
    assert UUID(owner.get("me")["person"]["id"]) == owner.person
