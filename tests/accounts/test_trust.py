"""The offline root: the ceremony's commands, the start-up check, and what clients are told."""

import base64
import json
import stat
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client
from nacl.signing import SigningKey
from pytest_django import Settings

from accounts import authority, checks, key_files, signing, trust
from accounts.certificates import Purpose, SignedCertificate, verify_certificate
from accounts.key_files import KeyFileError, Kind
from accounts.models import KeptCertificate
from accounts.signing import Label
from beep import clock
from beep.schemas import from_base64url
from tests.support import trust as made

PASSPHRASE = "correct horse battery staple"


@pytest.fixture(scope="module")
def passphrase(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The option that names a file with the passphrase."""
    file = tmp_path_factory.mktemp("passphrase") / "file"
    file.write_text(PASSPHRASE + "\nnot this line\n")
    return f"--passphrase-file={file}"


@pytest.fixture(scope="module")
def root_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root's key file; making one takes most of a second."""
    file = tmp_path_factory.mktemp("root") / "root.key"
    key_files.make(file, kind=Kind.ROOT, passphrase=PASSPHRASE)
    return file


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


# --- Key files ----------------------------------------------------------------------------------------------


def test_a_key_file_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    file = tmp_path / "root.key"
    public = key_files.make(file, kind=Kind.ROOT, passphrase=PASSPHRASE)
    key = key_files.open_(file, kind=Kind.ROOT, passphrase=PASSPHRASE)
    assert bytes(key.verify_key) == public == key_files.public_key(file, kind=Kind.ROOT)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = file.read_bytes()
    for secret in (bytes(key), base64.b64encode(bytes(key)), PASSPHRASE.encode()):
        assert secret not in content
    with pytest.raises(KeyFileError, match="passphrase"):
        key_files.open_(file, kind=Kind.ROOT, passphrase=PASSPHRASE.upper())
    with pytest.raises(KeyFileError, match="kind officer"):
        key_files.open_(file, kind=Kind.OFFICER, passphrase=PASSPHRASE)


def test_a_relabelled_file_is_still_what_it_was(tmp_path: Path) -> None:
    """The kind is inside the box as well, and the public key must be the private one's."""
    file = tmp_path / "officer.key"
    key_files.make(file, kind=Kind.OFFICER, passphrase=PASSPHRASE)
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "kind": "root"}))
    with pytest.raises(KeyFileError, match="no root key"):
        key_files.open_(file, kind=Kind.ROOT, passphrase=PASSPHRASE)
    other = base64.b64encode(bytes(SigningKey.generate().verify_key)).decode()
    file.write_text(json.dumps({**content, "public_key": other}))
    with pytest.raises(KeyFileError, match="another public key"):
        key_files.open_(file, kind=Kind.OFFICER, passphrase=PASSPHRASE)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"beep": "key"},
        {"salt": ""},
        {"salt": "!"},
        {"public_key": 7},
        {"sealed": None},
        {"more": 1},
        None,
    ],
)
def test_other_files_are_no_keys(tmp_path: Path, change: dict[str, Any] | None) -> None:
    file = tmp_path / "file"
    usual = {"beep": "sealed key", "format": 1, "kind": "root"}
    key, salt = (base64.b64encode(bytes(count)).decode() for count in (32, 16))
    usual |= {"public_key": key, "salt": salt, "sealed": ""}
    file.write_text("[" * 5000 if change is None else json.dumps({**usual, **change}))
    with pytest.raises(KeyFileError, match="not a sealed key"):
        key_files.public_key(file, kind=Kind.ROOT)


def test_nothing_is_written_over_and_short_passphrases_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "root.key"
    with pytest.raises(KeyFileError, match="12 characters"):
        key_files.make(file, kind=Kind.ROOT, passphrase="short")
    assert not file.exists()
    file.write_text("precious")
    with pytest.raises(FileExistsError):
        key_files.make(file, kind=Kind.ROOT, passphrase=PASSPHRASE)
    assert file.read_text() == "precious"


# --- The ceremony -------------------------------------------------------------------------------------------


def test_the_ceremony(tmp_path: Path, passphrase: str, settings: Settings) -> None:
    """Root, authority, two officers: what the commands print is what the server then trusts."""
    root_file = tmp_path / "root.key"
    root = run("trust_root", "make", f"--out={root_file}", passphrase)
    assert run("trust_root", "show", str(root_file)) == root
    seed = SigningKey.generate()
    keys = [base64.b64encode(bytes(seed.verify_key)).decode()]
    for number in (1, 2):
        file = tmp_path / f"officer-{number}.key"
        keys.append(run("officer_key", "make", f"--out={file}", passphrase))
        assert run("officer_key", "show", str(file)) == keys[-1]
    lines = [
        run(
            "trust_certify",
            f"--root={root_file}",
            f"--key={key}",
            f"--purpose={purpose}",
            f"--name=Somebody for {purpose}",
            "--days=365",
            passphrase,
        )
        for key, purpose in zip(keys, ["authority", "officer", "officer"], strict=True)
    ]
    settings.ROOT_KEY = base64.b64decode(root)
    settings.AUTHORITY_KEY = bytes(seed)
    assert authority.is_configured() is False
    settings.CERTIFICATES = tuple(base64.b64decode(line) for line in lines)
    assert authority.is_configured() is True
    checks.enforce()
    certificate, signature = authority.sign(label=Label.ORDER, content=b"order")
    signed = verify_certificate(
        SignedCertificate.parse(certificate),
        root=settings.ROOT_KEY,
        purpose=Purpose.AUTHORITY,
        at=clock.now_ms(),
    )
    assert signing.verify(public_key=signed.key, label=Label.ORDER, content=b"order", signature=signature)
    shown = run("trust_show")
    assert [line.split()[0] for line in shown.splitlines()] == [
        "root",
        "authority",
        "authority",
        "officer",
        "officer",
    ]
    assert "ERROR" not in shown
    assert "warning" not in shown


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": "x"}, "32 bytes"),
        ({"days": "0"}, "--days"),
        ({"days": "3661"}, "--days"),
        ({"name": ""}, "no client"),
        ({"name": "a\nb"}, "no client"),
        # A file has nothing below it, on any machine.
        ({"root": f"{__file__}/root"}, "Not a directory"),
    ],
)
def test_the_root_signs_no_nonsense(
    root_file: Path, passphrase: str, change: dict[str, str], message: str
) -> None:
    key = base64.b64encode(bytes(SigningKey.generate().verify_key)).decode()
    usual = {"root": str(root_file), "key": key, "purpose": "officer", "name": "X", "days": "1"}
    arguments = [f"--{name}={value}" for name, value in {**usual, **change}.items()]
    with pytest.raises(CommandError, match=message):
        run("trust_certify", *arguments, passphrase)


def test_a_typed_passphrase_is_typed_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter([PASSPHRASE, PASSPHRASE + "r"])
    monkeypatch.setattr("accounts.management.keys.getpass", lambda _: next(typed))
    with pytest.raises(CommandError, match="not the same"):
        run("officer_key", "make", f"--out={tmp_path / 'key'}")
    assert not (tmp_path / "key").exists()


# --- The start-up check -------------------------------------------------------------------------------------


def ids() -> list[str | None]:
    return [message.id for message in checks.certificates(None)]


def bodies(*signed: SignedCertificate) -> tuple[bytes, ...]:
    return tuple(each.encode() for each in signed)


def test_the_tests_own_trust_is_good() -> None:
    assert ids() == []
    assert trust.ending() == []


def test_an_authority_without_a_certificate_does_not_start(settings: Settings) -> None:
    settings.CERTIFICATES = bodies(*made.CERTIFICATES[1:])
    assert ids() == ["accounts.E004"]
    with pytest.raises(ImproperlyConfigured, match="BEEP_AUTHORITY_KEY"):
        checks.enforce()
    settings.AUTHORITY_KEY = None
    assert ids() == []


def test_a_root_that_is_not_named_does_not_start(settings: Settings) -> None:
    settings.ROOT_KEY = None
    assert ids() == ["accounts.E002"]
    settings.CERTIFICATES = ()
    assert ids() == ["accounts.E002"]
    settings.AUTHORITY_KEY = None
    assert ids() == []


def test_certificates_of_another_root_do_not_start(settings: Settings) -> None:
    stranger = SigningKey.generate()
    false = made.certificate(made.AUTHORITY, Purpose.AUTHORITY, root=stranger)
    settings.CERTIFICATES = bodies(false, *made.CERTIFICATES)
    assert ids() == ["accounts.E003"]
    settings.CERTIFICATES = (b"\x00\x01nonsense",)
    assert ids() == ["accounts.E001"]


def test_an_officers_certificate_is_not_the_authoritys(settings: Settings) -> None:
    swapped = made.certificate(made.AUTHORITY, Purpose.OFFICER)
    settings.CERTIFICATES = bodies(swapped, *made.CERTIFICATES[1:])
    assert ids() == ["accounts.E004"]
    assert not authority.is_configured()


def test_certificates_that_end_are_complained_of_in_time(settings: Settings) -> None:
    now = clock.now()
    with clock.stopped(now) as time:
        ends = clock.to_ms(now + timedelta(days=40))
        short = made.certificate(made.AUTHORITY, Purpose.AUTHORITY, name="Short", not_after=ends)
        settings.CERTIFICATES = bodies(short, *made.CERTIFICATES[1:])
        assert ids() == []
        time.advance(timedelta(days=10))
        assert ids() == ["accounts.W001"]
        assert [(each.name, each.purpose) for each in trust.ending()] == [("Short", Purpose.AUTHORITY)]
        assert authority.is_configured()
        # A newer certificate for the same key is all it takes.
        settings.CERTIFICATES = bodies(short, *made.CERTIFICATES)
        assert ids() == []
        settings.CERTIFICATES = bodies(short, *made.CERTIFICATES[1:])
        time.advance(timedelta(days=30))
        assert ids() == ["accounts.E004", "accounts.W001"]
        assert not authority.is_configured()


def test_one_officer_resets_nobody(settings: Settings) -> None:
    settings.CERTIFICATES = bodies(*made.CERTIFICATES[:2])
    assert ids() == ["accounts.W002"]
    checks.enforce()


# --- What clients are told ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_anybody_may_know_whom_the_root_vouches_for(client: Client) -> None:
    told = client.get("/api/v1/trust").json()
    assert from_base64url(told["root"]) == bytes(made.ROOT.verify_key)
    assert [from_base64url(body) for body in told["certificates"]] == list(bodies(*made.CERTIFICATES))


@pytest.mark.django_db
def test_without_a_root_nothing_is_certified(client: Client, settings: Settings) -> None:
    settings.ROOT_KEY, settings.CERTIFICATES = None, ()
    nothing: dict[str, object] = {"root": None, "certificates": [], "key_log": None}
    assert client.get("/api/v1/trust").json() == nothing


@pytest.mark.django_db
def test_what_a_reset_rests_on_is_kept_for_good(client: Client, settings: Settings) -> None:
    officer = made.CERTIFICATES[1]
    trust.keep([officer, officer])
    trust.keep([officer])
    assert KeptCertificate.objects.count() == 1
    assert len(client.get("/api/v1/trust").json()["certificates"]) == len(made.CERTIFICATES)
    settings.CERTIFICATES = bodies(made.CERTIFICATES[0])
    told = client.get("/api/v1/trust").json()["certificates"]
    assert [from_base64url(body) for body in told] == list(bodies(made.CERTIFICATES[0], officer))
