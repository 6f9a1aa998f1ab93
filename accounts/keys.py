"""Keys for one purpose each, derived by HKDF-SHA-256 (RFC 5869) from the two that the operator provides.

Nothing here is stored: a key is derived when the process first needs it and gone with the process. Challenges
and throttle keys hang on BEEP_SECRET_KEY, which may be changed at will (open challenges die). Whatever must
look the same for years hangs on BEEP_CODE_KEY: the salt of a login that does not exist must not change when a
secret is rotated.
"""

import hmac
from enum import StrEnum
from functools import cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Purpose(StrEnum):
    """What a derived key is for; the value is HKDF's info."""

    CHALLENGE = "beep challenge v1"
    THROTTLE = "beep throttle v1"
    UNKNOWN_LOGIN = "beep unknown login v1"


@cache
def derived(purpose: Purpose) -> bytes:
    """The 32-byte key of `purpose`."""
    secret = settings.CODE_KEY if purpose is Purpose.UNKNOWN_LOGIN else settings.SECRET_KEY.encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret)


def mac(purpose: Purpose, *parts: bytes) -> bytes:
    """HMAC-SHA-256 over the parts, each behind its length, so that no two lists of parts look alike."""
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hmac.digest(derived(purpose), framed, "sha256")
