"""Whatever arrives, the decoder gives a value that encodes to the same bytes, or an ``MlsError``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from messaging.mls import (
    MlsError,
    MlsMessage,
    PrivateMessageFrame,
    decode_commit,
    decode_key_package,
    decode_private_message,
    decode_welcome,
    split_welcome,
)
from messaging.mls.messages import ContentType, PrivateMessage
from messaging.mls.profile import GROUP_ID_LENGTH
from messaging.mls.proposals import Commit, Proposal
from messaging.mls.tls import MAX_MESSAGE_BYTES, Reader, Struct, Writer, vector_length
from messaging.mls.tree import (
    Capabilities,
    Credential,
    CredentialType,
    Extension,
    KeyPackage,
    LeafNode,
    LeafNodeSource,
    Lifetime,
    ParentNode,
    RatchetTree,
)

PROFILE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "mls" / "beep-profile.json").read_text()
)
PUBLIC_VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "mls" / "messages.json"


def known_messages() -> list[bytes]:
    """Every MLSMessage at hand: ours, the hostile ones and, where they are, the public ones."""
    found = []
    for suite in PROFILE["suites"]:
        found += [member["key_package"] for member in suite["members"].values()]
        found += [commit["commit"] for commit in suite["commits"]]
        found += [commit["welcome"] for commit in suite["commits"] if commit["welcome"]]
        found += [suite["application"], *suite["hostile"].values()]
    if PUBLIC_VECTORS.exists():
        for vector in json.loads(PUBLIC_VECTORS.read_text()):
            found += [
                value
                for name, value in vector.items()
                if name.startswith(("mls_", "public_message_", "private_"))
            ]
    return [bytes.fromhex(value) for value in found]


MESSAGES = known_messages()
APPLICATIONS = [bytes.fromhex(suite["application"]) for suite in PROFILE["suites"]]


@st.composite
def mutated(draw: st.DrawFn, messages: list[bytes]) -> bytes:
    """A message with one to four bytes changed, dropped, doubled or put in, most of them near the front."""
    data = bytearray(draw(st.sampled_from(messages)))
    for _ in range(draw(st.integers(1, 4))):
        end = draw(st.sampled_from([min(len(data), 128), len(data)]))
        at = draw(st.integers(0, max(end - 1, 0)))
        match draw(st.sampled_from(["set", "drop", "insert", "cut", "repeat"])):
            case "set" if data:
                data[at] = draw(st.integers(0, 255))
            case "drop":
                del data[at : at + draw(st.integers(1, 8))]
            case "insert":
                data[at:at] = draw(st.binary(max_size=8))
            case "cut":
                del data[at:]
            case "repeat":
                data[at:at] = data[at : at + 64]
    return bytes(data)


def survives(kind: type[Struct], data: bytes) -> None:
    try:
        value = kind.decode(data)
    except MlsError:
        return
    assert value.encode() == data


def test_there_are_messages_to_change() -> None:
    assert len(MESSAGES) >= 60
    unreadable = bytes.fromhex(PROFILE["suites"][0]["hostile"]["unknown_proposal"])
    for data in MESSAGES:
        if data != unreadable:
            assert MlsMessage.decode(data).encode() == data


@settings(max_examples=400, deadline=None)
@given(mutated(MESSAGES))
def test_changed_messages_decode_to_themselves_or_are_refused(data: bytes) -> None:
    survives(MlsMessage, data)
    for decode in (decode_commit, decode_key_package, decode_private_message, decode_welcome, split_welcome):
        try:
            decode(data)
        except MlsError:
            continue


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
@example(b"")
def test_noise_is_refused_or_decodes_to_itself(data: bytes) -> None:
    for kind in (MlsMessage, RatchetTree, Commit, Proposal, KeyPackage, LeafNode):
        survives(kind, data)
    survives(MlsMessage, b"\0\1\0\2" + data)


@settings(max_examples=600, deadline=None)
@given(st.one_of(mutated(APPLICATIONS), mutated(MESSAGES)))
def test_the_fast_path_agrees_with_the_decoder(data: bytes) -> None:
    expected: PrivateMessageFrame | None = None
    try:
        body = MlsMessage.decode(data).body
    except MlsError:
        body = None
    if (
        isinstance(body, PrivateMessage)
        and body.content_type is ContentType.APPLICATION
        and len(body.group_id) == GROUP_ID_LENGTH
        and len(body.encrypted_sender_data) == 28
    ):
        expected = PrivateMessageFrame(
            body.group_id, body.epoch, body.content_type, body.authenticated_data, len(body.ciphertext)
        )
    try:
        assert decode_private_message(data) == expected
    except MlsError:
        assert expected is None


@given(st.integers(0, (1 << 30) - 1))
def test_every_length_has_one_encoding(length: int) -> None:
    encoded = vector_length(length)
    assert Reader(encoded)._length() == length
    assert len(encoded) in (1, 2, 4)
    assert encoded[0] >> 6 == {1: 0, 2: 1, 4: 2}[len(encoded)]


u16s = st.lists(st.integers(0, 0xFFFF), max_size=6).map(tuple)
u64s = st.integers(0, 2**64 - 1)
opaques = st.binary(max_size=80)
extensions = st.lists(st.builds(Extension, st.integers(0, 0xFFFF), opaques), max_size=3).map(tuple)
credentials = st.one_of(
    st.builds(Credential, st.just(CredentialType.BASIC), identity=opaques),
    st.builds(
        Credential, st.just(CredentialType.X509), certificates=st.lists(opaques, max_size=3).map(tuple)
    ),
)


@st.composite
def leaf_nodes(draw: st.DrawFn) -> LeafNode:
    source = draw(st.sampled_from(LeafNodeSource))
    return LeafNode(
        draw(opaques),
        draw(opaques),
        draw(credentials),
        draw(st.builds(Capabilities, u16s, u16s, u16s, u16s, u16s)),
        source,
        draw(st.builds(Lifetime, u64s, u64s)) if source is LeafNodeSource.KEY_PACKAGE else None,
        draw(opaques) if source is LeafNodeSource.COMMIT else None,
        draw(extensions),
        draw(opaques),
    )


parents = st.builds(ParentNode, opaques, opaques, st.lists(st.integers(0, 2**32 - 1), max_size=5).map(tuple))
trees = st.lists(st.one_of(st.none(), leaf_nodes(), parents), max_size=6).map(tuple)


@settings(max_examples=100, deadline=None)
@given(trees)
def test_any_tree_comes_back(nodes: tuple[LeafNode | ParentNode | None, ...]) -> None:
    tree = RatchetTree(nodes)
    assert RatchetTree.decode(tree.encode()) == tree


@settings(max_examples=100, deadline=None)
@given(
    st.builds(KeyPackage, st.integers(0, 0xFFFF), opaques, leaf_nodes(), extensions, opaques).map(MlsMessage)
)
def test_any_key_package_comes_back(message: MlsMessage) -> None:
    assert MlsMessage.decode(message.encode()) == message


@pytest.mark.parametrize(
    ("kind", "element"),
    [
        (RatchetTree, b"\0"),  # blank nodes: the smallest element there is
        (Commit, b"\2\0"),  # references of no bytes
    ],
)
def test_the_largest_messages_of_the_smallest_parts_take_linear_time(
    kind: type[Struct], element: bytes
) -> None:
    def encoded(size: int) -> bytes:
        writer = Writer()
        writer.opaque(element * (size // len(element)))
        if kind is Commit:
            writer.u8(0)
        return writer.getvalue()

    def seconds(size: int) -> float:
        data = encoded(size)
        begun = time.process_time()
        assert kind.decode(data).encode() == data
        return time.process_time() - begun

    assert len(encoded(MAX_MESSAGE_BYTES - 16)) <= MAX_MESSAGE_BYTES
    small = min(seconds(100_000) for _ in range(3))
    large = min(seconds(800_000) for _ in range(2))
    assert (
        large < small * 8 * 4
    )  # eight times the bytes; a quadratic reader would take sixty-four times as long
