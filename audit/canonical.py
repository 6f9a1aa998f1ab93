"""Canonical JSON (RFC 8785) for what the audit log writes: one value, one spelling. Pure: no Django.

Numbers are integers of at most 53 bits, the part of RFC 8785 that every language spells alike; a float is
refused, so the RFC's one hard rule (ECMAScript's number formatting) never applies. Strings are escaped as
§3.2.2.2 says and keys sorted by UTF-16 code units (§3.2.3).
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

Json: TypeAlias = "bool | int | str | list[Json] | tuple[Json, ...] | Mapping[str, Json] | None"

MAX_INTEGER: Final = (1 << 53) - 1

_ESCAPES: Final = {code: f"\\u{code:04x}" for code in range(0x20)} | {
    0x08: "\\b",
    0x09: "\\t",
    0x0A: "\\n",
    0x0C: "\\f",
    0x0D: "\\r",
    0x22: '\\"',
    0x5C: "\\\\",
}


def encode(value: Json) -> bytes:
    """The canonical UTF-8 bytes of `value`.

    Raises ValueError for an integer beyond 53 bits or a lone surrogate, TypeError for anything that is not
    JSON.
    """
    try:
        return _text(value).encode()
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate has no canonical form") from None


def _text(value: Json) -> str:
    # bool before int: True is an int to Python.
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise ValueError("an integer beyond 53 bits has no canonical form")
        return str(int(value))
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("keys must be strings")
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_string(key)}:{_text(member)}" for key, member in members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text, value)) + "]"
    raise TypeError(f"{type(value).__name__} is not canonical JSON")


def _string(value: str) -> str:
    return '"' + value.translate(_ESCAPES) + '"'
