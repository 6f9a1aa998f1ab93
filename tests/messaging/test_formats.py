"""The bytes of `messaging.formats`, held to the vectors that the web client is held to as well."""

import hashlib
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import VerifyKey

from accounts.signing import Label, sign_content
from beep.tls import Struct, TlsError
from messaging import formats
from messaging.formats import (
    ApplicationPlaintext,
    AuthenticatedData,
    BeginBody,
    GroupPolicy,
    SlotBody,
)

VECTORS = Path(__file__).parents[1] / "vectors"


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


POLICY = load("policy.json")
DATA = load("authenticated_data.json")
ENVELOPE = load("envelope.json")
SLOT = load("slot.json")

BAD: list[tuple[type[Struct], str, str]] = [
    *((GroupPolicy, vector["name"], vector["bytes"]) for vector in POLICY["bad"]),
    *((AuthenticatedData, vector["name"], vector["bytes"]) for vector in DATA["authenticated_data"]["bad"]),
    *((ApplicationPlaintext, vector["name"], vector["bytes"]) for vector in DATA["plaintext"]["bad"]),
    *((BeginBody, vector["name"], vector["bytes"]) for vector in ENVELOPE["begin"]["bad"]),
    *((SlotBody, vector["name"], vector["body"]) for vector in SLOT["bad"]),
]


@pytest.mark.parametrize(
    ("kind", "name", "data"), BAD, ids=[f"{kind.__name__}: {name}" for kind, name, _ in BAD]
)
def test_bad_bytes_are_refused(kind: type[Struct], name: str, data: str) -> None:
    with pytest.raises(TlsError):
        kind.decode(bytes.fromhex(data))


@pytest.mark.parametrize("vector", POLICY["good"], ids=lambda vector: vector["name"])
def test_policy(vector: dict[str, Any]) -> None:
    data, value = bytes.fromhex(vector["bytes"]), vector["value"]
    policy = GroupPolicy.decode(data)
    assert policy.encode() == data
    assert policy.nonce.hex() == value["nonce"]
    assert policy.conversation.hex == value["conversation"]
    assert policy.kind.name.lower() == value["kind"]
    assert [person.hex for person in policy.persons] == value["persons"]
    assert policy.suite == value["suite"]
    assert policy.size_class.name.lower() == value["size_class"]
    assert policy.retention_class == value["retention_class"]
    assert policy.ministry.hex == value["ministry"]
    assert policy.registry.hex() == value["registry"]
    assert policy.predecessor.hex() == value["predecessor"]
    assert formats.group_id(data).hex() == vector["group_id"]
    assert formats.group_id(data) == hashlib.sha256(b"beep group v1" + data).digest()


@pytest.mark.parametrize("vector", DATA["authenticated_data"]["good"], ids=lambda vector: vector["name"])
def test_authenticated_data(vector: dict[str, Any]) -> None:
    data, value = bytes.fromhex(vector["bytes"]), vector["value"]
    read = AuthenticatedData.decode(data)
    assert read.encode() == data
    assert read.seen_seq == value["seen_seq"]
    assert read.transcript.hex() == value["transcript"]
    assert read.franking_tag.hex() == value["franking_tag"]
    assert [hash_.hex() for hash_ in read.order_hashes] == value["order_hashes"]
    assert [[change.person.hex, change.role.name.lower()] for change in read.roles] == value["roles"]
    seen = [read.checkpoint.size, read.checkpoint.root.hex()] if read.checkpoint else None
    assert seen == value["checkpoint"]


@pytest.mark.parametrize("vector", DATA["plaintext"]["good"], ids=lambda vector: vector["name"])
def test_application_plaintext(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["bytes"])
    read = ApplicationPlaintext.decode(data)
    assert len(data) % 256 == 0
    assert len(data) - 256 < len(read.content) + 36
    assert read.k.hex() == vector["k"]
    assert read.content.hex() == vector["content"]
    assert formats.franking_tag(k=read.k, content=read.content).hex() == vector["franking_tag"]


def test_envelope_hashes_and_transcript() -> None:
    conversation = UUID(ENVELOPE["conversation"])
    value = formats.transcript_start(conversation.bytes)
    assert value.hex() == ENVELOPE["transcript_start"]
    hashes = []
    for vector in ENVELOPE["envelopes"]:
        body_hash = hashlib.sha256(bytes.fromhex(vector["body"])).digest()
        assert body_hash.hex() == vector["body_hash"]
        hash_ = formats.envelope_hash(
            conversation=conversation.bytes,
            seq=vector["seq"],
            generation=vector["generation"],
            epoch=vector["epoch"],
            kind=vector["kind"],
            device=UUID(vector["device"]).bytes,
            counter=vector["counter"],
            time_ms=vector["time"],
            body_hash=body_hash,
        )
        assert hash_.hex() == vector["hash"]
        hashes.append(hash_)
        value = formats.transcript_next(value, seq=vector["seq"], hash_=hash_)
        assert value.hex() == vector["transcript"]
    assert formats.transcript(conversation.bytes, hashes) == value


@pytest.mark.parametrize("field", ["seq", "generation", "epoch", "kind", "counter", "time_ms"])
def test_every_header_field_changes_the_envelope_hash(field: str) -> None:
    header: dict[str, Any] = {"seq": 1, "generation": 1, "epoch": 1, "kind": 1, "counter": 1, "time_ms": 1}
    rest: dict[str, Any] = {"conversation": bytes(16), "device": bytes(16), "body_hash": bytes(32)}
    assert formats.envelope_hash(**header, **rest) != formats.envelope_hash(**{**header, field: 2}, **rest)


@pytest.mark.parametrize("vector", ENVELOPE["begin"]["good"], ids=lambda vector: vector["name"])
def test_begin_body(vector: dict[str, Any]) -> None:
    body = BeginBody.decode(bytes.fromhex(vector["bytes"]))
    assert body.policy.hex() == vector["policy"]
    assert body.commit.hex() == vector["commit"]


@pytest.mark.parametrize("vector", SLOT["good"], ids=lambda vector: vector["name"])
def test_slot(vector: dict[str, Any]) -> None:
    body = SlotBody.decode(bytes.fromhex(vector["body"]))
    associated = formats.slot_associated_data(
        label=vector["label"],
        group_id=bytes.fromhex(SLOT["group_id"]),
        epoch=vector["epoch"],
        leaf=vector["leaf"],
        counter=vector["counter"],
    )
    assert associated.hex() == vector["associated_data"]
    opened = AESGCM(bytes.fromhex(vector["key"])).decrypt(body.nonce, body.ciphertext, associated)
    assert opened.hex() == vector["plaintext"]
    signed = formats.slot_signed(associated_data=associated, nonce=body.nonce, ciphertext=body.ciphertext)
    content = sign_content(label=Label.SLOT, content=signed)
    assert content.hex() == vector["sign_content"]
    VerifyKey(bytes.fromhex(SLOT["signature_key"])).verify(content, body.signature)


SEEDS: list[tuple[type[Struct], bytes]] = [
    *((AuthenticatedData, bytes.fromhex(row["bytes"])) for row in DATA["authenticated_data"]["good"]),
    *((ApplicationPlaintext, bytes.fromhex(row["bytes"])) for row in DATA["plaintext"]["good"]),
    *((GroupPolicy, bytes.fromhex(row["bytes"])) for row in POLICY["good"]),
    *((BeginBody, bytes.fromhex(row["bytes"])) for row in ENVELOPE["begin"]["good"]),
    *((SlotBody, bytes.fromhex(row["body"])) for row in SLOT["good"]),
]


@given(st.sampled_from(SEEDS), st.integers(0, 300), st.integers(0, 40), st.binary(max_size=40))
def test_splices_are_refused_or_canonical(
    seed: tuple[type[Struct], bytes], at: int, cut: int, spliced: bytes
) -> None:
    kind, whole = seed
    data = whole[:at] + spliced + whole[at + cut :]
    try:
        value = kind.decode(data)
    except TlsError:
        return
    assert value.encode() == data
