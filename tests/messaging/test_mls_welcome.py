"""Welcomes taken apart and put together again, and the fast path of application messages."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from messaging.mls import (
    MlsDecodeError,
    MlsErrorCode,
    MlsMessage,
    MlsRefusedError,
    check_welcome,
    decode_commit,
    decode_private_message,
    decode_welcome,
    join_welcome,
    reference_of,
    split_welcome,
)
from messaging.mls.messages import ContentType, EncryptedGroupSecrets, PrivateMessage, Welcome
from messaging.mls.tree import HpkeCiphertext

SUITES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "mls" / "beep-profile.json").read_text()
)["suites"]
IDS = [f"suite-{suite['suite']:#06x}" for suite in SUITES]
with_suites = pytest.mark.parametrize("suite", SUITES, ids=IDS)


def step(suite: dict[str, Any], label: str) -> dict[str, Any]:
    (found,) = [commit for commit in suite["commits"] if commit["label"] == label]
    return dict(found)


def welcome_of(suite: dict[str, Any], label: str = "add two") -> bytes:
    return bytes.fromhex(step(suite, label)["welcome"])


@with_suites
def test_each_newcomer_gets_its_own_part_and_only_that(suite: dict[str, Any]) -> None:
    data = welcome_of(suite)
    added = decode_commit(bytes.fromhex(step(suite, "add two")["commit"])).added
    parts = split_welcome(data)
    check_welcome(parts, suite=suite["suite"], added=added)
    assert len(parts.secrets) == len(added) == 2
    whole = decode_welcome(data)
    for kp in added:
        own = join_welcome(
            suite=parts.suite,
            secrets=parts.secrets[reference_of(kp)],
            encrypted_group_info=parts.encrypted_group_info,
        )
        welcome = decode_welcome(own)
        assert welcome.cipher_suite == suite["suite"]
        assert welcome.encrypted_group_info == whole.encrypted_group_info
        assert [part.new_member for part in welcome.secrets] == [reference_of(kp)]
        assert welcome.secrets[0] in whole.secrets


@with_suites
def test_a_welcome_for_one_is_put_together_to_the_same_bytes(suite: dict[str, Any]) -> None:
    data = welcome_of(suite, "add one")
    parts = split_welcome(data)
    (secrets,) = parts.secrets.values()
    again = join_welcome(suite=parts.suite, secrets=secrets, encrypted_group_info=parts.encrypted_group_info)
    assert again == data


@with_suites
def test_a_welcome_must_be_for_those_whom_the_commit_adds(suite: dict[str, Any]) -> None:
    one = decode_commit(bytes.fromhex(step(suite, "add one")["commit"])).added
    two = decode_commit(bytes.fromhex(step(suite, "add two")["commit"])).added
    parts = split_welcome(welcome_of(suite))
    for added in ((), one, two[:1], two + one):
        with pytest.raises(MlsRefusedError) as refused:
            check_welcome(parts, suite=suite["suite"], added=added)
        assert refused.value.code is MlsErrorCode.WELCOME_RECIPIENTS
    other = SUITES[0]["suite"] + SUITES[1]["suite"] - suite["suite"]
    with pytest.raises(MlsRefusedError) as refused:
        check_welcome(parts, suite=other, added=two)
    assert refused.value.code is MlsErrorCode.SUITE_MISMATCH


def refusal_of(welcome: Welcome) -> MlsErrorCode:
    with pytest.raises(MlsRefusedError) as refused:
        split_welcome(MlsMessage(welcome).encode())
    return refused.value.code


@with_suites
def test_welcomes_of_the_wrong_shape(suite: dict[str, Any]) -> None:
    welcome = decode_welcome(welcome_of(suite))
    part = welcome.secrets[0]
    sealed = part.encrypted_group_secrets
    assert refusal_of(replace(welcome, secrets=(part, part))) is MlsErrorCode.WELCOME_DUPLICATE
    assert refusal_of(replace(welcome, cipher_suite=2)) is MlsErrorCode.SUITE_UNSUPPORTED
    for bad in (
        EncryptedGroupSecrets(part.new_member[1:], sealed),
        EncryptedGroupSecrets(part.new_member, HpkeCiphertext(b"", sealed.ciphertext)),
    ):
        assert refusal_of(replace(welcome, secrets=(bad,))) is MlsErrorCode.WELCOME_SHAPE


@with_suites
def test_only_a_welcome_is_read_as_one(suite: dict[str, Any]) -> None:
    with pytest.raises(MlsRefusedError) as refused:
        split_welcome(bytes.fromhex(suite["application"]))
    assert refused.value.code is MlsErrorCode.NOT_WELCOME


def test_secrets_from_the_store_are_read_strictly() -> None:
    (secrets,) = split_welcome(welcome_of(SUITES[0], "add one")).secrets.values()
    with pytest.raises(MlsDecodeError):
        join_welcome(suite=SUITES[0]["suite"], secrets=secrets + b"\0", encrypted_group_info=b"")


@with_suites
def test_an_application_message(suite: dict[str, Any]) -> None:
    data = bytes.fromhex(suite["application"])
    frame = decode_private_message(data)
    body = MlsMessage.decode(data).body
    assert isinstance(body, PrivateMessage)
    assert frame.group_id == body.group_id == bytes.fromhex(suite["group_id"])
    assert frame.epoch == body.epoch == suite["application_epoch"]
    assert frame.content_type is ContentType.APPLICATION
    assert frame.authenticated_data == body.authenticated_data == b"aad"
    assert frame.ciphertext_length == len(body.ciphertext) > 256


def application(**changes: Any) -> bytes:
    body = MlsMessage.decode(bytes.fromhex(SUITES[0]["application"])).body
    assert isinstance(body, PrivateMessage)
    return MlsMessage(replace(body, **changes)).encode()


@pytest.mark.parametrize("size", [0, 63, 64, 16_383, 16_384, 100_000])
def test_all_sizes_of_authenticated_data_and_ciphertext(size: int) -> None:
    frame = decode_private_message(application(authenticated_data=bytes(size), ciphertext=b"x" * size))
    assert frame.authenticated_data == bytes(size)
    assert frame.ciphertext_length == size


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"group_id": bytes(31)}, MlsErrorCode.GROUP_ID_LENGTH),
        ({"group_id": bytes(64)}, MlsErrorCode.GROUP_ID_LENGTH),
        ({"content_type": ContentType.COMMIT}, MlsErrorCode.CONTENT_NOT_APPLICATION),
        ({"content_type": ContentType.PROPOSAL}, MlsErrorCode.CONTENT_NOT_APPLICATION),
        ({"encrypted_sender_data": bytes(27)}, MlsErrorCode.SENDER_DATA_LENGTH),
    ],
)
def test_private_messages_outside_the_profile(changes: dict[str, Any], code: MlsErrorCode) -> None:
    with pytest.raises(MlsRefusedError) as refused:
        decode_private_message(application(**changes))
    assert refused.value.code is code


@pytest.mark.parametrize("name", ["commit_encrypted", "proposal_encrypted"])
def test_handshakes_do_not_travel_as_application_messages(name: str) -> None:
    with pytest.raises(MlsRefusedError) as refused:
        decode_private_message(bytes.fromhex(SUITES[0]["hostile"][name]))
    assert refused.value.code is MlsErrorCode.CONTENT_NOT_APPLICATION


@pytest.mark.parametrize("name", ["commit", "welcome"])
def test_other_wire_formats_are_not_application_messages(name: str) -> None:
    with pytest.raises(MlsRefusedError) as refused:
        decode_private_message(bytes.fromhex(step(SUITES[0], "add one")[name]))
    assert refused.value.code is MlsErrorCode.NOT_PRIVATE_MESSAGE


def test_application_messages_cut_short_or_made_longer() -> None:
    data = bytes.fromhex(SUITES[0]["application"])
    for end in range(len(data)):
        with pytest.raises(MlsDecodeError):
            decode_private_message(data[:end])
    with pytest.raises(MlsDecodeError) as refused:
        decode_private_message(data + b"\0")
    assert refused.value.code is MlsErrorCode.TRAILING_BYTES


def test_a_length_that_is_not_minimal() -> None:
    data = bytes.fromhex(SUITES[0]["application"])
    assert data[46:50] == b"\x03aad"
    with pytest.raises(MlsDecodeError) as refused:
        decode_private_message(data[:46] + b"\x40" + data[46:])
    assert refused.value.code is MlsErrorCode.LENGTH_NOT_MINIMAL
