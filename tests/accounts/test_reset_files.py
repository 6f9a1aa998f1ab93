"""Officers who sign a reset on a machine of their own: what goes there, comes back, and is refused."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey
from pytest_django import Settings

from accounts import key_files, reset_files, reset_officers
from accounts.certificates import Purpose
from accounts.identity import sign_statement
from accounts.key_files import Kind
from accounts.reset_files import RequestFile, ResetFileError, SignatureFile
from accounts.statements import DeviceEntry, DeviceKind, Flags, RevokedEntry, Signer, Statement
from audit import events, intake
from beep import clock
from beep.clock import StoppedClock
from tests.accounts.resets import DELAY, Asked, asked, refusal
from tests.accounts.support import OPERATOR, Browser, Refused
from tests.support import trust as made

PHRASE = "a phrase of some length"
MANAGE = Path(__file__).parents[2] / "manage.py"


def elsewhere(reset: Asked, key: SigningKey) -> SignatureFile:
    """What an officer signs who has only the file."""
    request = RequestFile.parse(reset_officers.exported(request=reset.request).encode())
    return SignatureFile.parse(reset_files.sign(request, key=key).encode())


def bring_in(signed: SignatureFile) -> int:
    return reset_officers.bring_in(signed=signed, actor=OPERATOR)


# --- The whole way ------------------------------------------------------------------------------------------


def test_two_officers_elsewhere_in_any_order(owner: Browser, time: StoppedClock) -> None:
    reset = asked(owner)
    one, two = (elsewhere(reset, key) for key in made.OFFICERS[:2])
    assert (bring_in(two), bring_in(one)) == (1, 2)
    time.advance(DELAY)
    assert not isinstance(reset.finish(), Refused)


def test_one_here_and_one_elsewhere(owner: Browser, time: StoppedClock) -> None:
    reset = asked(owner)
    away = elsewhere(reset, made.OFFICERS[1])
    assert (reset.sign(made.OFFICERS[0]), bring_in(away)) == (1, 2)
    time.advance(DELAY)
    assert not isinstance(reset.finish(), Refused)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("reset_file", *arguments, stdout=out)
    return out.getvalue()


def officers_machine(*arguments: str, typed: str) -> "subprocess.CompletedProcess[str]":
    """`sign` in a process that knows of no database and no server."""
    environment = {"BEEP_TOOLING": "1", "PATH": os.environ["PATH"]}
    command = [sys.executable, str(MANAGE), "reset_file", "sign", *arguments]
    return subprocess.run(
        command, env=environment, input=typed, capture_output=True, text=True, check=False, cwd=MANAGE.parent
    )


def test_the_ceremony(owner: Browser, tmp_path: Path, settings: Settings) -> None:
    phrase, key, out, back = (tmp_path / name for name in ("phrase", "key", "request.json", "signed.json"))
    phrase.write_text(f"{PHRASE}\n")
    key_files.make(key, kind=Kind.OFFICER, passphrase=PHRASE)
    held = key_files.open_(key, kind=Kind.OFFICER, passphrase=PHRASE)
    officer = made.certificate(held, Purpose.OFFICER, name="Officer far away")
    settings.CERTIFICATES = tuple(each.encode() for each in (*made.CERTIFICATES, officer))
    reset = asked(owner)
    shown = run("export", f"--request={reset.request}", f"--out={out}")
    assert reset.hash.hex() in shown
    assert "Person Number 1" in shown
    assert out.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CommandError, match="exists"):
        run("export", f"--request={reset.request}", f"--out={out}")
    sign = (str(out), f"--key={key}", f"--out={back}", f"--passphrase-file={phrase}")
    refused = officers_machine(*sign, typed="no\n")
    assert refused.returncode != 0
    assert "nothing was signed" in refused.stderr
    assert not back.exists()
    signed = officers_machine(*sign, typed="yes\n")
    assert signed.returncode == 0, signed.stderr
    for part in (reset.hash.hex(), "Person Number 1", "personnel number T-1", "Section Officer", "Browser"):
        assert part in signed.stdout
    assert "Added; 1 of 2." in run("add", str(back))
    with pytest.raises(CommandError, match="signed already"):
        run("add", str(back))
    with pytest.raises(CommandError, match="no reset signature"):
        run("add", str(out))
    assert reset_officers.one(request=reset.request).signed_by == ("Officer far away",)


# --- What does not count ------------------------------------------------------------------------------------


def test_one_officer_counts_once(owner: Browser, settings: Settings) -> None:
    """The same file again, the same key beside the database, and another key of the same person."""
    reset = asked(owner)
    signed = elsewhere(reset, made.OFFICERS[0])
    assert bring_in(signed) == 1
    assert refusal(lambda: bring_in(signed)) == "conflict"
    assert refusal(lambda: reset.sign(made.OFFICERS[0])) == "conflict"
    other = SigningKey.generate()
    renewed = made.certificate(other, Purpose.OFFICER, name="Officer 1")
    settings.CERTIFICATES = tuple(each.encode() for each in (*made.CERTIFICATES, renewed))
    assert refusal(lambda: bring_in(elsewhere(reset, other))) == "conflict"
    assert reset.status()["officers"] == 1


def test_a_signature_counts_for_its_request_alone(owner: Browser, time: StoppedClock) -> None:
    first = asked(owner)
    signed = elsewhere(first, made.OFFICERS[0])
    time.advance(timedelta(seconds=30))
    second = asked(owner)
    assert refusal(lambda: bring_in(signed)) == "not_found", "its request was dropped by the newer one"
    assert refusal(lambda: bring_in(replace(signed, request=second.request))) == "conflict"
    moved = replace(signed, request=second.request, hash=second.hash)
    assert refusal(lambda: bring_in(moved)) == "statement_refused"
    assert refusal(lambda: bring_in(replace(signed, request=uuid4()))) == "not_found"
    assert second.status()["officers"] == 0


def test_only_a_certified_officers_signature_counts(
    owner: Browser, time: StoppedClock, settings: Settings
) -> None:
    reset = asked(owner)
    assert refusal(lambda: bring_in(elsewhere(reset, SigningKey.generate()))) == "forbidden"
    assert refusal(lambda: bring_in(elsewhere(reset, made.AUTHORITY))) == "forbidden"
    short = SigningKey.generate()
    ends = clock.to_ms(clock.now() + timedelta(hours=1))
    brief = made.certificate(short, Purpose.OFFICER, name="Brief", not_after=ends)
    settings.CERTIFICATES = tuple(each.encode() for each in (*made.CERTIFICATES, brief))
    signed = elsewhere(reset, short)
    time.advance(timedelta(hours=1))
    assert refusal(lambda: bring_in(signed)) == "forbidden", "signed in time and brought too late"
    forged = replace(elsewhere(reset, SigningKey.generate()), key=bytes(made.OFFICERS[0].verify_key))
    assert refusal(lambda: bring_in(forged)) == "statement_refused"


def test_what_is_refused_is_recorded(owner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    reset = asked(owner)
    stranger = SigningKey.generate()
    signed = elsewhere(reset, stranger)
    recorded: list[events.Event] = []
    monkeypatch.setattr(intake, "record", recorded.append)
    assert refusal(lambda: bring_in(signed)) == "forbidden"
    (event,) = recorded
    assert isinstance(event, events.ResetSigned)
    assert (event.outcome, event.error, event.target) == ("refused", "forbidden", owner.person)
    assert event.officer == bytes(stranger.verify_key)


def test_a_request_that_is_void_is_not_given_out(owner: Browser, time: StoppedClock) -> None:
    reset = asked(owner)
    signed = elsewhere(reset, made.OFFICERS[0])
    time.advance(timedelta(days=30))
    assert refusal(lambda: reset_officers.exported(request=reset.request)) == "conflict"
    assert refusal(lambda: bring_in(signed)) == "conflict"
    assert refusal(lambda: reset_officers.exported(request=uuid4())) == "not_found"


# --- The files ----------------------------------------------------------------------------------------------


def a_request() -> RequestFile:
    """A good one, of nobody in the database."""
    person, at = uuid4().bytes, 1_780_000_000_000
    old, new, paper, fresh = (SigningKey.generate() for _ in range(4))

    def entry(key: SigningKey) -> DeviceEntry:
        return DeviceEntry(uuid4().bytes, "Browser", DeviceKind.REGULAR, bytes(key.verify_key), at)

    first = Statement(person, 1, bytes(32), bytes(paper.verify_key), Flags.NONE, (entry(old),), (), at)
    gone = tuple(RevokedEntry(each.id, each.signature_key, at) for each in first.devices)
    reset = Statement(
        person, 2, first.hash, bytes(fresh.verify_key), Flags.RESET, (entry(new),), gone, at + 1
    )
    told = dict.fromkeys(reset_files.PERSON, "") | {"login": "ayesha", "name_local": "عائشہ"}
    return RequestFile(
        request=uuid4(),
        asked_at=at,
        earliest=at + 72 * 3_600_000,
        person=told,
        previous=sign_statement(
            statement=first, signers=[(Signer.DEVICE, old), (Signer.RECOVERY, paper)]
        ).encode(),
        statement=sign_statement(
            statement=reset, signers=[(Signer.DEVICE, new), (Signer.RECOVERY, fresh)]
        ).encode(),
    )


GOOD = a_request()
FILE = GOOD.encode()
SIGNED = reset_files.sign(GOOD, key=SigningKey(bytes(32))).encode()


def changed(**fields: Any) -> bytes:
    """The request's file with other fields, spelled as this program spells."""
    content = {**json.loads(FILE), **fields}
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def test_a_file_is_read_as_it_was_written() -> None:
    assert RequestFile.parse(FILE) == GOOD
    assert SignatureFile.parse(SIGNED).encode() == SIGNED
    assert changed() == FILE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b"\xff" + FILE,
        SIGNED,
        FILE + b" ",
        FILE.replace(b"\n", b"\r\n"),
        FILE.replace(b'"format": 1', b'"format": 1, "format": 1'),
        json.dumps(json.loads(FILE)).encode(),
        b" " * (reset_files.MAX_FILE_BYTES + 1),
        changed(format=2),
        changed(format=True),
        changed(more=1),
        changed(request="me"),
        changed(request=str(GOOD.request).upper()),
        changed(asked_at=-1),
        changed(asked_at=1.5),
        changed(asked_at=True),
        changed(earliest=10**15),
        changed(statement=json.loads(FILE)["previous"]),
        changed(previous=json.loads(FILE)["statement"]),
        changed(statement="AA=="),
        changed(statement="%%"),
        changed(statement=7),
        changed(person=[]),
        changed(person={**GOOD.person, "more": ""}),
        changed(person={**GOOD.person, "login": None}),
        changed(person={**GOOD.person, "login": "x" * 2_001}),
        changed(person={**GOOD.person, "login": "somebody\u001b[2Kelse"}),
        changed(person={**GOOD.person, "login": "two\nlines"}),
        changed(person={**GOOD.person, "login": "back\u202ewards"}),
    ],
    ids=lambda data: f"{len(data)} bytes",
)
def test_any_other_file_is_refused(data: bytes) -> None:
    with pytest.raises(ResetFileError):
        RequestFile.parse(data)


@given(st.binary(max_size=600))
def test_noise_is_refused(data: bytes) -> None:
    for parse in (RequestFile.parse, SignatureFile.parse):
        with pytest.raises(ResetFileError):
            parse(data)


@given(st.integers(0, len(FILE) - 1), st.integers(0, 255), st.sampled_from([FILE, SIGNED]))
def test_one_changed_byte_is_refused_or_is_what_it_says(at: int, value: int, file: bytes) -> None:
    """Nothing but ResetFileError is raised, and what is read is written as the same bytes."""
    data = file[: at % len(file)] + bytes([value]) + file[at % len(file) + 1 :]
    parse = RequestFile.parse if file is FILE else SignatureFile.parse
    try:
        read = parse(data)
    except ResetFileError:
        return
    assert read.encode() == data


def test_words_are_made_fit_to_be_shown() -> None:
    assert reset_files.plain("Ayesha\u001b[2K \u202ex عائشہ\u200c") == "Ayesha\ufffd[2K \ufffdx عائشہ\u200c"
