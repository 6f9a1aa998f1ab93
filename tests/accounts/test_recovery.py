"""Recovery: the code on paper is enough to begin anew, and nothing less is."""

import base64
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from nacl.signing import SigningKey

from accounts import identity_chain, lifecycle, signing
from accounts.models import Device, Person, Session, Ticket, TotpFactor
from accounts.signing import Label
from beep import clock
from beep.clock import StoppedClock
from beep.schemas import from_base64url, to_base64url
from tests.accounts.devices import newcomer
from tests.accounts.support import OPERATOR, Browser, Refused, activated

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


def forgetful(owner: Browser) -> Browser:
    """The owner with the paper in hand, and without passphrase or authenticator."""
    made = owner.other_browser()
    made.secret, made.salt, made.seed = secrets.token_bytes(32), secrets.token_bytes(16), b""
    return made


def asked(browser: Browser, *, key: SigningKey | None = None, person: UUID | None = None) -> dict[str, str]:
    """The body of recovery/verify."""
    question = browser.post("recovery/begin", {"login": browser.login})
    content = signing.recovery_content(
        challenge=from_base64url(question["challenge"]),
        person=(person or UUID(question["person_id"])).bytes,
    )
    signature = signing.sign(key=key or browser.recovery_key, label=Label.RECOVERY, content=content)
    return {
        "login": browser.login,
        "challenge": question["challenge"],
        "signature": to_base64url(signature),
    }


def test_the_paper_brings_everything_back(owner: Browser, time: StoppedClock) -> None:
    new = forgetful(owner)
    verified = new.post("recovery/verify", asked(new))
    assert UUID(verified["person_id"]) == owner.person
    assert [from_base64url(body) for body in verified["chain"]] == [signed.encode() for signed in owner.chain]
    new.seed = base64.b32decode(verified["totp_secret"])
    body = {"ticket": verified["ticket"], **new.credentials(new.replacement())}
    assert new.post("recovery/finish", body)["device"]["id"] == str(new.device)
    assert owner.get("me").detail == {"reason": "replaced"}
    assert owner.sign_in().code == "sign_in_refused"
    time.advance(timedelta(seconds=30))
    assert new.sign_in()["outcome"] == "session"
    assert new.post("recovery/finish", body).code == "ticket_refused"
    assert TotpFactor.objects.count() == 1


def test_what_the_old_passphrase_began_ends_with_it(owner: Browser, time: StoppedClock) -> None:
    """Somebody has learnt passphrase and authenticator, and asks to be let in just before the recovery."""
    thief, ticket, pairing = newcomer(owner)
    new = forgetful(owner)
    verified = new.post("recovery/verify", asked(new))
    new.seed = base64.b32decode(verified["totp_secret"])
    body = {"ticket": verified["ticket"], **new.credentials(new.replacement())}
    assert not isinstance(new.post("recovery/finish", body), Refused)
    assert new.get("pairings") == {"pairings": []}
    refused = new.post(f"pairings/{pairing}/messages", {"ticket": None, "body": ""})
    assert refused.code == "pairing_refused"
    assert thief.post("pairings", {"ticket": ticket, "kind": "regular"}).code == "ticket_refused"


def test_another_key_is_refused_and_slowed_down(owner: Browser, time: StoppedClock) -> None:
    new = forgetful(owner)
    stranger = SigningKey.generate()
    for _ in range(4):
        assert new.post("recovery/verify", asked(new, key=stranger)).code == "recovery_refused"
    assert new.post("recovery/verify", asked(new, key=stranger)).code == "rate_limited"
    time.advance(timedelta(seconds=1))
    assert new.post("recovery/verify", asked(new, key=stranger)).code == "recovery_refused"


def test_strangers_cannot_keep_the_paper_out(owner: Browser) -> None:
    """A right signature is no guess: it does not wait for the guesses of others."""
    new = forgetful(owner)
    while new.post("recovery/verify", asked(new, key=SigningKey.generate())).code != "rate_limited":
        pass
    assert "ticket" in new.post("recovery/verify", asked(new))


def test_the_devices_key_is_not_the_recovery_key(owner: Browser) -> None:
    assert owner.post("recovery/verify", asked(owner, key=owner.key)).code == "recovery_refused"


def test_a_signature_for_another_person_is_refused(owner: Browser) -> None:
    other = activated(2)
    assert owner.post("recovery/verify", asked(owner, person=other.person)).code == "recovery_refused"


def test_a_challenge_is_answered_once(owner: Browser) -> None:
    new = forgetful(owner)
    body = asked(new)
    assert "ticket" in new.post("recovery/verify", body)
    assert new.post("recovery/verify", body).code == "challenge_refused"


def test_unknown_logins_look_like_known_ones(owner: Browser, time: StoppedClock) -> None:
    stranger = Browser(login="no.such.person")
    unknown = stranger.post("recovery/begin", {"login": stranger.login})
    assert UUID(unknown["person_id"]).version == 4
    assert len(unknown["challenge"]) == len(owner.post("recovery/begin", {"login": owner.login})["challenge"])
    time.advance(timedelta(days=100))
    assert stranger.post("recovery/begin", {"login": stranger.login})["person_id"] == unknown["person_id"]
    refused = stranger.post("recovery/verify", asked(stranger))
    guess = forgetful(owner)
    assert refused == guess.post("recovery/verify", asked(guess, key=SigningKey.generate()))


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("totp", "000000", "totp_refused"),
        ("signin_secret", to_base64url(bytes(32)), "weak_secret"),
        ("statement", to_base64url(b"x"), "statement_malformed"),
    ],
)
def test_a_refused_finish_leaves_the_ticket_and_everything_else(
    owner: Browser, time: StoppedClock, field: str, value: str, code: str
) -> None:
    new = forgetful(owner)
    verified = new.post("recovery/verify", asked(new))
    new.seed = base64.b32decode(verified["totp_secret"])
    good = {"ticket": verified["ticket"], **new.credentials(new.replacement())}
    assert new.post("recovery/finish", {**good, field: value}).code == code
    assert owner.sign_in()["outcome"] == "session"
    assert not isinstance(new.post("recovery/finish", good), Refused)


def test_the_old_authenticator_works_until_the_end(owner: Browser) -> None:
    new = forgetful(owner)
    new.post("recovery/verify", asked(new))
    assert owner.sign_in()["outcome"] == "session"


def test_asking_again_voids_the_ticket_before(owner: Browser) -> None:
    new = forgetful(owner)
    first = new.post("recovery/verify", asked(new))
    new.post("recovery/verify", asked(new))
    new.seed = base64.b32decode(first["totp_secret"])
    body = {"ticket": first["ticket"], **new.credentials(new.replacement())}
    assert new.post("recovery/finish", body).code == "ticket_refused"
    assert Ticket.objects.count() == 1


def test_nobody_grows_their_chain_at_will(
    owner: Browser, time: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others verify it whole whenever they add this person's devices."""
    monkeypatch.setattr(identity_chain, "STATEMENTS_A_DAY", 3)

    def recovered(browser: Browser) -> tuple[Browser, Any]:
        new = forgetful(browser)
        verified = new.post("recovery/verify", asked(new))
        new.take_offer(verified)
        finished = {"ticket": verified["ticket"], **new.credentials(new.replacement())}
        return new, new.post("recovery/finish", finished)

    time.advance(timedelta(hours=1))
    second, _ = recovered(owner)
    third, _ = recovered(second)
    _, refused = recovered(third)
    assert refused.code == "rate_limited"
    assert refused.retry_after == timedelta(hours=23).total_seconds() - 30
    assert Person.objects.get().statement_version == 3
    time.advance(timedelta(hours=23))
    _, me = recovered(third)
    assert me["login"] == owner.login


def test_a_leaver_recovers_nothing_and_who_returns_needs_the_paper(owner: Browser) -> None:
    lifecycle.leave(person=owner.person, reason="test", actor=OPERATOR)
    new = forgetful(owner)
    assert new.post("recovery/verify", asked(new)).code == "person_inactive"
    lifecycle.bring_back(person=owner.person, reason="test", actor=OPERATOR)
    assert new.post("recovery/verify", asked(new)).code == "person_inactive"
    lifecycle.activate(person=owner.person, reason="test", actor=OPERATOR)
    verified = new.post("recovery/verify", asked(new))
    new.seed = base64.b32decode(verified["totp_secret"])
    body = {"ticket": verified["ticket"], **new.credentials(new.replacement())}
    assert new.post("recovery/finish", body)["device"]["id"] == str(new.device)
    assert Device.objects.filter(revoked_at__isnull=True).count() == 1
    assert Person.objects.get(id=owner.person).signin_hash is not None
    assert Session.objects.filter(ended_at__isnull=True).count() == 1
