"""Syslog messages (RFC 5424) in frames for TLS (RFC 5425 §4.3: octet counting). Pure: no Django.

::

    MSG-LEN SP <PRI>1 TIMESTAMP HOSTNAME beep - MSGID [beep@PEN sequence="…" leaf="…" log="…"] BOM JSON

Facility 13 (log audit). MSGID is the action. The sequence stands in a parameter of our own: `meta`'s
`sequenceId` (§7.3.1) begins anew at 1 with each start of the sender, which would hide what this one shows.
"""

import re
from datetime import UTC, datetime
from typing import Final

from audit.siem.ocsf import Converted

FACILITY: Final = 13
APP_NAME: Final = "beep"
BOM: Final = b"\xef\xbb\xbf"
"""Begins a MSG in UTF-8 (§6.4)."""
DOCUMENTATION_PEN: Final = 32473
"""IANA's private enterprise number for examples (RFC 5612): until a deployment names its own."""

SEVERITIES: Final = {1: 6, 2: 5, 3: 4, 4: 3, 5: 2}
"""OCSF severity_id → syslog severity (§6.2.1): informational, notice, warning, error, critical."""

NILVALUE: Final = "-"
_UNPRINTABLE: Final = re.compile(r"[^\x21-\x7e]")
_ESCAPED: Final = re.compile(r'(["\\\]])')


def message(
    converted: Converted,
    *,
    at: int,
    host: str,
    name: str,
    parameters: dict[str, str],
    pen: int = DOCUMENTATION_PEN,
) -> bytes:
    """One SYSLOG-MSG: `at` in milliseconds UTC, `name` becomes MSGID, `parameters` the structured data."""
    header = " ".join(
        [
            f"<{FACILITY * 8 + SEVERITIES[converted.severity]}>1",
            timestamp(at),
            header_value(host, 255),
            APP_NAME,
            NILVALUE,
            header_value(name, 32),
            element(f"beep@{pen}", parameters),
        ]
    )
    return header.encode() + b" " + BOM + converted.text.encode("utf-8", "replace")


def frame(content: bytes) -> bytes:
    """SYSLOG-FRAME = MSG-LEN SP SYSLOG-MSG."""
    return b"%d %b" % (len(content), content)


def timestamp(at: int) -> str:
    """TIMESTAMP (§6.2.3) of milliseconds UTC; `-` for what no calendar has."""
    try:
        moment = datetime.fromtimestamp(at / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return NILVALUE
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def header_value(text: str, most: int) -> str:
    """`text` as a header field takes it (PRINTUSASCII, at most so many letters), `-` for nothing."""
    return _UNPRINTABLE.sub("?", text)[:most] or NILVALUE


def element(name: str, parameters: dict[str, str]) -> str:
    """SD-ELEMENT (§6.3): in a value `"`, `\\` and `]` stand behind a backslash."""
    return "".join([f"[{name}", *(f' {key}="{escape(value)}"' for key, value in parameters.items()), "]"])


def escape(value: str) -> str:
    """A PARAM-VALUE (§6.3.3); what UTF-8 cannot spell becomes `?`."""
    return _ESCAPED.sub(r"\\\1", value.encode("utf-8", "replace").decode())
