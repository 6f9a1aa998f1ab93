"""Small parts that keep secrets: one-time codes, seals, the authority's key, throttling under concurrency."""

from threading import Barrier, Thread
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.db import connection
from pytest_django import Settings

from accounts import authority, keys, sealing, signing, throttle, totp
from accounts.certificates import SignedCertificate
from accounts.keys import Purpose
from accounts.models import Throttle, TotpFactor
from accounts.signing import Label
from beep import clock
from tests.accounts.support import Browser, Refused, activated
from tests.support.databases import TestDatabase

SEED = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_rfc_6238s(seconds: int, code: str) -> None:
    """Appendix B, SHA-1, the last six digits."""
    assert totp.code(seed=SEED, at_ms=seconds * 1000) == code


def test_the_address_for_authenticators() -> None:
    parts = urlsplit(totp.uri(seed=SEED, login="ali.raza"))
    assert (parts.scheme, parts.netloc, parts.path) == ("otpauth", "totp", "/Beep:ali.raza")
    assert parse_qs(parts.query) == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"],
        "issuer": ["Beep"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }


@pytest.mark.parametrize("token", ["", "28708", "2870822", "28708a", "²87082", "-28708", "+28708", "0x1234"])
def test_what_is_no_code_matches_nothing(token: str) -> None:
    assert totp.matching_step(seed=SEED, token=token, after=-1) is None


def test_a_sealed_seed_opens_for_its_person_alone() -> None:
    person, other = uuid4(), uuid4()
    sealed = sealing.seal(SEED, person=person)
    assert sealing.unseal(sealed, person=person) == SEED
    assert sealing.seal(SEED, person=person) != sealed
    broken = [sealed[:-1], sealed[:5], b"", b"\x02" + sealed[1:], sealed[:-1] + bytes([sealed[-1] ^ 1])]
    for wrong, whose in [*((each, person) for each in broken), (sealed, other)]:
        with pytest.raises(sealing.SealBrokenError):
            sealing.unseal(wrong, person=whose)


@pytest.mark.django_db
def test_a_seed_moved_to_another_row_does_not_open() -> None:
    one, other = activated(1), activated(2)
    stolen = TotpFactor.objects.get(user_id=one.person).sealed_seed
    factor = TotpFactor.objects.get(user_id=other.person)
    factor.sealed_seed = stolen
    with pytest.raises(sealing.SealBrokenError):
        factor.verify_token(one.code())


@pytest.mark.django_db
def test_django_otp_sees_an_ordinary_device() -> None:
    browser = activated()
    factor = TotpFactor.objects.get(user_id=browser.person)
    TotpFactor.objects.update(last_step=-1)
    factor.refresh_from_db()
    assert factor.verify_token(browser.code())
    assert not factor.verify_token(browser.code())


def test_derived_keys_differ_by_purpose() -> None:
    assert len({keys.derived(purpose) for purpose in Purpose}) == len(Purpose)
    assert keys.mac(Purpose.THROTTLE, b"ab", b"c") != keys.mac(Purpose.THROTTLE, b"a", b"bc")


def test_the_authority_signs_what_anybody_can_check() -> None:
    certificate, signature = authority.sign(label=Label.ORDER, content=b"order")
    assert authority.is_configured()
    key = SignedCertificate.parse(certificate).certificate.key
    assert key == authority.public_key()
    assert signing.verify(public_key=key, label=Label.ORDER, content=b"order", signature=signature)
    assert not signing.verify(
        public_key=key, label=Label.IDENTITY_STATEMENT, content=b"order", signature=signature
    )


def test_without_a_key_there_is_no_authority(settings: Settings) -> None:
    settings.AUTHORITY_KEY = None
    assert not authority.is_configured()
    assert authority.public_key() is None
    with pytest.raises(RuntimeError, match="BEEP_AUTHORITY_KEY"):
        authority.sign(label=Label.ORDER, content=b"order")


def test_delays_double_and_end() -> None:
    limits = throttle.LIMITS[Throttle.Scope.ACCOUNT]
    seconds = [limits.delay(failures).total_seconds() for failures in (0, 3, 4, 5, 6, 13, 14, 40, 10_000)]
    assert seconds == [0, 0, 1, 2, 4, 512, 900, 900, 900]


def test_guesses_sent_at_once_are_counted_one_by_one(fresh_database: TestDatabase) -> None:
    """Eight wrong passphrases in the same instant: three are heard, one starts the delay, the rest wait."""
    owner = activated()
    guesser = owner.other_browser()
    guesser.secret = bytes([1] * 32)
    bodies = [guesser.proofs(known=False) for _ in range(8)]
    barrier, codes_ = Barrier(len(bodies)), []

    def guess(body: dict[str, str]) -> None:
        try:
            barrier.wait()
            refused = Browser(login=owner.login).post("sign-in/finish", body)
            assert isinstance(refused, Refused)
            codes_.append(refused.code)
        finally:
            connection.close()

    threads = [Thread(target=guess, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes_.count("sign_in_refused") == 4
    assert codes_.count("rate_limited") == 4


def test_one_code_opens_one_session_however_fast(fresh_database: TestDatabase) -> None:
    with clock.stopped():
        owner = activated()
        TotpFactor.objects.update(last_step=-1)
        bodies = [owner.proofs() for _ in range(4)]
        barrier, outcomes = Barrier(len(bodies)), []

        def enter(body: dict[str, str]) -> None:
            try:
                barrier.wait()
                answered = Browser(login=owner.login).post("sign-in/finish", body)
                outcomes.append(answered.code if isinstance(answered, Refused) else answered["outcome"])
            finally:
                connection.close()

        threads = [Thread(target=enter, args=(body,)) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(outcomes) == ["session", "sign_in_refused", "sign_in_refused", "sign_in_refused"]
