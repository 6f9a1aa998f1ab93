"""The directory authority's key, and the certificate by which the offline root vouches for it.

It signs orders that a group's members carry out; it cannot touch a group itself.

The key: BEEP_AUTHORITY_KEY, a 32-byte Ed25519 seed made by the operator (by `make demo` for a demonstration),
kept in the deployment's secret store, read from the settings, erased with the process. The certificate is one
of BEEP_CERTIFICATES. What an order says is `messaging.formats.UnsignedOrder`.
"""

from django.conf import settings
from nacl.signing import SigningKey

from accounts import signing, trust
from accounts.certificates import Purpose, SignedCertificate
from accounts.signing import Label
from beep import clock


def is_configured() -> bool:
    """Whether this deployment has an authority key that the root vouches for now."""
    return _certificate() is not None


def public_key() -> bytes | None:
    """The authority's Ed25519 public key, 32 bytes, or None without one."""
    key = _key()
    return bytes(key.verify_key) if key else None


def sign(*, label: Label, content: bytes) -> tuple[bytes, bytes]:
    """The authority's certificate (a SignedCertificate, encoded) and its signature (64 bytes) of `content`
    under `label`.

    A RuntimeError where no key with a valid certificate is configured: ask `is_configured` first.
    """
    key, certificate = _key(), _certificate()
    if key is None or certificate is None:
        raise RuntimeError("BEEP_AUTHORITY_KEY is not set, or has no valid certificate")
    return certificate.encode(), signing.sign(key=key, label=label, content=content)


def _key() -> SigningKey | None:
    seed: bytes | None = settings.AUTHORITY_KEY
    return SigningKey(seed) if seed else None


def _certificate() -> SignedCertificate | None:
    key = public_key()
    return (key and trust.certificate_of(key=key, purpose=Purpose.AUTHORITY, at=clock.now_ms())) or None
