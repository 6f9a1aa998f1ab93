"""Ed25519 signatures over MLS's SignContent with Beep's own label prefix. Pure: no Django.

SignContent (RFC 9420 §5.1.2)::

    opaque label<V> = "Beep 1.0 " + Label
    opaque content<V>

The prefix differs from MLS's, so a signature made for one protocol is never good for the other.
"""

from enum import StrEnum
from typing import Final

from nacl.exceptions import CryptoError
from nacl.signing import SigningKey, VerifyKey

from beep.tls import Writer

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64


class Label(StrEnum):
    """What a signature is for; each use has its own label, so that none can stand in for another."""

    IDENTITY_STATEMENT = "IdentityStatement"
    SIGN_IN = "SignIn"
    RECOVERY = "Recovery"
    SLOT = "Slot"
    ORDER = "Order"
    CERTIFICATE = "Certificate"
    ADD_REQUEST = "AddRequest"
    LEAVE_REQUEST = "LeaveRequest"
    HISTORY = "History"


def sign_content(*, label: Label, content: bytes) -> bytes:
    """The bytes that are signed, as in the module's docstring."""
    writer = Writer()
    writer.opaque(b"Beep 1.0 " + label.encode("ascii"))
    writer.opaque(content)
    return writer.getvalue()


def sign(*, key: SigningKey, label: Label, content: bytes) -> bytes:
    """64-byte signature of `content` under `label`."""
    return key.sign(sign_content(label=label, content=content)).signature


def verify(*, public_key: bytes, label: Label, content: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) of `content` under `label` is by `public_key` (32 bytes).

    libsodium refuses keys and points R of small order and encodings that are not canonical; the web client
    does the same, so that no signature is good on one side only. A key or signature of another length is
    simply false.
    """
    if len(public_key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        VerifyKey(public_key).verify(sign_content(label=label, content=content), signature)
    except CryptoError:
        return False
    return True


def sign_in_content(*, challenge: bytes, device: bytes) -> bytes:
    """What a device signs to sign in, label SignIn: `opaque challenge<V>; opaque device[16]`."""
    return _challenge_content(challenge, device)


def recovery_content(*, challenge: bytes, person: bytes) -> bytes:
    """What the recovery key signs, label Recovery: `opaque challenge<V>; opaque person[16]`."""
    return _challenge_content(challenge, person)


def _challenge_content(challenge: bytes, subject: bytes) -> bytes:
    writer = Writer()
    writer.opaque(challenge)
    writer.fixed(subject)
    return writer.getvalue()
