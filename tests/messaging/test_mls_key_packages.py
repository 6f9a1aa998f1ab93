"""Key packages: what ts-mls makes is taken, and every single deviation has its own refusal."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from nacl.signing import SigningKey

from messaging.mls import (
    CAPABILITIES,
    CipherSuite,
    Identity,
    KeyPackage,
    MlsDecodeError,
    MlsErrorCode,
    MlsMessage,
    MlsRefusedError,
    check_key_package,
    decode_key_package,
    key_package_ref,
    parse_credential,
    reference_of,
)
from messaging.mls.profile import MAX_LIFETIME_SECONDS, suite_parameters
from messaging.mls.signing import sign_content, verify_with_label
from messaging.mls.tree import Credential, CredentialType, Extension, LeafNode, LeafNodeSource, Lifetime

PROFILE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "mls" / "beep-profile.json").read_text()
)
SUITES = [CipherSuite.CLASSICAL, CipherSuite.HYBRID]
NOW = 1_900_000_000
ALICE = Identity(uuid4(), uuid4())
KEY = SigningKey(bytes(range(32)))


def sign(kp: KeyPackage, key: SigningKey = KEY) -> KeyPackage:
    """The key package with both signatures made anew."""
    leaf = replace(
        kp.leaf_node,
        signature=key.sign(
            sign_content(label="LeafNodeTBS", content=kp.leaf_node.tbs(group_id=b"", leaf_index=0))
        ).signature,
    )
    kp = replace(kp, leaf_node=leaf)
    signature = key.sign(sign_content(label="KeyPackageTBS", content=kp.tbs())).signature
    return replace(kp, signature=signature)


def make(suite: CipherSuite = CipherSuite.CLASSICAL, **leaf_changes: Any) -> KeyPackage:
    """A key package that is right but for ``leaf_changes``, signed."""
    length = suite_parameters(suite).public_key_length
    leaf = LeafNode(
        encryption_key=b"\1" * length,
        signature_key=bytes(KEY.verify_key),
        credential=ALICE.credential(),
        capabilities=CAPABILITIES,
        source=LeafNodeSource.KEY_PACKAGE,
        lifetime=Lifetime(NOW - 3600, NOW + 90 * 86_400),
        parent_hash=None,
        extensions=(),
        signature=b"",
    )
    return sign(KeyPackage(suite, b"\2" * length, replace(leaf, **leaf_changes), (), b""))


def check(kp: KeyPackage, **changes: Any) -> None:
    expected: dict[str, Any] = {
        "suite": kp.cipher_suite,
        "person": ALICE.person,
        "device": ALICE.device,
        "signature_key": bytes(KEY.verify_key),
        "now_ms": NOW * 1000,
    }
    check_key_package(kp, **(expected | changes))


def refusal(kp: KeyPackage, **changes: Any) -> MlsErrorCode:
    with pytest.raises(MlsRefusedError) as refused:
        check(kp, **changes)
    return refused.value.code


@pytest.mark.parametrize("vector", PROFILE["suites"], ids=lambda vector: f"suite-{vector['suite']:#06x}")
def test_key_packages_of_the_client_library_are_taken(vector: dict[str, Any]) -> None:
    for member in vector["members"].values():
        data = bytes.fromhex(member["key_package"])
        kp = decode_key_package(data)
        assert MlsMessage(kp).encode() == data
        check_key_package(
            kp,
            suite=vector["suite"],
            person=UUID(member["person"]),
            device=UUID(member["device"]),
            signature_key=bytes.fromhex(member["signature_key"]),
            now_ms=PROFILE["now_ms"],
        )


@pytest.mark.parametrize("suite", SUITES)
def test_a_right_key_package_passes_until_the_end_of_its_life(suite: CipherSuite) -> None:
    kp = make(suite)
    check(kp)
    check(kp, now_ms=(NOW + 90 * 86_400) * 1000 + 999)


def test_the_code_points_are_those_of_the_client_library() -> None:
    assert [vector["suite"] for vector in PROFILE["suites"]] == SUITES == [0x0001, 0x0053]


@pytest.mark.parametrize("suite", SUITES)
def test_the_reference_is_the_hash_of_label_and_key_package(suite: CipherSuite) -> None:
    kp = make(suite)
    encoded = kp.encode()
    label = b"MLS 1.0 KeyPackage Reference"
    length = (0x4000 | len(encoded)).to_bytes(2, "big")
    hashed = sha256 if suite is CipherSuite.CLASSICAL else sha512
    expected = hashed(bytes([len(label)]) + label + length + encoded).digest()
    assert reference_of(kp) == key_package_ref(MlsMessage(kp).encode(), suite) == expected


def test_a_reference_is_asked_for_in_the_package_s_own_suite() -> None:
    with pytest.raises(MlsRefusedError) as refused:
        key_package_ref(MlsMessage(make(CipherSuite.CLASSICAL)).encode(), CipherSuite.HYBRID)
    assert refused.value.code is MlsErrorCode.SUITE_MISMATCH


def test_only_a_key_package_is_read_as_one() -> None:
    application = bytes.fromhex(PROFILE["suites"][0]["application"])
    with pytest.raises(MlsRefusedError) as refused:
        decode_key_package(application)
    assert refused.value.code is MlsErrorCode.NOT_KEY_PACKAGE
    with pytest.raises(MlsDecodeError):
        decode_key_package(make().encode())  # without the MLSMessage header


def test_suites() -> None:
    assert refusal(make(CipherSuite.CLASSICAL), suite=CipherSuite.HYBRID) is MlsErrorCode.SUITE_MISMATCH
    assert refusal(replace(make(), cipher_suite=3)) is MlsErrorCode.SUITE_UNSUPPORTED


@pytest.mark.parametrize(
    "identity",
    [
        f"{ALICE.person}/{uuid4()}",
        f"{uuid4()}/{ALICE.device}",
        f"{ALICE.person}/{ALICE.device}".upper(),
        f"{ALICE.person}/{ALICE.device} ",
        f"{ALICE.person.hex}/{ALICE.device.hex}",
        "",
    ],
    ids=["another device", "another person", "upper case", "trailing space", "without hyphens", "empty"],
)
def test_a_credential_that_is_not_exactly_the_device_s(identity: str) -> None:
    credential = Credential(CredentialType.BASIC, identity=identity.encode())
    assert refusal(make(credential=credential)) is MlsErrorCode.KEY_PACKAGE_CREDENTIAL


def test_an_x509_credential() -> None:
    credential = Credential(CredentialType.X509, certificates=(b"certificate",))
    assert refusal(make(credential=credential)) is MlsErrorCode.KEY_PACKAGE_CREDENTIAL
    assert parse_credential(credential) is None


def test_credentials_are_parsed_in_their_one_spelling() -> None:
    text = f"{ALICE.person}/{ALICE.device}"
    assert parse_credential(Credential(CredentialType.BASIC, text.encode())) == ALICE
    same_length = f"{{{ALICE.person.hex}}}/{ALICE.device}  "
    for other in (text.upper(), text.replace("/", "-"), text[:-1] + "g", text[:-1] + "é", same_length):
        assert parse_credential(Credential(CredentialType.BASIC, other.encode()[:73])) is None


def test_another_signature_key() -> None:
    other = SigningKey.generate()
    kp = sign(make(signature_key=bytes(other.verify_key)), other)
    assert refusal(kp) is MlsErrorCode.KEY_PACKAGE_SIGNATURE_KEY


@pytest.mark.parametrize(
    "changes",
    [
        {"versions": (1, 2)},
        {"versions": ()},
        {"cipher_suites": (CipherSuite.CLASSICAL, CipherSuite.HYBRID)},
        {"cipher_suites": (CipherSuite.CLASSICAL,)},
        {"cipher_suites": (*CAPABILITIES.cipher_suites, 0x0A0A)},
        {"extensions": (1,)},
        {"proposals": (8,)},
        {"credentials": (1, 2)},
        {"credentials": ()},
    ],
)
def test_capabilities_other_than_ours(changes: dict[str, tuple[int, ...]]) -> None:
    kp = make(capabilities=replace(CAPABILITIES, **changes))
    assert refusal(kp) is MlsErrorCode.KEY_PACKAGE_CAPABILITIES


def test_extensions_on_the_package_or_on_the_leaf() -> None:
    extension = (Extension(10, b""),)
    assert refusal(sign(replace(make(), extensions=extension))) is MlsErrorCode.KEY_PACKAGE_EXTENSIONS
    assert refusal(make(extensions=extension)) is MlsErrorCode.KEY_PACKAGE_EXTENSIONS


@pytest.mark.parametrize(
    ("source", "parent_hash"), [(LeafNodeSource.UPDATE, None), (LeafNodeSource.COMMIT, b"")]
)
def test_a_leaf_made_for_something_else(source: LeafNodeSource, parent_hash: bytes | None) -> None:
    kp = make(source=source, lifetime=None, parent_hash=parent_hash)
    assert refusal(kp) is MlsErrorCode.KEY_PACKAGE_SOURCE


@pytest.mark.parametrize(
    ("not_before", "not_after"),
    [
        (NOW + 1, NOW + 100),
        (NOW - 100, NOW - 1),
        (NOW + 100, NOW - 100),
        (NOW - 1, NOW + MAX_LIFETIME_SECONDS),
        (0, 2**64 - 1),
    ],
)
def test_lifetimes_not_begun_over_or_too_long(not_before: int, not_after: int) -> None:
    kp = make(lifetime=Lifetime(not_before, not_after))
    assert refusal(kp) is MlsErrorCode.KEY_PACKAGE_LIFETIME


def test_the_longest_lifetime_is_allowed() -> None:
    check(make(lifetime=Lifetime(NOW, NOW + MAX_LIFETIME_SECONDS)))


@pytest.mark.parametrize("suite", SUITES)
def test_keys_of_the_wrong_length_or_used_twice(suite: CipherSuite) -> None:
    kp = make(suite)
    for init_key in (b"", kp.init_key + b"\0", kp.leaf_node.encryption_key):
        assert refusal(sign(replace(kp, init_key=init_key))) is MlsErrorCode.KEY_PACKAGE_KEYS
    assert refusal(make(suite, encryption_key=b"\1" * 31)) is MlsErrorCode.KEY_PACKAGE_KEYS


def test_signatures_that_are_wrong_or_misplaced() -> None:
    kp = make()
    leaf = replace(kp.leaf_node, signature=kp.signature)
    resigned = replace(kp, leaf_node=leaf)
    resigned = replace(
        resigned, signature=KEY.sign(sign_content(label="KeyPackageTBS", content=resigned.tbs())).signature
    )
    assert refusal(resigned) is MlsErrorCode.KEY_PACKAGE_LEAF_SIGNATURE
    assert refusal(replace(kp, signature=kp.leaf_node.signature)) is MlsErrorCode.KEY_PACKAGE_SIGNATURE
    assert refusal(replace(kp, signature=b"")) is MlsErrorCode.KEY_PACKAGE_SIGNATURE
    other_init_key = replace(kp, init_key=b"\3" * 32)
    assert refusal(other_init_key) is MlsErrorCode.KEY_PACKAGE_SIGNATURE


def test_small_order_keys_verify_nothing() -> None:
    # The neutral element as key and as R: the equation then holds for every message.
    neutral = b"\1" + bytes(31)
    assert not verify_with_label(
        public_key=neutral, label="KeyPackageTBS", content=b"any", signature=neutral + bytes(32)
    )
