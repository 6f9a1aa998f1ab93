"""What the demo is told by its environment, and the secrets that it makes for itself.

Secrets: three keys of 32 random bytes and three Ed25519 seeds (for orders, the audit log and the key log),
made at the first start, kept in `secrets.json` (mode 0600) in the data folder, passed to the children through
their environment, erased with the folder; a log's seed goes only to the one process that signs with it. The
root that certifies the authority's key, and the officers': `beep.demo.trust`; the witnesses' keys:
`beep.demo.witnesses`.
"""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from django.core.exceptions import ImproperlyConfigured

from beep.demo import trust, witnesses
from beep.demo.trust import Officer
from beep.demo.witnesses import Running
from beep.environment import KEY_BYTES, Environment

KEYS: Final = ("BEEP_SECRET_KEY", "BEEP_FIELD_KEY", "BEEP_CODE_KEY", "BEEP_AUTHORITY_KEY")
LOG_KEYS: Final = {"BEEP_LOG_KEY": "localhost/audit", "BEEP_KEYS_LOG_KEY": "localhost/keys"}
"""What signs each log, and the log's origin."""
OWN_SERVERS: Final = ("DATABASE_URL", "VALKEY_URL")
ROOT: Final = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Configuration:
    """Where the demo listens and keeps its data."""

    data_dir: Path
    host: str
    port: int
    environment: dict[str, str] = field(repr=False)
    """The children's environment, complete but for the servers' URLs when `embedded` is true."""
    embedded: bool
    officers: tuple[Officer, ...] = ()
    """Who may sign a reset."""
    log_keys: dict[str, str] = field(default_factory=dict, repr=False)
    """The logs' seeds by variable, each for one process alone."""
    witnesses: tuple[Running, ...] = ()
    """Who watches the logs."""

    @property
    def url(self) -> str:
        """For a browser: `localhost` counts as a secure context, which cookies and Web Crypto need."""
        return f"http://localhost:{self.port}"

    @classmethod
    def load(cls, env: Mapping[str, str]) -> Self:
        """Read `env` and the secrets, making what is missing.

        Raises ImproperlyConfigured when a setting is malformed, belongs to a real deployment, or names only
        one of the two servers.
        """
        given = [name for name in OWN_SERVERS if env.get(name)]
        if len(given) == 1:
            raise ImproperlyConfigured(f"set both {' and '.join(OWN_SERVERS)}, or neither")
        embedded = not given
        data_dir = Path(env.get("BEEP_DATA_DIR") or ROOT / ".beep").absolute()
        complete = {
            **env,
            **dict.fromkeys((*KEYS, *LOG_KEYS, "BEEP_ROOT_KEY", "BEEP_CERTIFICATES", "BEEP_WITNESSES"), ""),
            "BEEP_DEMO": "1",
            "DJANGO_SETTINGS_MODULE": "beep.settings",
        }
        # Checked before anything is written: with throw-away keys, and URLs that only have to be well-formed.
        probe = dict.fromkeys(KEYS, base64.b64encode(bytes(KEY_BYTES)).decode())
        if embedded:
            names = (
                "DATABASE_URL",
                "DATABASE_URL_MIGRATOR",
                "DATABASE_URL_INTEGRATOR",
                "DATABASE_URL_AUDITOR",
            )
            probe |= {**dict.fromkeys(names, "postgresql://x@127.0.0.1/x"), "VALKEY_URL": "redis://127.0.0.1"}
        checked = Environment.load({**complete, **probe})
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = _secrets(data_dir / "secrets.json")
        trusted = trust.prepare(
            data_dir / "trust", authority=base64.b64decode(made["BEEP_AUTHORITY_KEY"], validate=True)
        )
        log_keys = {name: made.pop(name) for name in LOG_KEYS}
        watching = witnesses.prepare(
            data_dir / "witnesses",
            {origin: base64.b64decode(log_keys[name]) for name, origin in LOG_KEYS.items()},
        )
        return cls(
            data_dir=data_dir,
            host=checked.host,
            port=checked.port,
            environment={
                **complete,
                **made,
                **trusted.environment(),
                "BEEP_DATA_DIR": str(data_dir),
                "BEEP_WITNESSES": str(watching.policy),
            },
            embedded=embedded,
            officers=trusted.officers,
            log_keys=log_keys,
            witnesses=watching.running,
        )


def write_private(path: Path, content: object) -> None:
    """Write JSON that only this user may read, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    with os.fdopen(
        os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _secrets(path: Path) -> dict[str, str]:
    try:
        known: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        known = {}
    except ValueError as error:
        raise ImproperlyConfigured(f"{path} is damaged; remove {path.parent} to begin anew") from error
    missing = [name for name in (*KEYS, *LOG_KEYS) if name not in known]
    if missing:
        known |= {name: base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() for name in missing}
        write_private(path, known)
    return {name: known[name] for name in (*KEYS, *LOG_KEYS)}
