"""The two constructions of RFC 9420 §5 that need no secret: SignWithLabel (§5.1.2) and RefHash (§5.2)."""

from __future__ import annotations

import hashlib

from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

from .profile import ED25519_KEY_LENGTH, ED25519_SIGNATURE_LENGTH, suite_parameters
from .tls import Writer


def sign_content(*, label: str, content: bytes) -> bytes:
    """SignContent: ``opaque label<V> = "MLS 1.0 " + label; opaque content<V>`` (RFC 9420 §5.1.2)."""
    writer = Writer()
    writer.opaque(b"MLS 1.0 " + label.encode("ascii"))
    writer.opaque(content)
    return writer.getvalue()


def verify_with_label(*, public_key: bytes, label: str, content: bytes, signature: bytes) -> bool:
    """VerifyWithLabel with Ed25519, the signature scheme of both suites (RFC 9420 §5.1.2).

    libsodium refuses keys and points of small order and encodings that are not canonical; the clients do the
    same, so no signature is good for one side and bad for the other. A key or signature of another length is
    simply false.
    """
    if len(public_key) != ED25519_KEY_LENGTH or len(signature) != ED25519_SIGNATURE_LENGTH:
        return False
    try:
        VerifyKey(public_key).verify(sign_content(label=label, content=content), signature)
    except CryptoError:
        return False
    return True


def ref_hash(*, label: str, value: bytes, suite: int) -> bytes:
    """``Hash(opaque label<V> ‖ opaque value<V>)`` with the suite's hash (RFC 9420 §5.2).

    The label is not prefixed here, unlike in SignWithLabel. Raises ``MlsRefusedError`` (SUITE_UNSUPPORTED).
    """
    parameters = suite_parameters(suite)
    writer = Writer()
    writer.opaque(label.encode("ascii"))
    writer.opaque(value)
    return hashlib.new(parameters.hash_name, writer.getvalue()).digest()
