"""Certificates of the offline root: for whom the root vouches, and for what. Pure: no Django.

::

    enum { authority(1), officer(2) } Purpose;   // u8
    struct {
      u16 format = 1;
      opaque root[32];       // Ed25519, the root that signs
      opaque key[32];        // Ed25519, the key that it vouches for
      u8 purpose;            // 1 directory authority (orders), 2 reset officer (identity statements)
      opaque name<V>;        // UTF-8, NFC, 1..128 bytes, no control characters or unassigned code points
      u64 not_before;        // milliseconds UTC, below 2^53
      u64 not_after;         // valid at t: not_before <= t < not_after
    } Certificate;
    struct { Certificate certificate; opaque signature[64]; } SignedCertificate;

The signature is the root's over `Certificate`, label Certificate. The root's private half is never on a
server: `manage.py trust_root` makes it, it is kept offline under a passphrase, and every client pins its
public half at first contact. A certificate cannot be taken back; it ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from nacl.signing import SigningKey

from accounts import signing
from accounts.signing import KEY_BYTES, SIGNATURE_BYTES, Label
from accounts.statements import MAX_TIME, StatementMalformedError, read_name
from beep.tls import Reader, Struct, TlsError, TlsErrorCode, Writer

FORMAT: Final = 1


class CertificateMalformedError(Exception):
    """The bytes are not the canonical encoding of a certificate."""


class CertificateRule(StrEnum):
    """Why a certificate is not believed; the values are stable and the same in the web client."""

    ROOT = "root"
    PURPOSE = "purpose"
    TIME = "time"
    SIGNATURE = "signature"


class CertificateRefusedError(Exception):
    """A well-formed certificate breaks `rule`."""

    def __init__(self, rule: CertificateRule) -> None:
        super().__init__(rule.value)
        self.rule: Final = rule


class Purpose(IntEnum):
    """What a certified key may do; no key serves for two purposes under one certificate."""

    AUTHORITY = 1
    OFFICER = 2


@dataclass(frozen=True, slots=True)
class Certificate(Struct):
    """The unsigned certificate. Times are milliseconds UTC."""

    root: bytes
    key: bytes
    purpose: Purpose
    name: str
    not_before: int
    not_after: int

    @classmethod
    def read(cls, reader: Reader) -> Certificate:
        """Reads one; raises TlsError."""
        if (number := reader.u16()) != FORMAT:
            raise TlsError(TlsErrorCode.UNKNOWN_VALUE, f"format {number}")
        certificate = cls(
            root=reader.fixed(KEY_BYTES),
            key=reader.fixed(KEY_BYTES),
            purpose=reader.enum8(Purpose),
            name=_read_name(reader.opaque()),
            not_before=reader.u64(),
            not_after=reader.u64(),
        )
        if not certificate.not_before < certificate.not_after <= MAX_TIME:
            raise TlsError(TlsErrorCode.UNKNOWN_VALUE, "a certificate that is never valid")
        return certificate

    def write(self, writer: Writer) -> None:
        """Appends the encoding."""
        writer.u16(FORMAT)
        writer.fixed(self.root)
        writer.fixed(self.key)
        writer.u8(self.purpose)
        writer.opaque(self.name.encode())
        writer.u64(self.not_before)
        writer.u64(self.not_after)


@dataclass(frozen=True, slots=True)
class SignedCertificate(Struct):
    """A certificate with the root's signature: what is configured, sent and stored."""

    certificate: Certificate
    signature: bytes

    @classmethod
    def read(cls, reader: Reader) -> SignedCertificate:
        """Reads one; raises TlsError."""
        return cls(certificate=Certificate.read(reader), signature=reader.fixed(SIGNATURE_BYTES))

    def write(self, writer: Writer) -> None:
        """Appends the encoding."""
        self.certificate.write(writer)
        writer.fixed(self.signature)

    @classmethod
    def parse(cls, body: bytes) -> SignedCertificate:
        """The signed certificate whose canonical encoding is `body`; else CertificateMalformedError."""
        try:
            return cls.decode(body)
        except TlsError as error:
            raise CertificateMalformedError(str(error)) from error


def verify_certificate(
    signed: SignedCertificate, *, root: bytes | None, purpose: Purpose, at: int
) -> Certificate:
    """The certificate, when the pinned `root` signed it for `purpose` and it is valid at `at` (ms UTC).

    Raises CertificateRefusedError with the first of: root, purpose, time, signature. Without a root none is
    valid.
    """
    certificate = signed.certificate
    _require(root is not None and certificate.root == root, CertificateRule.ROOT)
    _require(certificate.purpose is purpose, CertificateRule.PURPOSE)
    _require(certificate.not_before <= at < certificate.not_after, CertificateRule.TIME)
    _require(
        signing.verify(
            public_key=certificate.root,
            label=Label.CERTIFICATE,
            content=certificate.encode(),
            signature=signed.signature,
        ),
        CertificateRule.SIGNATURE,
    )
    return certificate


def valid_keys(
    certificates: Iterable[SignedCertificate], *, root: bytes | None, purpose: Purpose, at: int
) -> frozenset[bytes]:
    """Keys that `root` vouches for at `at`; certificates that do not verify are passed over."""
    keys = set()
    for signed in certificates:
        try:
            keys.add(verify_certificate(signed, root=root, purpose=purpose, at=at).key)
        except CertificateRefusedError:
            continue
    return frozenset(keys)


@dataclass(frozen=True, slots=True)
class Trust:
    """What a reader goes by: the pinned root, and certificates that anybody may have given."""

    root: bytes | None
    certificates: tuple[SignedCertificate, ...] = ()

    def keys(self, *, purpose: Purpose, at: int) -> frozenset[bytes]:
        """`valid_keys` of these."""
        return valid_keys(self.certificates, root=self.root, purpose=purpose, at=at)


NO_TRUST: Final = Trust(root=None)
"""Nobody is vouched for: every order and every reset is refused."""


def sign_certificate(*, certificate: Certificate, root: SigningKey) -> SignedCertificate:
    """`certificate` signed by the root's private half; a ValueError when it names another root."""
    if certificate.root != bytes(root.verify_key):
        raise ValueError("the certificate names another root")
    return SignedCertificate(
        certificate, signing.sign(key=root, label=Label.CERTIFICATE, content=certificate.encode())
    )


def _read_name(raw: bytes) -> str:
    try:
        return read_name(raw)
    except StatementMalformedError as error:
        raise TlsError(TlsErrorCode.UNKNOWN_VALUE, str(error)) from error


def _require(holds: bool, rule: CertificateRule) -> None:
    if not holds:
        raise CertificateRefusedError(rule)
