"""The directory authority's key.

It signs orders that a group's members carry out; it cannot touch a group itself.

The key: BEEP_AUTHORITY_KEY, a 32-byte Ed25519 seed made by the operator (by `make demo` for a demonstration),
kept in the deployment's secret store, read from the settings, erased with the process. What an order says is
`messaging.formats.UnsignedOrder`.
"""

from django.conf import settings
from nacl.signing import SigningKey

from accounts import signing
from accounts.signing import Label


def is_configured() -> bool:
    """Whether this deployment has an authority key."""
    return settings.AUTHORITY_KEY is not None


def public_key() -> bytes | None:
    """The authority's Ed25519 public key, 32 bytes, or None without one."""
    return bytes(SigningKey(settings.AUTHORITY_KEY).verify_key) if settings.AUTHORITY_KEY else None


def sign(*, label: Label, content: bytes) -> tuple[bytes, bytes]:
    """Public key (32 bytes) and signature (64 bytes) of `content` under `label`.

    A RuntimeError where no key is configured: ask `is_configured` first.
    """
    if settings.AUTHORITY_KEY is None:
        raise RuntimeError("BEEP_AUTHORITY_KEY is not set")
    key = SigningKey(settings.AUTHORITY_KEY)
    return bytes(key.verify_key), signing.sign(key=key, label=label, content=content)
