"""Where the feed goes, from the environment (docs/operations.md, "SIEM feed"). Pure: no Django.

Secret: the client's TLS key, a file that the operator makes and keeps, read by the TLS library at each
connection, erased with the process.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from audit.siem.frame import DOCUMENTATION_PEN


class ConfigurationError(Exception):
    """A variable is missing or malformed; the message names it."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """One receiver, and what it may be told."""

    host: str
    port: int
    authorities: Path | None
    """PEM file of the authorities that may vouch for the receiver; None: those of the machine."""
    certificate: Path | None
    """PEM file, ours; None: we do not introduce ourselves."""
    key: Path | None
    state: Path
    openings: bool
    """Send what commitments hide."""
    silent_close: bool
    """Believe a receiver that closes without TLS's close_notify."""
    pen: int
    """Private enterprise number in the structured data's name."""

    @classmethod
    def of(cls, env: Mapping[str, str]) -> "Configuration":
        """Read BEEP_SIEM and its sisters; raises ConfigurationError."""
        host, colon, port = env.get("BEEP_SIEM", "").rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not colon or not host or not _is_number(port, 65_535):
            raise ConfigurationError("BEEP_SIEM must be host:port")
        certificate, key = _file(env, "BEEP_SIEM_CERT"), _file(env, "BEEP_SIEM_KEY")
        if (certificate is None) != (key is None):
            raise ConfigurationError("BEEP_SIEM_CERT and BEEP_SIEM_KEY belong together")
        if not (state := env.get("BEEP_SIEM_STATE", "")):
            raise ConfigurationError("BEEP_SIEM_STATE must name the folder in which the feed remembers")
        pen = env.get("BEEP_SIEM_PEN") or str(DOCUMENTATION_PEN)
        if not _is_number(pen, (1 << 32) - 1):
            raise ConfigurationError("BEEP_SIEM_PEN must be a private enterprise number")
        return cls(
            host=host,
            port=int(port),
            authorities=_authorities(env),
            certificate=certificate,
            key=key,
            state=Path(state),
            openings=_flag(env, "BEEP_SIEM_OPENINGS"),
            silent_close=_flag(env, "BEEP_SIEM_SILENT_CLOSE"),
            pen=int(pen),
        )

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or later; certificate and host name are verified. Raises ConfigurationError."""
        try:
            context = ssl.create_default_context(cafile=self.authorities)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"BEEP_SIEM_CA, BEEP_SIEM_CERT or BEEP_SIEM_KEY cannot be used: {error}"
            ) from None
        return context


def _flag(env: Mapping[str, str], name: str) -> bool:
    if (value := env.get(name, "0")) not in ("", "0", "1"):
        raise ConfigurationError(f"{name} must be 0 or 1")
    return value == "1"


def _is_number(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10 and 0 < int(text) <= most


def _authorities(env: Mapping[str, str]) -> Path | None:
    found = _file(env, "BEEP_SIEM_CA")
    if found is None and env.get("BEEP_SIEM_CA"):
        # Not those of the machine instead: whoever named a file meant fewer.
        raise ConfigurationError("BEEP_SIEM_CA names an empty file")
    return found


def _file(env: Mapping[str, str], name: str) -> Path | None:
    """The file that a variable names; None when it is unset, or names an empty file (a secret not filled)."""
    if not (value := env.get(name, "")):
        return None
    path = Path(value)
    try:
        return path if path.stat().st_size else None
    except OSError as error:
        raise ConfigurationError(f"{name} names a file that cannot be read: {error}") from None
