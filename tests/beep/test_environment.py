"""The process starts with a complete, well-formed environment or not at all."""

import base64
import os
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from beep.demo.configuration import ROOT
from beep.environment import DatabaseUrl, Environment, is_loopback

KEY = base64.b64encode(bytes(range(32))).decode()
PRODUCTION = {
    "BEEP_ORIGIN": "https://beep.example.gov",
    "BEEP_SECRET_KEY": "secret and random, 32 characters",
    "BEEP_FIELD_KEY": KEY,
    "BEEP_CODE_KEY": KEY,
    "DATABASE_URL": "postgresql://beep_app:a%2Fb@db:5433/beep?sslmode=verify-full",
    "DATABASE_URL_MIGRATOR": "postgresql://beep_migrator:x@db/beep",
    "DATABASE_URL_INTEGRATOR": "postgresql://beep_integrator:x@db/beep",
    "DATABASE_URL_AUDITOR": "postgresql://beep_auditor:x@db/beep",
    "VALKEY_URL": "redis://:x@valkey:6379/0",
}
DEMO = {**{name: value for name, value in PRODUCTION.items() if name != "BEEP_ORIGIN"}, "BEEP_DEMO": "1"}


def test_production() -> None:
    environment = Environment.load(PRODUCTION)
    assert environment.origins == ("https://beep.example.gov",)
    assert environment.allowed_hosts == ("beep.example.gov",)
    assert environment.field_key == bytes(range(32))
    assert environment.authority_key is None
    assert environment.database == DatabaseUrl("beep_app", "a/b", "db", 5433, "beep", "verify-full")
    assert not environment.demo


@pytest.mark.parametrize("name", sorted(PRODUCTION))
@pytest.mark.parametrize("value", [None, ""])
def test_each_missing_variable_is_named(name: str, value: str | None) -> None:
    env = {key: given for key, given in PRODUCTION.items() if key != name}
    if value is not None:
        env[name] = value
    with pytest.raises(ImproperlyConfigured, match=rf"^{name} is not set"):
        Environment.load(env)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BEEP_SECRET_KEY", "a short secret, 31 characters..."[:31]),
        ("BEEP_FIELD_KEY", "short"),
        ("BEEP_FIELD_KEY", base64.b64encode(bytes(31)).decode()),
        ("BEEP_CODE_KEY", KEY + "!"),
        ("BEEP_AUTHORITY_KEY", base64.b64encode(bytes(33)).decode()),
        ("BEEP_ROOT_KEY", base64.b64encode(bytes(31)).decode()),
        ("BEEP_CERTIFICATES", "secret, not base64"),
        ("BEEP_RESET_DELAY_HOURS", "0"),
        ("BEEP_RESET_DELAY_HOURS", "721"),
        ("BEEP_RESET_DELAY_HOURS", "-1"),
        ("BEEP_ORIGIN", "http://beep.example.gov"),
        ("BEEP_ORIGIN", "https://beep.example.gov/"),
        ("BEEP_ORIGIN", "https://user@beep.example.gov"),
        ("DATABASE_URL", "mysql://a:b@db/beep"),
        ("DATABASE_URL", "postgresql://a:secret@db"),
        ("DATABASE_URL_MIGRATOR", "postgresql://a:secret@db/beep?options=-crole"),
        ("BEEP_PORT", "0"),
        ("BEEP_PORT", "65536"),
        ("BEEP_PORT", "٨٠٠٠"),
        ("BEEP_DEMO", "yes"),
        ("BEEP_TRUSTED_PROXY", "true"),
    ],
)
def test_each_malformed_variable_is_named_and_its_value_is_not(name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^{name} ") as refused:
        Environment.load({**PRODUCTION, name: value})
    assert "secret" not in str(refused.value)


def test_demo_is_local() -> None:
    environment = Environment.load({**DEMO, "BEEP_PORT": "8123"})
    assert environment.demo
    assert environment.origins == ("http://localhost:8123", "http://127.0.0.1:8123")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BEEP_ORIGIN", "https://beep.example.gov"),
        ("BEEP_ALLOWED_HOSTS", "beep.example.gov"),
        ("BEEP_TRUSTED_PROXY", "1"),
        ("BEEP_HOST", "0.0.0.0"),
        ("BEEP_HOST", "::"),
        ("BEEP_HOST", "192.0.2.7"),
        ("BEEP_HOST", "beep.example.gov"),
        ("BEEP_TOOLING", "1"),
    ],
)
def test_demo_refuses_what_belongs_to_a_deployment(name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name):
        Environment.load({**DEMO, name: value})


def test_tooling_needs_nothing_and_its_keys_are_new_each_time() -> None:
    first, second = (Environment.load({"BEEP_TOOLING": "1"}) for _ in range(2))
    assert first.secret_key != second.secret_key
    assert first.field_key != second.field_key
    assert first.database.port == 1


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("localhost.example.gov", False),
        ("", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://beep_app:x@db/beep", "verify-full"),
        ("postgresql://beep_app:x@192.0.2.7/beep", "verify-full"),
        ("postgresql://beep_app:x@db/beep?sslmode=disable", "disable"),
        ("postgresql://beep_app:x@localhost/beep", "prefer"),
        ("postgresql://beep_app:x@[::1]/beep", "prefer"),
        ("postgresql://beep_app:x@127.0.0.1/beep?sslmode=require", "require"),
    ],
)
def test_a_database_across_a_network_must_prove_who_it_is(url: str, expected: str) -> None:
    assert DatabaseUrl.parse("DATABASE_URL", url).sslmode == expected


@given(st.text(max_size=40))
def test_a_database_url_is_read_or_refused(text: str) -> None:
    with suppress(ImproperlyConfigured):
        assert DatabaseUrl.parse("DATABASE_URL", text).name


def test_secrets_stay_out_of_representations() -> None:
    shown = repr(Environment.load(PRODUCTION))
    assert "a/b" not in shown
    assert "bytes" not in shown
    assert "\\x01" not in shown
    assert "redis" not in shown


def test_the_real_process_refuses_to_start() -> None:
    env = {
        "PATH": os.environ["PATH"],
        **{name: PRODUCTION[name] for name in PRODUCTION if name != "BEEP_FIELD_KEY"},
    }
    result = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert result.returncode != 0
    assert "BEEP_FIELD_KEY is not set" in result.stderr


def test_certificates_come_as_a_list_or_from_a_file(tmp_path: Path) -> None:
    one, two = (base64.b64encode(bytes([0, 1, number])).decode() for number in (1, 2))
    listed = Environment.load({**PRODUCTION, "BEEP_CERTIFICATES": f"{one}, {two}"})
    assert listed.certificates == (b"\x00\x01\x01", b"\x00\x01\x02")
    file = tmp_path / "certificates"
    file.write_text(f"# the authority\n{one}\n\n{two} # an officer\n")
    assert Environment.load({**PRODUCTION, "BEEP_CERTIFICATES": str(file)}) == listed
    assert Environment.load(PRODUCTION).certificates == ()
    with pytest.raises(ImproperlyConfigured, match=r"^BEEP_CERTIFICATES names a file"):
        Environment.load({**PRODUCTION, "BEEP_CERTIFICATES": str(tmp_path / "other")})


def test_a_reset_waits_three_days_unless_somebody_says_otherwise() -> None:
    assert Environment.load(PRODUCTION).reset_delay == timedelta(hours=72)
    assert Environment.load({**PRODUCTION, "BEEP_RESET_DELAY_HOURS": "24"}).reset_delay == timedelta(hours=24)
    assert Environment.load(DEMO).reset_delay == timedelta(0)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "field_key"
    file.write_text(f"{KEY}\n")
    env = {name: value for name, value in PRODUCTION.items() if name != "BEEP_FIELD_KEY"}
    assert Environment.load({**env, "BEEP_FIELD_KEY_FILE": str(file)}).field_key == bytes(range(32))
    with pytest.raises(ImproperlyConfigured, match="BEEP_FIELD_KEY and BEEP_FIELD_KEY_FILE are both set"):
        Environment.load({**PRODUCTION, "BEEP_FIELD_KEY_FILE": str(file)})
    with pytest.raises(ImproperlyConfigured, match=r"BEEP_FIELD_KEY_FILE cannot be read: FileNotFoundError"):
        Environment.load({**env, "BEEP_FIELD_KEY_FILE": str(tmp_path / "absent")})
    file.write_text("a secret that is no key")
    with pytest.raises(ImproperlyConfigured, match="BEEP_FIELD_KEY must be 32 bytes") as caught:
        Environment.load({**env, "BEEP_FIELD_KEY_FILE": str(file)})
    assert "a secret" not in str(caught.value)
