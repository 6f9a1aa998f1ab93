"""What a reset waits for and what stops it: officers, the chain, the database; and the commands."""

import base64
import builtins
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError
from nacl.signing import SigningKey
from pytest_django import Settings

from accounts import key_files, lifecycle, reset_officers, signing
from accounts.certificates import Purpose
from accounts.identity import sign_statement
from accounts.key_files import Kind
from accounts.models import (
    Device,
    IdentityStatement,
    KeptCertificate,
    ResetRequest,
    ResetSignature,
    Session,
)
from accounts.signing import Label
from accounts.statements import (
    SignedStatement,
    Signer,
)
from audit import intake
from beep import clock
from beep.clock import StoppedClock
from beep.schemas import from_base64url, to_base64url
from tests.accounts.devices import signed_in_anew
from tests.accounts.resets import (
    DELAY,
    asked,
    refusal,
    statement,
)
from tests.accounts.support import OPERATOR, Browser, Refused, activated, at_once
from tests.support import trust as made
from tests.support.databases import TestDatabase

# --- What stops it ------------------------------------------------------------------------------------------


def test_a_device_that_is_still_there_stops_it(owner: Browser, time: StoppedClock) -> None:
    """Whoever sees the notice and was not asking renames a device, or does anything that grows the chain."""
    reset = asked(owner)
    reset.sign(made.OFFICERS[0])
    renamed = owner.next(replace(owner.entry(), name="Mine"), signer=(Signer.DEVICE, owner.key))
    assert "devices" in owner.post("devices/rename", {"statement": to_base64url(renamed.encode())})
    assert refusal(lambda: reset.sign(made.OFFICERS[1])) == "conflict"
    assert reset_officers.one(request=reset.request).void == "chain has grown"
    assert reset.status()["state"] == "dropped"
    time.advance(DELAY)
    assert reset.finish().detail == {"state": "dropped"}
    assert ResetRequest.objects.get().state == "dropped"
    assert owner.get("me")["login"] == owner.login


def test_an_officer_drops_it(owner: Browser) -> None:
    reset = asked(owner)
    reset_officers.drop(request=reset.request, reason="test", actor=OPERATOR)
    assert reset.status()["state"] == "dropped"
    assert refusal(lambda: reset.sign(made.OFFICERS[0])) == "not_found"
    again = lambda: reset_officers.drop(request=reset.request, reason="x", actor=OPERATOR)  # noqa: E731
    assert refusal(again) == "not_found"


def test_who_leaves_is_not_reset(owner: Browser, time: StoppedClock) -> None:
    reset = asked(owner)
    lifecycle.leave(person=owner.person, reason="test", actor=OPERATOR)
    assert reset.status()["state"] == "dropped"


def test_who_is_suspended_waits(owner: Browser, time: StoppedClock) -> None:
    reset = asked(owner)
    reset.sign(made.OFFICERS[0])
    reset.sign(made.OFFICERS[1])
    time.advance(DELAY)
    lifecycle.suspend(person=owner.person, reason="test", actor=OPERATOR)
    assert reset.finish().code == "person_inactive"


def test_after_thirty_days_it_is_void(owner: Browser, time: StoppedClock) -> None:
    reset = asked(owner)
    time.advance(timedelta(days=30))
    assert reset.status()["state"] == "dropped"


def test_one_officer_is_not_enough_however_often(owner: Browser, time: StoppedClock) -> None:
    reset = asked(owner)
    reset.sign(made.OFFICERS[0])
    assert refusal(lambda: reset.sign(made.OFFICERS[0])) == "conflict"
    time.advance(DELAY)
    assert reset.finish().detail == {"state": "waiting"}
    assert IdentityStatement.objects.count() == 1


def test_an_officer_with_two_keys_is_one_officer(owner: Browser, settings: Settings) -> None:
    """Somebody whose key is being replaced has two certificates for a while."""
    newer = made.certificate(made.OFFICERS[1], Purpose.OFFICER, name="Officer 1")
    settings.CERTIFICATES = tuple(each.encode() for each in (*made.CERTIFICATES[:2], newer))
    reset = asked(owner)
    reset.sign(made.OFFICERS[0])
    assert refusal(lambda: reset.sign(made.OFFICERS[1])) == "conflict"


@pytest.mark.parametrize("case", ["stranger", "authority", "other_root", "ended", "not_yet"])
def test_who_is_no_officer_signs_nothing(owner: Browser, settings: Settings, case: str) -> None:
    key = made.AUTHORITY if case == "authority" else SigningKey.generate()
    now = clock.now_ms()
    given = {
        "stranger": [],
        "authority": [],
        "other_root": [made.certificate(key, Purpose.OFFICER, root=SigningKey.generate())],
        "ended": [made.certificate(key, Purpose.OFFICER, not_after=now)],
        "not_yet": [made.certificate(key, Purpose.OFFICER, not_before=now + 1)],
    }[case]
    settings.CERTIFICATES = tuple(each.encode() for each in (*made.CERTIFICATES, *given))
    reset = asked(owner)
    assert refusal(lambda: reset.sign(key)) == "forbidden"


def test_a_certificate_made_after_the_request_does_not_count(
    owner: Browser, time: StoppedClock, settings: Settings
) -> None:
    """Readers of the chain judge by the statement's time."""
    reset = asked(owner)
    time.advance(timedelta(hours=1))
    key = SigningKey.generate()
    late = made.certificate(key, Purpose.OFFICER, not_before=clock.now_ms())
    settings.CERTIFICATES = tuple(each.encode() for each in (*made.CERTIFICATES, late))
    assert refusal(lambda: reset.sign(key)) == "forbidden"


def test_an_officer_signs_what_was_shown(owner: Browser) -> None:
    reset = asked(owner)
    reset.hash = secrets.token_bytes(32)
    assert refusal(lambda: reset.sign(made.OFFICERS[0])) == "conflict"


def test_finishing_needs_the_new_devices_key(owner: Browser, time: StoppedClock) -> None:
    reset = asked(owner)
    reset.sign(made.OFFICERS[0])
    reset.sign(made.OFFICERS[1])
    time.advance(DELAY)
    assert reset.finish(key=SigningKey.generate()).code == "sign_in_refused"
    assert reset.finish(ticket=to_base64url(bytes(32))).code == "ticket_refused"
    assert Device.objects.count() == 1
    assert not isinstance(reset.finish(), Refused)


def test_whoever_writes_the_signatures_into_the_table_resets_nobody(
    owner: Browser, time: StoppedClock
) -> None:
    """Two rows with keys of their own: the chain asks for certified officers, and the append fails whole."""
    reset = asked(owner)
    for _ in range(2):
        key = SigningKey.generate()
        unsigned = SignedStatement.parse(bytes(ResetRequest.objects.get().statement)).statement
        ResetSignature.objects.create(
            request_id=reset.request,
            officer_key=bytes(key.verify_key),
            signature=signing.sign(key=key, label=Label.IDENTITY_STATEMENT, content=unsigned.encode()),
            certificate=made.certificate(key, Purpose.OFFICER, root=SigningKey.generate()).encode(),
            signed_at=clock.now(),
        )
    time.advance(DELAY)
    refused = reset.finish()
    assert (refused.code, refused.detail) == ("statement_refused", {"rule": "reset_officers"})
    assert owner.get("me")["login"] == owner.login
    assert not KeptCertificate.objects.exists()
    time.advance(timedelta(seconds=30))
    assert owner.sign_in()["outcome"] == "session"


def test_a_reset_comes_in_by_no_other_door(owner: Browser, time: StoppedClock) -> None:
    """Fully signed, and sent where other statements go."""
    new = Browser(login=owner.login, person=owner.person, chain=list(owner.chain))
    signers = [(Signer.DEVICE, new.key), (Signer.RECOVERY, new.recovery_key)]
    officers = sorted(made.OFFICERS[:2], key=lambda key: bytes(key.verify_key))
    signers += [(Signer.OFFICER, key) for key in officers]
    whole = to_base64url(sign_statement(statement=statement(new), signers=signers).encode())
    thief = owner.other_browser()
    ticket = signed_in_anew(thief)
    assert thief.post("sign-in/replace", {"ticket": ticket, "statement": whole}).detail == {"rule": "signer"}
    assert owner.post("devices/revoke", {"statement": whole}).detail == {"rule": "one_device"}
    assert owner.post("devices/rename", {"statement": whole}).detail == {"rule": "one_device"}
    pairing = thief.post("pairings", {"ticket": ticket, "kind": "regular"})["pairing"]
    refused = owner.post(f"pairings/{pairing}/approve", {"statement": whole})
    assert refused.detail == {"rule": "signer"}


# --- The database -------------------------------------------------------------------------------------------


def test_the_database_keeps_a_request_as_it_was_asked(owner: Browser) -> None:
    reset = asked(owner)
    reset.sign(made.OFFICERS[0])
    rows = ResetRequest.objects.filter(id=reset.request)

    def execute(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    def refuses(act: Callable[[], Any], match: str) -> None:
        with pytest.raises((IntegrityError, ProgrammingError), match=match), transaction.atomic():
            act()

    refuses(lambda: rows.update(earliest_at=clock.now()), "append-only")
    refuses(lambda: rows.update(statement=b"x"), "append-only")
    refuses(lambda: rows.update(signin_hash=bytes(32)), "append-only")
    refuses(lambda: rows.update(state="dropped"), "reset_secrets_erased_at_the_end")
    refuses(lambda: execute("DELETE FROM accounts_resetrequest"), "permission denied")
    refuses(lambda: ResetSignature.objects.update(signed_at=clock.now()), "permission denied")
    refuses(lambda: ResetSignature.objects.all().delete(), "permission denied")
    reset_officers.drop(request=reset.request, reason="test", actor=OPERATOR)
    refuses(lambda: rows.update(state="open", ended_at=None), "append-only|reset_secrets")


def test_secrets_are_hashed_sealed_and_never_told(
    owner: Browser, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[Any] = []
    monkeypatch.setattr(intake, "record", recorded.append)
    reset = asked(owner)
    reset.sign(made.OFFICERS[0])
    reset.status()
    stored = ResetRequest.objects.get()
    row_ = repr(
        {
            name: bytes(value) if isinstance(value, memoryview) else value
            for name, value in vars(stored).items()
        }
    )
    logged = "".join(capsys.readouterr()) + repr(recorded)
    secrets_ = (reset.new.secret, reset.new.seed, from_base64url(reset.ticket), reset.new.recovery_value)
    for secret in secrets_:
        for spelled in (repr(secret)[2:-1], to_base64url(secret), base64.b32encode(secret).decode()):
            assert spelled not in row_
            assert spelled not in logged
    actions = [event.action for event in recorded]
    assert actions == ["reset.letter_issued", "reset.begun", "reset.requested", "reset.signed"]


# --- At once ------------------------------------------------------------------------------------------------


def test_officers_and_finishes_at_once(fresh_database: TestDatabase, time: StoppedClock) -> None:
    """The same officer twice counts once; of three officers two sign; two finishes open one session."""
    owner = activated()
    time.advance(timedelta(seconds=30))
    reset = asked(owner)
    one, *others = made.OFFICERS
    assert at_once(lambda: reset.sign(one), lambda: reset.sign(one)) == ["conflict", "ok"]
    assert at_once(*[partial(reset.sign, key) for key in others]) == ["conflict", "ok"]
    time.advance(DELAY)
    assert at_once(reset.finish, reset.finish, reset.finish) == ["ok", "ticket_refused", "ticket_refused"]
    assert Session.objects.filter(ended_at__isnull=True).count() == 1
    assert IdentityStatement.objects.count() == 2


# --- The commands -------------------------------------------------------------------------------------------


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_the_commands(
    owner: Browser, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    phrase = tmp_path / "phrase"
    phrase.write_text("a phrase of some length\n")
    file = tmp_path / "officer.key"
    public = key_files.make(file, kind=Kind.OFFICER, passphrase="a phrase of some length")
    officer = made.certificate(
        key_files.open_(file, kind=Kind.OFFICER, passphrase="a phrase of some length"),
        Purpose.OFFICER,
        name="Officer at the desk",
    )
    settings.CERTIFICATES = tuple(each.encode() for each in (*made.CERTIFICATES, officer))
    assert officer.certificate.key == public
    assert "Nobody asks" in run("reset_list")
    printed = run("reset_letter", f"--login={owner.login}")
    assert "personnel number T-1" in printed
    with pytest.raises(CommandError, match="nobody"):
        run("reset_letter", "--login=no.such.person")
    reset = asked(owner)
    listed = run("reset_list")
    for part in (str(reset.request), "Person Number 1", "Browser", reset.hash.hex(), "(nobody yet)"):
        assert part in listed
    sign = ("reset_sign", f"--request={reset.request}", f"--key={file}", f"--passphrase-file={phrase}")
    monkeypatch.setattr(builtins, "input", lambda _: "no")
    with pytest.raises(CommandError, match="nothing was signed"):
        run(*sign)
    monkeypatch.setattr(builtins, "input", lambda _: "yes")
    assert "Signed; 1 of 2." in run(*sign)
    with pytest.raises(CommandError, match="signed already"):
        run(*sign)
    assert "signed by   Officer at the desk" in run("reset_list")
    assert run("reset_drop", f"--request={reset.request}", "--reason=test") == "Dropped.\n"
    with pytest.raises(CommandError, match="no such open request"):
        run(*sign)
