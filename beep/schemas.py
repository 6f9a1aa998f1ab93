"""The types that the HTTP API's shapes are made of, and how an operation declares its answers.

Bytes travel as base64url without padding, ids as lower-case hyphenated UUIDs, times as milliseconds UTC.
Everything is strict: unknown fields, other types, other spellings of the same bytes, NUL characters and lone
surrogates are refused.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from ninja import Schema
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from beep.errors import CATALOGUE

UUID_PATTERN: Final = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


class StrictSchema(Schema):
    """Base of every shape: no unknown fields, no conversions between types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


@dataclass(frozen=True)
class Base64Url:
    """Annotation of `bytes`: base64url without padding on the wire, of exactly or at most so many bytes."""

    exactly: int | None = None
    at_most: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._read, serialization=core_schema.plain_serializer_function_ser_schema(to_base64url)
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        if self.exactly is not None:
            return {"type": "string", "format": "base64url", "pattern": _pattern(self.exactly)}
        longest = None if self.at_most is None else -(-self.at_most * 4 // 3)
        limit = {} if longest is None else {"maxLength": longest}
        return {"type": "string", "format": "base64url", "pattern": "^[A-Za-z0-9_-]*$", **limit}

    def _read(self, value: Any) -> bytes:
        data = value if isinstance(value, bytes) else from_base64url(value)
        if self.exactly is not None and len(data) != self.exactly:
            raise ValueError(f"must be {self.exactly} bytes")
        if self.at_most is not None and len(data) > self.at_most:
            raise ValueError(f"must be at most {self.at_most} bytes")
        return data


def to_base64url(data: bytes) -> str:
    """`data` in base64url without padding (RFC 4648 §5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: Any) -> bytes:
    """The bytes of `text`; raises ValueError unless it is exactly what `to_base64url` makes."""
    if not isinstance(text, str):
        raise ValueError("must be a string")
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64url without padding") from None
    if to_base64url(data) != text:
        raise ValueError("must be base64url in its one canonical spelling")
    return data


def _pattern(count: int) -> str:
    """The last symbol's unused bits are zero, so only some symbols can stand there."""
    symbols = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    whole, rest = divmod(count * 8, 6)
    last = f"[{symbols[:: 1 << (6 - rest)]}]" if rest else ""
    return f"^[A-Za-z0-9_-]{{{whole}}}{last}$"


def _uuid(value: Any) -> UUID:
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str):
        raise ValueError("must be a string")
    parsed = UUID(value)
    if str(parsed) != value:
        raise ValueError("must be a lower-case hyphenated UUID")
    return parsed


def _plain_text(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain NUL")
    value.encode()  # A lone surrogate is JSON but no text; UnicodeEncodeError is a ValueError.
    return value


Id = Annotated[
    UUID,
    BeforeValidator(_uuid),
    WithJsonSchema({"type": "string", "format": "uuid", "pattern": UUID_PATTERN}),
]
"""A UUID in its canonical spelling."""

Bytes16 = Annotated[bytes, Base64Url(exactly=16)]
Bytes32 = Annotated[bytes, Base64Url(exactly=32)]
Bytes57 = Annotated[bytes, Base64Url(exactly=57)]
Bytes64 = Annotated[bytes, Base64Url(exactly=64)]

Text = Annotated[str, AfterValidator(_plain_text)]
"""A string that a database can hold; narrow it with `pydantic.Field(max_length=…)`."""

Milliseconds = Annotated[int, Field(ge=0, le=(1 << 53) - 1)]
"""A moment, milliseconds since 1970 UTC."""


class Refusal(StrictSchema):
    """Any answer of 400 and above. Act on `code`, never on `message`."""

    code: str
    message: str
    detail: dict[str, Any] = Field(default_factory=dict)
    """Small facts that a client may act on; `retry_after` (seconds) is one of them, where waiting helps."""


ALWAYS: Final = (
    "bad_request",
    "forbidden",
    "method_not_allowed",
    "too_large",
    "rate_limited",
    "internal",
    "busy",
)
"""What every operation may answer, whatever it is."""
SIGNED_IN: Final = ("not_signed_in", "device_revoked")
"""What operations that need a session may answer too."""


def answers(success: dict[int, Any], *codes: str) -> dict[str, Any]:
    """Keyword arguments for a ninja operation: its good answers and, from their codes, its refusals.

    The OpenAPI document lists the codes below each status. A code that is not in the catalogue is a KeyError.
    """
    by_status: dict[int, list[str]] = {}
    for code in (*ALWAYS, *codes):
        by_status.setdefault(CATALOGUE[code][0], []).append(code)
    return {
        "response": {**success, **dict.fromkeys(by_status, Refusal)},
        "openapi_extra": {
            "responses": {
                status: {"description": ", ".join(f"`{code}`" for code in sorted(set(listed)))}
                for status, listed in by_status.items()
            }
        },
    }
