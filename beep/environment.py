"""Reads the process environment once, strictly, before anything else starts.

Three modes, chosen by the environment alone:

* **production** (the default): every secret and URL must be given; a missing or malformed one stops the
  process.
* **demo** (`BEEP_DEMO=1`): loopback only; `python -m beep.demo` makes the secrets and passes them in. Any
  setting that belongs to a real deployment is refused, so that a deployment cannot fall into demo mode by
  accident.
* **tooling** (`BEEP_TOOLING=1`): for commands that serve nobody and open no database (type checks, writing
  migrations). The keys are random and live as long as the process; the URLs lead nowhere.

Secrets: each is made by the operator (`python -c "import
secrets,base64;print(base64.b64encode(secrets.token_bytes(32)).decode())"`), kept in the deployment's secret
store, read here into memory, and erased with the process.
"""

import base64
import binascii
import ipaddress
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from beep import secretfiles

KEY_BYTES = 32
"""Length of each symmetric key in bytes."""

MAX_RESET_DELAY = 720
"""Hours."""

PRODUCTION_ONLY = ("BEEP_ORIGIN", "BEEP_ALLOWED_HOSTS", "BEEP_TRUSTED_PROXY")
"""Settings that make no sense on a demo; their presence means that somebody confused the two."""


@dataclass(frozen=True)
class DatabaseUrl:
    """The parts of a `postgresql://user:password@host:port/name` URL."""

    user: str
    password: str = field(repr=False)
    host: str
    port: int
    name: str
    sslmode: str

    @classmethod
    def parse(cls, variable: str, url: str) -> "DatabaseUrl":
        """Split `url`; raises ImproperlyConfigured naming `variable`, never repeating the URL, which holds a
        password.
        """
        parts = urlsplit(url)
        name = parts.path.removeprefix("/")
        if (
            parts.scheme not in ("postgres", "postgresql")
            or not parts.hostname
            or not name
            or not parts.username
        ):
            raise ImproperlyConfigured(
                f"{variable} must look like postgresql://user:password@host:port/database"
            )
        query = dict(pair.partition("=")[::2] for pair in parts.query.split("&") if pair)
        if unknown := set(query) - {"sslmode"}:
            raise ImproperlyConfigured(
                f"{variable} has parameters Beep does not know: {', '.join(sorted(unknown))}"
            )
        return cls(
            user=unquote(parts.username),
            password=unquote(parts.password or ""),
            host=parts.hostname,
            port=parts.port or 5432,
            name=name,
            # Whoever wants less over a network must say so.
            sslmode=query.get("sslmode", "prefer" if is_loopback(parts.hostname) else "verify-full"),
        )

    def line(self) -> dict[str, str | int]:
        """The parameters of a connection, as psycopg and libpq name them."""
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "dbname": self.name,
            "sslmode": self.sslmode,
        }


@dataclass(frozen=True)
class Environment:
    """Everything the settings take from outside, checked."""

    demo: bool
    tooling: bool
    secret_key: str = field(repr=False)
    field_key: bytes = field(repr=False)
    """Encrypts TOTP seeds at rest."""
    code_key: bytes = field(repr=False)
    """HMAC key of stored activation codes."""
    authority_key: bytes | None = field(repr=False)
    """Ed25519 seed that signs orders; None where this deployment issues none."""
    root_key: bytes | None
    """Public half of the offline root, Ed25519, 32 bytes; None where nothing is certified."""
    certificates: tuple[bytes, ...]
    """What the root signed: the authority's certificates and the reset officers', encoded."""
    log_key: bytes | None = field(repr=False)
    """Ed25519 seed that signs the audit log's checkpoints; only the integrator needs it."""
    log_name: str
    """Last part of the audit log's origin; another one after a restore that has lost entries."""
    keys_log_key: bytes | None = field(repr=False)
    """Ed25519 seed that signs the key log's checkpoints; only the process that publishes needs it."""
    witnesses: str | None
    """Path of the policy file that names logs, witnesses and quorum; None where there are none."""
    bulk_export: int
    """Entries from which on an export is an alert."""
    reset_delay: timedelta
    """Between the request for a reset of somebody's identity and its effect, at least."""
    database: DatabaseUrl
    migrator: DatabaseUrl
    integrator: DatabaseUrl
    auditor: DatabaseUrl
    valkey_url: str = field(repr=False)
    host: str
    port: int
    origins: tuple[str, ...]
    """The web client's own origins, first the canonical one, for example `https://beep.example.gov`."""
    allowed_hosts: tuple[str, ...]
    trusted_proxy: bool
    """The reverse proxy sets `X-Forwarded-For` and `X-Forwarded-Proto`, and nothing else reaches the server.
    """

    @classmethod
    def load(cls, env: Mapping[str, str]) -> "Environment":
        """Read `env`; raises ImproperlyConfigured naming the variable that is missing, malformed or out of
        place.
        """
        env = secretfiles.resolve(env)
        demo = _flag(env, "BEEP_DEMO")
        tooling = _flag(env, "BEEP_TOOLING")
        if tooling:
            if demo:
                raise ImproperlyConfigured("BEEP_TOOLING and BEEP_DEMO exclude each other")
            env = {**_nowhere(), **env}
        host = env.get("BEEP_HOST", "127.0.0.1")
        port = _port(env)
        if demo:
            _refuse_production(env, host)
            origins: tuple[str, ...] = (f"http://localhost:{port}", f"http://127.0.0.1:{port}")
            hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]", "console.localhost")
        else:
            origins = (_origin(_required(env, "BEEP_ORIGIN")),)
            extra = tuple(
                name.strip() for name in env.get("BEEP_ALLOWED_HOSTS", "").split(",") if name.strip()
            )
            hosts = (urlsplit(origins[0]).hostname or "", *extra)
        return cls(
            demo=demo,
            tooling=tooling,
            secret_key=_secret_key(env),
            field_key=_key(env, "BEEP_FIELD_KEY"),
            code_key=_key(env, "BEEP_CODE_KEY"),
            authority_key=_key(env, "BEEP_AUTHORITY_KEY") if env.get("BEEP_AUTHORITY_KEY") else None,
            root_key=_key(env, "BEEP_ROOT_KEY") if env.get("BEEP_ROOT_KEY") else None,
            certificates=_certificates(env),
            log_key=_key(env, "BEEP_LOG_KEY") if env.get("BEEP_LOG_KEY") else None,
            log_name=_log_name(env),
            keys_log_key=_key(env, "BEEP_KEYS_LOG_KEY") if env.get("BEEP_KEYS_LOG_KEY") else None,
            witnesses=_witnesses(env),
            bulk_export=_bulk_export(env),
            reset_delay=_reset_delay(env, demo=demo),
            database=_database(env, "DATABASE_URL"),
            migrator=_database(env, "DATABASE_URL_MIGRATOR"),
            integrator=_database(env, "DATABASE_URL_INTEGRATOR"),
            auditor=_database(env, "DATABASE_URL_AUDITOR"),
            valkey_url=_required(env, "VALKEY_URL"),
            host=host,
            port=port,
            origins=origins,
            allowed_hosts=hosts,
            trusted_proxy=_flag(env, "BEEP_TRUSTED_PROXY"),
        )


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address without brackets, can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set; see docs/operations.md")
    return value


def _secret_key(env: Mapping[str, str]) -> str:
    value = _required(env, "BEEP_SECRET_KEY")
    if len(value) < KEY_BYTES:
        raise ImproperlyConfigured(f"BEEP_SECRET_KEY must have at least {KEY_BYTES} random characters")
    return value


def _bulk_export(env: Mapping[str, str]) -> int:
    value = env.get("BEEP_BULK_EXPORT") or "1000"
    if not re.fullmatch(r"[1-9][0-9]{0,6}", value, re.ASCII):
        raise ImproperlyConfigured("BEEP_BULK_EXPORT must be a number of entries, for example 1000")
    return int(value)


def _log_name(env: Mapping[str, str]) -> str:
    value = env.get("BEEP_LOG_NAME") or "audit"
    if not re.fullmatch(r"audit(-[0-9]{1,3})?", value, re.ASCII):
        raise ImproperlyConfigured("BEEP_LOG_NAME must be audit, or audit-2 and so on")
    return value


def _flag(env: Mapping[str, str], name: str) -> bool:
    value = env.get(name, "0")
    if value not in ("", "0", "1"):
        raise ImproperlyConfigured(f"{name} must be 0 or 1")
    return value == "1"


def _port(env: Mapping[str, str]) -> int:
    value = env.get("BEEP_PORT", "8000")
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65536:
        raise ImproperlyConfigured("BEEP_PORT must be a number from 1 to 65535")
    return int(value)


def _key(env: Mapping[str, str], name: str) -> bytes:
    try:
        key = base64.b64decode(_required(env, name), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ImproperlyConfigured(f"{name} must be {KEY_BYTES} bytes in base64")
    return key


def _certificates(env: Mapping[str, str]) -> tuple[bytes, ...]:
    """BEEP_CERTIFICATES: base64, separated by commas or white space, or the path of a file with one a line.

    A path begins with `/` or `.`, which no encoded certificate does; in a file, `#` begins a comment. What a
    certificate says is checked when Django starts (`accounts.checks`).
    """
    value = env.get("BEEP_CERTIFICATES", "")
    if value.startswith(("/", ".")):
        try:
            lines = Path(value).read_text(encoding="ascii").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(
                f"BEEP_CERTIFICATES names a file that cannot be read: {error}"
            ) from error
        value = " ".join(line.partition("#")[0] for line in lines)
    try:
        return tuple(base64.b64decode(each, validate=True) for each in value.replace(",", " ").split())
    except (binascii.Error, ValueError):
        raise ImproperlyConfigured("BEEP_CERTIFICATES must hold certificates in base64") from None


def _witnesses(env: Mapping[str, str]) -> str | None:
    """BEEP_WITNESSES: path of a policy file. What it says is checked where it is used."""
    path = env.get("BEEP_WITNESSES") or None
    if path is not None and not Path(path).is_file():
        raise ImproperlyConfigured("BEEP_WITNESSES names a file that is not there")
    return path


def _reset_delay(env: Mapping[str, str], *, demo: bool) -> timedelta:
    value = env.get("BEEP_RESET_DELAY_HOURS") or ("0" if demo else "72")
    least = 0 if demo else 1
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= MAX_RESET_DELAY:
        raise ImproperlyConfigured(
            f"BEEP_RESET_DELAY_HOURS must be a number from {least} to {MAX_RESET_DELAY}"
        )
    return timedelta(hours=int(value))


def _database(env: Mapping[str, str], name: str) -> DatabaseUrl:
    return DatabaseUrl.parse(name, _required(env, name))


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if (
        parts.scheme != "https"
        or not parts.hostname
        or parts.path
        or parts.query
        or parts.fragment
        or parts.username
    ):
        raise ImproperlyConfigured(
            "BEEP_ORIGIN must be an https origin without a path, like https://beep.example.gov"
        )
    return value


def _refuse_production(env: Mapping[str, str], host: str) -> None:
    present = [name for name in PRODUCTION_ONLY if env.get(name)]
    if present:
        raise ImproperlyConfigured(
            f"BEEP_DEMO is set together with {', '.join(present)}; a deployment is no demo"
        )
    if not is_loopback(host):
        raise ImproperlyConfigured("BEEP_HOST must be a loopback address while BEEP_DEMO is set")


def _nowhere() -> dict[str, str]:
    """Values for tooling: random keys, and URLs on port 1, where nothing listens."""
    database = "postgresql://nobody@127.0.0.1:1/nowhere"
    names = ("DATABASE_URL", "DATABASE_URL_MIGRATOR", "DATABASE_URL_INTEGRATOR", "DATABASE_URL_AUDITOR")
    keys = ("BEEP_SECRET_KEY", "BEEP_FIELD_KEY", "BEEP_CODE_KEY")
    return {
        **dict.fromkeys(names, database),
        **{name: base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() for name in keys},
        "VALKEY_URL": "redis://127.0.0.1:1/0",
        "BEEP_ORIGIN": "https://nowhere.invalid",
    }
