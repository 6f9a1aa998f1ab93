"""A reset as the person meets it: letter, request, and the new identity in place of everything."""

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from nacl.signing import SigningKey
from pytest_django import Settings

from accounts import identity_chain, lifecycle, resets, signing
from accounts.identity import sign_statement
from accounts.models import (
    KeptCertificate,
    ResetRequest,
    TotpFactor,
)
from accounts.signals import reset_requested
from accounts.signing import Label
from accounts.statements import (
    DeviceKind,
    Flags,
    SignedStatement,
    Signer,
    Statement,
)
from beep import clock
from beep.clock import StoppedClock
from beep.schemas import from_base64url, to_base64url
from tests.accounts.devices import entry_of, joined, signed_in_anew
from tests.accounts.resets import (
    DELAY,
    asked,
    begun,
    finished,
    refusal,
    request_body,
    signed_by_both,
    statement,
)
from tests.accounts.support import OPERATOR, Browser, Refused, activated, admit, letter, row
from tests.support import trust as made

# --- From the letter to the new identity --------------------------------------------------------------------


def test_everything_was_lost_and_is_new(owner: Browser, time: StoppedClock) -> None:
    second, _ = joined(owner)
    reset = asked(owner)
    earliest = clock.to_ms(clock.now() + DELAY)
    assert reset.status() == {"state": "waiting", "officers": 0, "earliest": earliest}
    assert reset.sign(made.OFFICERS[0]) == 1
    assert reset.status()["state"] == "waiting"
    assert reset.sign(made.OFFICERS[1]) == 2
    assert reset.status() == {"state": "signed", "officers": 2, "earliest": earliest}
    assert owner.get("me")["login"] == owner.login, "nothing has happened yet"
    time.advance(DELAY - timedelta(milliseconds=1))
    assert reset.finish().detail == {"state": "signed"}
    time.advance(timedelta(milliseconds=1))
    assert reset.status()["state"] == "ready"
    assert reset.finish()["device"]["id"] == str(reset.new.device)
    for out in (owner, second):
        assert out.get("me").detail == {"reason": "replaced"}
    chain = identity_chain.verified(person=owner.person, bodies=identity_chain.bodies(person=owner.person))
    assert chain is not None
    assert (chain.newest.version, chain.base) == (3, reset.hash)
    assert chain.newest.recovery_key == bytes(reset.new.recovery_key.verify_key)
    time.advance(timedelta(seconds=30))
    assert owner.sign_in(known=False).code == "sign_in_refused", "the old passphrase is gone"
    assert reset.new.sign_in()["outcome"] == "session"
    assert TotpFactor.objects.filter(user_id=owner.person).count() == 1
    assert reset.status().code == "ticket_refused"
    assert reset.finish().code == "ticket_refused"


def test_the_chain_goes_on_after_a_reset(owner: Browser, time: StoppedClock, settings: Settings) -> None:
    """Also when the officers have long left the configuration: their certificates are kept."""
    reset = finished(owner, time)
    settings.CERTIFICATES = (made.CERTIFICATES[0].encode(),)
    reset.new.chain = [SignedStatement.parse(body) for body in identity_chain.bodies(person=owner.person)]
    time.advance(timedelta(seconds=30))
    other, _ = joined(reset.new)
    assert other.get("me")["login"] == owner.login
    assert KeptCertificate.objects.count() == 2
    told = [from_base64url(body) for body in other.get("trust")["certificates"]]
    kept = [bytes(each.body) for each in KeptCertificate.objects.all()]
    assert set(kept) <= set(told)


def test_without_its_certificates_a_reset_is_no_chain(
    owner: Browser, time: StoppedClock, settings: Settings
) -> None:
    finished(owner, time)
    settings.ROOT_KEY = bytes(SigningKey.generate().verify_key)
    assert identity_chain.newest(person=owner.person) is None


def test_the_old_paper_and_old_tickets_open_nothing_after_it(owner: Browser, time: StoppedClock) -> None:
    reset = asked(owner)
    reset.sign(made.OFFICERS[0])
    reset.sign(made.OFFICERS[1])
    time.advance(DELAY)
    thief = owner.other_browser()
    ticket = signed_in_anew(thief)
    assert not isinstance(reset.finish(), Refused)
    assert thief.post("pairings", {"ticket": ticket, "kind": "regular"}).code == "ticket_refused"
    question = thief.post("recovery/begin", {"login": owner.login})
    content = signing.recovery_content(
        challenge=from_base64url(question["challenge"]), person=owner.person.bytes
    )
    proof = signing.sign(key=owner.recovery_key, label=Label.RECOVERY, content=content)
    body = {
        "login": owner.login,
        "challenge": question["challenge"],
        "signature": to_base64url(proof),
    }
    assert thief.post("recovery/verify", body).code == "recovery_refused"


# --- The letter ---------------------------------------------------------------------------------------------


def test_asking_again_shows_the_same_offer(owner: Browser) -> None:
    new, typed = begun(owner)
    again = Browser(login=owner.login).post("reset/begin", typed)
    assert base64.b32decode(again["totp_secret"]) == new.seed
    assert [from_base64url(body) for body in again["chain"]] == [each.encode() for each in owner.chain]


def test_a_letter_opens_one_thing_once(owner: Browser, time: StoppedClock) -> None:
    new, typed = begun(owner)
    assert new.post("activation/begin", typed).code == "code_refused"
    answered = new.post("reset/request", request_body(new, typed))
    assert "ticket" in answered
    assert new.post("reset/begin", typed).code == "code_used"
    assert new.post("reset/request", request_body(new, typed)).code == "code_used"
    (newcomer,) = admit(row(2))
    first = {"code": letter(newcomer), "personnel_number": newcomer.personnel_number}
    assert new.post("reset/begin", first).code == "code_refused"


def test_letters_are_for_who_was_activated(owner: Browser) -> None:
    (newcomer,) = admit(row(2))
    assert refusal(lambda: resets.issue(person=newcomer.id, actor=OPERATOR)) == "conflict"
    assert refusal(lambda: resets.issue(person=uuid4(), actor=OPERATOR)) == "not_found"
    lifecycle.suspend(person=owner.person, reason="test", actor=OPERATOR)
    assert refusal(lambda: resets.issue(person=owner.person, actor=OPERATOR)) == "person_inactive"


def test_a_letter_ends(owner: Browser, time: StoppedClock) -> None:
    new, typed = begun(owner)
    time.advance(timedelta(days=30))
    assert new.post("reset/request", request_body(new, typed)).code == "code_refused"


def test_guesses_at_letters_cost_time(owner: Browser) -> None:
    begun(owner)
    guesser = Browser(login=owner.login)
    typed = {"code": "0" * 20, "personnel_number": "T-1"}
    answers = [guesser.post("reset/begin", typed).code for _ in range(5)]
    assert answers == ["code_refused"] * 4 + ["rate_limited"]


# --- The request --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"totp": "000000"}, "totp_refused"),
        ({"signin_secret": to_base64url(bytes(32))}, "weak_secret"),
        ({"salt": to_base64url(bytes(16))}, "weak_secret"),
        ({"statement": to_base64url(b"x")}, "statement_malformed"),
        ({"personnel_number": "T-2"}, "code_refused"),
    ],
)
def test_a_refused_request_leaves_the_letter(owner: Browser, change: dict[str, str], code: str) -> None:
    new, typed = begun(owner)
    good = request_body(new, typed)
    assert new.post("reset/request", {**good, **change}).code == code
    assert not ResetRequest.objects.exists()
    assert "ticket" in new.post("reset/request", good)


def test_only_a_reset_of_this_chain_is_taken(owner: Browser) -> None:
    new, typed = begun(owner)
    other = activated(2)
    usual = statement(new)

    def refused(unsigned: Statement, *, extra: SigningKey | None = None) -> tuple[str, object]:
        signed = signed_by_both(new, unsigned)
        if extra:
            content = unsigned.encode()
            officer = sign_statement(statement=unsigned, signers=[(Signer.OFFICER, extra)]).signatures
            signed = SignedStatement(unsigned, (*signed.signatures, *officer))
            assert content
        answered = new.post("reset/request", request_body(new, typed, signed))
        return answered.code, answered.detail.get("rule")

    day = 24 * 3_600_000
    assert refused(replace(usual, flags=Flags.NONE)) == ("statement_refused", "reset_shape")
    assert refused(replace(usual, person=other.person.bytes)) == ("statement_refused", "person")
    assert refused(replace(usual, version=3)) == ("statement_refused", "version")
    assert refused(replace(usual, version=1))[0] == "statement_stale"
    assert refused(replace(usual, prev_hash=bytes(32))) == ("statement_refused", "prev_hash")
    assert refused(replace(usual, revoked=())) == ("statement_refused", "reset_shape")
    assert refused(replace(usual, at=usual.at + day + 1)) == ("statement_refused", "at")
    assert refused(replace(usual, at=usual.at - day - 1)) == ("statement_refused", "at")
    kept = bytes(owner.recovery_key.verify_key)
    assert refused(replace(usual, recovery_key=kept))[0] == "statement_refused"
    ends = clock.now_ms() + 3_600_000
    temporary = replace(entry_of(new), kind=DeviceKind.TEMPORARY, expires_at=ends)
    assert refused(replace(usual, devices=(temporary,))) == ("statement_refused", "reset_shape")
    assert refused(usual, extra=made.OFFICERS[0]) == ("statement_refused", "reset_officers")
    taken = replace(entry_of(new), id=other.device.bytes)
    assert refused(replace(usual, devices=(taken,)))[0] == "conflict"
    assert not ResetRequest.objects.exists()


def test_everybody_concerned_is_told(owner: Browser) -> None:
    told: list[tuple[UUID, int]] = []

    def note(*, person: UUID, earliest: int, **_: Any) -> None:
        told.append((person, earliest))

    reset_requested.connect(note)
    try:
        asked(owner)
    finally:
        reset_requested.disconnect(note)
    assert told == [(owner.person, clock.to_ms(clock.now() + DELAY))]


def test_a_newer_request_drops_the_older(owner: Browser, time: StoppedClock) -> None:
    first = asked(owner)
    time.advance(timedelta(seconds=30))
    second = asked(owner)
    assert first.status()["state"] == "dropped"
    assert first.finish().detail == {"state": "dropped"}
    assert second.status()["state"] == "waiting"
    dropped = ResetRequest.objects.get(id=first.request)
    assert (dropped.signin_hash, dropped.signin_salt, dropped.sealed_totp_seed) == (None, None, None)
