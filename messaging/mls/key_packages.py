"""Key packages: what a device publishes so that others can add it while it is away (RFC 9420 §10)."""

from __future__ import annotations

from uuid import UUID

from .errors import MlsErrorCode, MlsRefusedError
from .messages import MlsMessage
from .profile import CAPABILITIES, MAX_LIFETIME_SECONDS, Identity, suite_parameters
from .signing import ref_hash, verify_with_label
from .tree import KeyPackage, LeafNodeSource, Lifetime


def decode_key_package(data: bytes) -> KeyPackage:
    """The key package in an MLSMessage, as devices upload it (RFC 9420 §6, §10). Only the encoding is judged.

    Raises ``MlsDecodeError``; ``MlsRefusedError`` (NOT_KEY_PACKAGE) for any other kind of message.
    """
    body = MlsMessage.decode(data).body
    if not isinstance(body, KeyPackage):
        raise MlsRefusedError(MlsErrorCode.NOT_KEY_PACKAGE, f"a {type(body).__name__}, not a key package")
    return body


def reference_of(kp: KeyPackage) -> bytes:
    """KeyPackageRef, the name by which a Welcome calls a newcomer (RFC 9420 §5.2).

    32 bytes in the classical suite, 64 in the hybrid one. The hash covers the bare KeyPackage, without the
    MLSMessage header.
    Raises ``MlsRefusedError`` (SUITE_UNSUPPORTED).
    """
    return ref_hash(label="MLS 1.0 KeyPackage Reference", value=kp.encode(), suite=kp.cipher_suite)


def key_package_ref(data: bytes, suite: int) -> bytes:
    """``reference_of`` for an uploaded key package in its MLSMessage.

    Raises as ``decode_key_package``; ``MlsRefusedError`` (SUITE_MISMATCH) when it is of another suite.
    """
    kp = decode_key_package(data)
    _check_suite(kp, suite=suite)
    return reference_of(kp)


def check_key_package(
    kp: KeyPackage, *, suite: int, person: UUID, device: UUID, signature_key: bytes, now_ms: int
) -> None:
    """Refuses a key package that is not exactly what this device should publish (RFC 9420 §10.1, §7.3).

    ``suite`` is a code point; ``signature_key`` the device's 32-byte Ed25519 key as the person's identity
    chain lists it; ``now_ms`` the time in milliseconds since 1970. Two Ed25519 verifications, about 0.2 ms.

    Raises ``MlsRefusedError`` with SUITE_UNSUPPORTED, SUITE_MISMATCH or one of the KEY_PACKAGE codes.
    """
    parameters = suite_parameters(suite)
    leaf = kp.leaf_node
    _check_suite(kp, suite=suite)
    if leaf.credential != Identity(person, device).credential():
        raise MlsRefusedError(MlsErrorCode.KEY_PACKAGE_CREDENTIAL, "the credential is not this device's")
    if leaf.signature_key != signature_key:
        raise MlsRefusedError(MlsErrorCode.KEY_PACKAGE_SIGNATURE_KEY, "the signature key is not the device's")
    if leaf.capabilities != CAPABILITIES:
        raise MlsRefusedError(MlsErrorCode.KEY_PACKAGE_CAPABILITIES, "capabilities other than Beep's")
    if kp.extensions or leaf.extensions:
        raise MlsRefusedError(MlsErrorCode.KEY_PACKAGE_EXTENSIONS, "a key package carries no extensions")
    if leaf.source is not LeafNodeSource.KEY_PACKAGE or leaf.lifetime is None:
        raise MlsRefusedError(MlsErrorCode.KEY_PACKAGE_SOURCE, f"a leaf made for {leaf.source.name}")
    _check_lifetime(leaf.lifetime, now_ms=now_ms)
    if {len(kp.init_key), len(leaf.encryption_key)} != {parameters.public_key_length}:
        raise MlsRefusedError(MlsErrorCode.KEY_PACKAGE_KEYS, "an HPKE key is not of the suite's length")
    if kp.init_key == leaf.encryption_key:
        raise MlsRefusedError(MlsErrorCode.KEY_PACKAGE_KEYS, "init key and leaf key are the same")
    if not verify_with_label(
        public_key=signature_key,
        label="LeafNodeTBS",
        content=leaf.tbs(group_id=b"", leaf_index=0),
        signature=leaf.signature,
    ):
        raise MlsRefusedError(MlsErrorCode.KEY_PACKAGE_LEAF_SIGNATURE, "the leaf's signature is wrong")
    if not verify_with_label(
        public_key=signature_key, label="KeyPackageTBS", content=kp.tbs(), signature=kp.signature
    ):
        raise MlsRefusedError(MlsErrorCode.KEY_PACKAGE_SIGNATURE, "the key package's signature is wrong")


def _check_lifetime(lifetime: Lifetime, *, now_ms: int) -> None:
    now = now_ms // 1000
    if not lifetime.not_before <= now <= lifetime.not_after:
        raise MlsRefusedError(
            MlsErrorCode.KEY_PACKAGE_LIFETIME,
            f"valid from {lifetime.not_before} to {lifetime.not_after}, and it is {now}",
        )
    if lifetime.not_after - lifetime.not_before > MAX_LIFETIME_SECONDS:
        raise MlsRefusedError(MlsErrorCode.KEY_PACKAGE_LIFETIME, "valid for longer than 90 days")


def _check_suite(kp: KeyPackage, *, suite: int) -> None:
    if kp.cipher_suite != suite:
        raise MlsRefusedError(
            MlsErrorCode.SUITE_MISMATCH, f"a key package of suite {kp.cipher_suite:#06x}, not {suite:#06x}"
        )
