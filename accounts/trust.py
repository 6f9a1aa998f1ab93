"""The offline root and what it certifies: the directory authority's key and the reset officers' keys.

The root's private half is never here. BEEP_ROOT_KEY is its public half; BEEP_CERTIFICATES is what it signed
for this deployment. Certificates of officers whose signatures stand in somebody's identity chain are kept in
the database as well: that chain must verify long after they left the configuration.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Final

import structlog
from django.conf import settings

from accounts.certificates import (
    CertificateMalformedError,
    CertificateRefusedError,
    Purpose,
    SignedCertificate,
    Trust,
    verify_certificate,
)
from accounts.models import KeptCertificate
from beep import clock

log = structlog.get_logger(__name__)

WARN_BEFORE: Final = timedelta(days=30)
"""How long before its end a certificate in use is complained of."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A configured certificate that ends within `WARN_BEFORE`, or has ended."""

    name: str
    purpose: Purpose
    not_after: int


def root() -> bytes | None:
    """Public half of the offline root, 32 bytes; None where nothing is certified."""
    key: bytes | None = settings.ROOT_KEY
    return key


def configured() -> tuple[SignedCertificate, ...]:
    """The certificates of the configuration; raises CertificateMalformedError."""
    return _parsed(settings.CERTIFICATES)


def certificates() -> list[SignedCertificate]:
    """Everything that a client may need: the configured ones, then the kept ones, each once."""
    found = {signed.encode(): signed for signed in configured()}
    for body in KeptCertificate.objects.order_by("kept_at", "digest").values_list("body", flat=True):
        try:
            found.setdefault(bytes(body), SignedCertificate.parse(bytes(body)))
        except CertificateMalformedError:
            log.error("kept_certificate_malformed")
    return list(found.values())


def known() -> Trust:
    """The root with all `certificates`: what chains are verified by."""
    return Trust(root=root(), certificates=tuple(certificates()))


def certificate_of(*, key: bytes, purpose: Purpose, at: int) -> SignedCertificate | None:
    """The configured certificate under which `key` may act at `at` (ms UTC); of several, the last to end."""
    good = [
        signed
        for signed in configured()
        if signed.certificate.key == key and _believed(signed, purpose=purpose, at=at)
    ]
    return max(good, key=lambda signed: signed.certificate.not_after, default=None)


def keep(signed: Iterable[SignedCertificate]) -> None:
    """Keep certificates that a statement in some chain rests on, in the current transaction."""
    KeptCertificate.objects.bulk_create(
        [
            KeptCertificate(digest=sha256(body).digest(), body=body, kept_at=clock.now())
            for body in (each.encode() for each in signed)
        ],
        ignore_conflicts=True,
    )


def ending() -> list[Ending]:
    """Configured certificates that end soon or have ended, unless a later one stands for the same key."""
    soon = clock.to_ms(clock.now() + WARN_BEFORE)
    newest: dict[tuple[bytes, Purpose], Ending] = {}
    for signed in configured():
        certificate = signed.certificate
        found = Ending(certificate.name, certificate.purpose, certificate.not_after)
        key = (certificate.key, certificate.purpose)
        if key not in newest or newest[key].not_after < found.not_after:
            newest[key] = found
    return sorted((each for each in newest.values() if each.not_after <= soon), key=lambda e: e.not_after)


@lru_cache(maxsize=8)
def _parsed(bodies: tuple[bytes, ...]) -> tuple[SignedCertificate, ...]:
    return tuple(SignedCertificate.parse(body) for body in bodies)


def _believed(signed: SignedCertificate, *, purpose: Purpose, at: int) -> bool:
    try:
        verify_certificate(signed, root=root(), purpose=purpose, at=at)
    except CertificateRefusedError:
        return False
    return True
