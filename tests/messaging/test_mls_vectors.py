"""The decoder against the MLS working group's public vectors, and the presentation language at its edges."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from messaging.mls import MlsDecodeError, MlsErrorCode
from messaging.mls.messages import GroupSecrets, MlsMessage, WireFormat
from messaging.mls.proposals import (
    Add,
    Commit,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    ReInit,
    Remove,
    Update,
)
from messaging.mls.tls import MAX_MESSAGE_BYTES, Reader, Struct, Writer
from messaging.mls.tree import RatchetTree

PUBLIC_VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "mls" / "messages.json"

STRUCTURES: dict[str, type[Struct]] = {
    "mls_welcome": MlsMessage,
    "mls_group_info": MlsMessage,
    "mls_key_package": MlsMessage,
    "ratchet_tree": RatchetTree,
    "group_secrets": GroupSecrets,
    "add_proposal": Add,
    "update_proposal": Update,
    "remove_proposal": Remove,
    "pre_shared_key_proposal": PreSharedKey,
    "re_init_proposal": ReInit,
    "external_init_proposal": ExternalInit,
    "group_context_extensions_proposal": GroupContextExtensions,
    "commit": Commit,
    "public_message_application": MlsMessage,
    "public_message_proposal": MlsMessage,
    "public_message_commit": MlsMessage,
    "private_message": MlsMessage,
}

WIRE_FORMATS = {
    "mls_welcome": WireFormat.WELCOME,
    "mls_group_info": WireFormat.GROUP_INFO,
    "mls_key_package": WireFormat.KEY_PACKAGE,
    "public_message_application": WireFormat.PUBLIC_MESSAGE,
    "public_message_proposal": WireFormat.PUBLIC_MESSAGE,
    "public_message_commit": WireFormat.PUBLIC_MESSAGE,
    "private_message": WireFormat.PRIVATE_MESSAGE,
}


@pytest.fixture(scope="module")
def vectors() -> list[dict[str, str]]:
    if not PUBLIC_VECTORS.exists():
        pytest.skip("the public MLS vectors are not here: ../shared/vectors/mls/messages.json")
    loaded: list[dict[str, str]] = json.loads(PUBLIC_VECTORS.read_text())
    return loaded


def test_the_vectors_hold_every_structure(vectors: list[dict[str, str]]) -> None:
    assert len(vectors) == 20
    assert all(vector.keys() == STRUCTURES.keys() for vector in vectors)


@pytest.mark.parametrize("name", STRUCTURES)
def test_public_vectors_encode_to_the_bytes_they_came_from(vectors: list[dict[str, str]], name: str) -> None:
    for vector in vectors:
        data = bytes.fromhex(vector[name])
        value = STRUCTURES[name].decode(data)
        assert value.encode() == data
        if isinstance(value, MlsMessage):
            assert value.wire_format is WIRE_FORMATS[name]


@pytest.mark.parametrize("name", STRUCTURES)
def test_public_vectors_cut_short_or_made_longer_are_refused(
    vectors: list[dict[str, str]], name: str
) -> None:
    data = bytes.fromhex(vectors[0][name])
    for end in range(len(data)):
        with pytest.raises(MlsDecodeError):
            STRUCTURES[name].decode(data[:end])
    with pytest.raises(MlsDecodeError) as refused:
        STRUCTURES[name].decode(data + b"\0")
    assert refused.value.code is MlsErrorCode.TRAILING_BYTES


@pytest.mark.parametrize(
    ("encoded", "code"),
    [
        ("0000" + "0005", MlsErrorCode.VERSION_UNSUPPORTED),
        ("0002" + "0005", MlsErrorCode.VERSION_UNSUPPORTED),
        ("0001" + "0000", MlsErrorCode.UNKNOWN_VALUE),
        ("0001" + "0006", MlsErrorCode.UNKNOWN_VALUE),
    ],
)
def test_unknown_versions_and_wire_formats_are_refused(encoded: str, code: MlsErrorCode) -> None:
    with pytest.raises(MlsDecodeError) as refused:
        MlsMessage.decode(bytes.fromhex(encoded))
    assert refused.value.code is code


def test_a_message_above_the_bound_is_not_even_read() -> None:
    with pytest.raises(MlsDecodeError) as refused:
        MlsMessage.decode(bytes(MAX_MESSAGE_BYTES + 1))
    assert refused.value.code is MlsErrorCode.TOO_LARGE


def test_a_decoder_that_accepted_a_second_spelling_would_be_caught() -> None:
    class Sloppy(Struct):
        @classmethod
        def read(cls, reader: Reader) -> Sloppy:
            reader.u8()
            return cls()

        def write(self, writer: Writer) -> None:
            writer.u8(0)

    assert isinstance(Sloppy.decode(b"\0"), Sloppy)
    with pytest.raises(MlsDecodeError) as refused:
        Sloppy.decode(b"\1")
    assert refused.value.code is MlsErrorCode.NOT_CANONICAL


def test_every_code_is_named_after_itself() -> None:
    assert all(code == f"mls_{code.name.lower()}" for code in MlsErrorCode)
