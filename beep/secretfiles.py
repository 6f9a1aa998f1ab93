"""Secrets in files: `NAME_FILE` is the path of a file that holds what `NAME` would.

How containers (`/run/secrets/…`) and systemd (`LoadCredential=`) hand secrets to a process without an
environment that its children, crash reports and `docker inspect` would show. The file is made by the
operator, readable by the process alone, read once at start-up; the copy in memory is erased with the process.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from django.core.exceptions import ImproperlyConfigured

NAMES: Final = (
    "BEEP_SECRET_KEY",
    "BEEP_FIELD_KEY",
    "BEEP_CODE_KEY",
    "BEEP_AUTHORITY_KEY",
    "BEEP_LOG_KEY",
    "BEEP_KEYS_LOG_KEY",
    "DATABASE_URL",
    "DATABASE_URL_MIGRATOR",
    "DATABASE_URL_INTEGRATOR",
    "DATABASE_URL_AUDITOR",
    "VALKEY_URL",
)
"""What may stand in a file: all that is secret, or holds a password."""


def resolve(env: Mapping[str, str]) -> dict[str, str]:
    """`env` with the content of every `NAME_FILE` under `NAME`, without the line's end.

    Raises ImproperlyConfigured when both are set, or when the file cannot be read; its content is never
    repeated.
    """
    found = dict(env)
    for name in NAMES:
        path = env.get(f"{name}_FILE")
        if not path:
            continue
        if env.get(name):
            raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; one of them is wrong")
        try:
            found[name] = Path(path).read_text(encoding="ascii").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(
                f"{name}_FILE cannot be read: {type(error).__name__}: {path}"
            ) from None
    return found
