"""Commits: those that ts-mls makes for our profile pass, every hostile one has its own refusal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from messaging.mls import (
    CommitFrame,
    LeafInfo,
    MlsDecodeError,
    MlsErrorCode,
    MlsMessage,
    MlsRefusedError,
    apply_to_leaf_map,
    check_commit,
    decode_commit,
)
from messaging.mls.leaf_map import filtered_direct_path_length
from messaging.mls.messages import PublicMessage
from messaging.mls.proposals import Add, Remove
from messaging.mls.tree import HpkeCiphertext, UpdatePath

PROFILE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "mls" / "beep-profile.json").read_text()
)


@dataclass(frozen=True)
class Step:
    """One commit of the vectors and the group it was made in."""

    data: bytes
    suite: int
    group_id: bytes
    epoch: int
    sender: LeafInfo
    before: Mapping[int, LeafInfo]
    after: Mapping[int, LeafInfo]
    listed: Mapping[UUID, LeafInfo]

    def check(self, frame: CommitFrame, **changes: Any) -> None:
        expected: dict[str, Any] = {
            "suite": self.suite,
            "group_id": self.group_id,
            "epoch": self.epoch,
            "leaf_map": self.before,
            "sender_device": self.sender.device,
            "listed": self.listed,
            "now_ms": PROFILE["now_ms"],
        }
        check_commit(frame, **(expected | changes))

    def refusal(self, frame: CommitFrame, **changes: Any) -> MlsErrorCode:
        with pytest.raises(MlsRefusedError) as refused:
            self.check(frame, **changes)
        return refused.value.code


def load_steps() -> dict[str, Step]:
    steps = {}
    for suite in PROFILE["suites"]:
        members = {
            name: LeafInfo(UUID(m["person"]), UUID(m["device"]), bytes.fromhex(m["signature_key"]))
            for name, m in suite["members"].items()
        }
        listed = {member.device: member for member in members.values()}
        for commit in suite["commits"]:
            steps[f"{suite['suite']:#06x} {commit['label']}"] = Step(
                data=bytes.fromhex(commit["commit"]),
                suite=suite["suite"],
                group_id=bytes.fromhex(suite["group_id"]),
                epoch=commit["epoch"],
                sender=members[commit["sender"]],
                before={int(i): listed[UUID(d)] for i, d in commit["leaves_before"].items()},
                after={int(i): listed[UUID(d)] for i, d in commit["leaves_after"].items()},
                listed=listed,
            )
    return steps


STEPS = load_steps()
EMPTY = STEPS["0x0001 empty"]  # alice, leaf 0, with bob at leaf 1: the group the hostile frames are for
ADD_TWO = STEPS["0x0001 add two"]
REMOVE = STEPS["0x0001 remove"]
SWAP = STEPS["0x0001 remove and add"]
EIGHT = STEPS["0x0001 add eight"]


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())
def test_commits_of_the_client_library_pass_and_move_the_leaves_as_it_does(step: Step) -> None:
    frame = decode_commit(step.data)
    step.check(frame)
    assert apply_to_leaf_map(step.before, frame) == step.after


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())
def test_a_path_is_there_exactly_when_it_must_be(step: Step) -> None:
    frame = decode_commit(step.data)
    assert (frame.path is None) == bool(frame.added and not frame.removed)
    if frame.path is not None:
        assert step.refusal(replace(frame, path=None)) is MlsErrorCode.PATH_MISSING


def test_what_a_frame_shows() -> None:
    frame = decode_commit(SWAP.data)
    assert frame.group_id == SWAP.group_id
    assert frame.epoch == SWAP.epoch
    assert SWAP.before[frame.leaf_index] == SWAP.sender
    assert frame.authenticated_data == b"remove and add"
    assert len(frame.added) == 1
    assert frame.removed == (1,)


HOSTILE = {
    "proposal_alone": MlsErrorCode.CONTENT_PROPOSAL,
    "proposal_by_reference": MlsErrorCode.PROPOSAL_BY_REFERENCE,
    "commit_encrypted": MlsErrorCode.NOT_PUBLIC_MESSAGE,
    "proposal_encrypted": MlsErrorCode.NOT_PUBLIC_MESSAGE,
    "group_context_extensions": MlsErrorCode.PROPOSAL_GROUP_CONTEXT_EXTENSIONS,
    "reinit": MlsErrorCode.PROPOSAL_REINIT,
    "update": MlsErrorCode.PROPOSAL_UPDATE,
    "psk": MlsErrorCode.PROPOSAL_PSK,
    "external_init": MlsErrorCode.PROPOSAL_EXTERNAL_INIT,
    "unknown_proposal": MlsErrorCode.UNKNOWN_VALUE,
    "remove_without_path": MlsErrorCode.PATH_MISSING,
    "empty_without_path": MlsErrorCode.PATH_MISSING,
    "path_other_identity": MlsErrorCode.PATH_CREDENTIAL,
    "path_other_signature_key": MlsErrorCode.PATH_SIGNATURE_KEY,
    "path_more_capabilities": MlsErrorCode.PATH_CAPABILITIES,
    "path_extension": MlsErrorCode.PATH_EXTENSIONS,
    "path_signed_by_other": MlsErrorCode.PATH_SIGNATURE,
    "path_too_short": MlsErrorCode.PATH_SHAPE,
    "add_more_capabilities": MlsErrorCode.KEY_PACKAGE_CAPABILITIES,
    "new_member_proposal": MlsErrorCode.SENDER_NEW_MEMBER,
    "external_commit": MlsErrorCode.SENDER_NEW_MEMBER,
    "external_sender": MlsErrorCode.SENDER_EXTERNAL,
    "application_public": MlsErrorCode.CONTENT_APPLICATION,
}


def test_every_hostile_frame_is_expected() -> None:
    assert PROFILE["suites"][0]["hostile"].keys() == HOSTILE.keys()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_frames_are_refused_each_with_its_code(name: str) -> None:
    data = bytes.fromhex(PROFILE["suites"][0]["hostile"][name])
    with pytest.raises((MlsRefusedError, MlsDecodeError)) as refused:
        EMPTY.check(decode_commit(data))
    assert refused.value.code is HOSTILE[name]


def test_a_missing_membership_tag() -> None:
    message = MlsMessage.decode(EMPTY.data)
    assert isinstance(message.body, PublicMessage)
    assert message.body.membership_tag is not None
    cut = EMPTY.data[: -1 - len(message.body.membership_tag)]
    with pytest.raises(MlsDecodeError) as missing:
        decode_commit(cut)
    assert missing.value.code is MlsErrorCode.MEMBERSHIP_TAG_MISSING
    with pytest.raises(MlsRefusedError) as empty:
        decode_commit(cut + b"\0")
    assert empty.value.code is MlsErrorCode.MEMBERSHIP_TAG_MISSING


def test_another_group_epoch_or_sender() -> None:
    frame = decode_commit(EMPTY.data)
    assert EMPTY.refusal(frame, group_id=bytes(32)) is MlsErrorCode.GROUP_MISMATCH
    for epoch in (EMPTY.epoch - 1, EMPTY.epoch + 1):
        assert EMPTY.refusal(frame, epoch=epoch) is MlsErrorCode.EPOCH_MISMATCH
    assert EMPTY.refusal(replace(frame, leaf_index=7)) is MlsErrorCode.SENDER_NOT_IN_GROUP
    assert EMPTY.refusal(replace(frame, leaf_index=1)) is MlsErrorCode.SENDER_WRONG_DEVICE
    assert EMPTY.refusal(frame, sender_device=uuid4()) is MlsErrorCode.SENDER_WRONG_DEVICE
    assert EMPTY.refusal(frame, suite=2) is MlsErrorCode.SUITE_UNSUPPORTED


def test_signature_and_tags_have_the_suite_s_lengths() -> None:
    frame = decode_commit(EMPTY.data)
    assert EMPTY.refusal(replace(frame, signature=bytes(63))) is MlsErrorCode.SIGNATURE_LENGTH
    assert EMPTY.refusal(replace(frame, confirmation_tag=bytes(64))) is MlsErrorCode.TAG_LENGTH
    assert EMPTY.refusal(replace(frame, membership_tag=bytes(31))) is MlsErrorCode.TAG_LENGTH


def test_removes() -> None:
    frame = decode_commit(REMOVE.data)
    (target,) = frame.removed

    def refusal(*indices: int) -> MlsErrorCode:
        return REMOVE.refusal(replace(frame, proposals=tuple(Remove(index) for index in indices)))

    assert refusal(target, target) is MlsErrorCode.REMOVE_DUPLICATE
    assert refusal(frame.leaf_index) is MlsErrorCode.REMOVE_SELF
    assert refusal(99) is MlsErrorCode.REMOVE_UNKNOWN_LEAF
    with pytest.raises(MlsRefusedError) as unknown:
        apply_to_leaf_map(REMOVE.before, replace(frame, proposals=(Remove(99),)))
    assert unknown.value.code is MlsErrorCode.REMOVE_UNKNOWN_LEAF


def test_adds_of_devices_that_nobody_lists_or_that_are_there() -> None:
    frame = decode_commit(ADD_TWO.data)
    first, second = frame.added
    assert ADD_TWO.refusal(frame, listed={}) is MlsErrorCode.ADD_UNLISTED_DEVICE
    twice = replace(frame, proposals=(Add(first), Add(first)))
    assert ADD_TWO.refusal(twice) is MlsErrorCode.ADD_DUPLICATE
    assert ADD_TWO.refusal(frame, leaf_map=ADD_TWO.after) is MlsErrorCode.ADD_DUPLICATE
    shared_key = replace(second, init_key=first.leaf_node.encryption_key)
    borrowed = replace(frame, proposals=(Add(first), Add(shared_key)))
    assert ADD_TWO.refusal(borrowed) is MlsErrorCode.ADD_DUPLICATE


def test_an_added_device_must_be_the_one_listed() -> None:
    frame = decode_commit(ADD_TWO.data)
    device = min(ADD_TWO.after.keys() - ADD_TWO.before.keys())
    newcomer = ADD_TWO.after[device]

    def refusal(**changes: Any) -> MlsErrorCode:
        listed = {**ADD_TWO.listed, newcomer.device: replace(newcomer, **changes)}
        return ADD_TWO.refusal(frame, listed=listed)

    assert refusal(person=uuid4()) is MlsErrorCode.KEY_PACKAGE_CREDENTIAL
    assert refusal(signature_key=bytes(32)) is MlsErrorCode.KEY_PACKAGE_SIGNATURE_KEY
    later = PROFILE["now_ms"] + 91 * 86_400_000
    assert ADD_TWO.refusal(frame, now_ms=later) is MlsErrorCode.KEY_PACKAGE_LIFETIME


def test_a_device_may_be_removed_and_added_in_one_commit() -> None:
    frame = decode_commit(SWAP.data)
    (newcomer,) = frame.added
    (removed,) = frame.removed
    returning = SWAP.listed[
        next(
            d
            for d, leaf in SWAP.listed.items()
            if leaf not in SWAP.before.values() and leaf in SWAP.after.values()
        )
    ]
    assert newcomer.leaf_node.signature_key == returning.signature_key
    SWAP.check(frame, leaf_map={**SWAP.before, removed: returning})


def test_removes_come_before_adds_whatever_their_order() -> None:
    frame = decode_commit(SWAP.data)
    assert isinstance(frame.proposals[0], Add)
    backwards = replace(frame, proposals=frame.proposals[::-1])
    assert apply_to_leaf_map(SWAP.before, backwards) == apply_to_leaf_map(SWAP.before, frame) == SWAP.after


def test_adds_fill_the_leftmost_blanks_and_then_grow_the_tree() -> None:
    frame = decode_commit(EIGHT.data)
    someone = EIGHT.before[0]
    after = apply_to_leaf_map({1: someone, 3: someone, 9: someone}, frame)
    added = [kp.leaf_node.signature_key for kp in frame.added]
    assert [after[i].signature_key for i in (0, 2, 4, 5, 6, 7, 8, 10)] == added
    assert len(after) == 11


def changed_path(step: Step, change: str) -> CommitFrame:
    """The step's commit with one thing in its path changed; only the shape is judged here."""
    frame = decode_commit(step.data)
    path = frame.path
    assert path is not None
    node, *others = path.nodes
    secret, *secrets = node.encrypted_path_secret
    changed = {
        "one node more": (*path.nodes, node),
        "one node less": tuple(others),
        "short node key": (replace(node, encryption_key=node.encryption_key[1:]), *others),
        "leaf key again": (replace(node, encryption_key=path.leaf_node.encryption_key), *others),
        "more secrets than members": (
            replace(node, encrypted_path_secret=node.encrypted_path_secret * 9),
            *others,
        ),
        "short kem output": (
            replace(node, encrypted_path_secret=(HpkeCiphertext(b"", secret.ciphertext), *secrets)),
            *others,
        ),
        "long ciphertext": (
            replace(
                node,
                encrypted_path_secret=(
                    HpkeCiphertext(secret.kem_output, secret.ciphertext + b"\0"),
                    *secrets,
                ),
            ),
            *others,
        ),
    }
    return replace(frame, path=UpdatePath(path.leaf_node, changed[change]))


@pytest.mark.parametrize("suite", ["0x0001", "0x0053"])
@pytest.mark.parametrize(
    "change",
    [
        "one node more",
        "one node less",
        "short node key",
        "leaf key again",
        "more secrets than members",
        "short kem output",
        "long ciphertext",
    ],
)
def test_paths_of_the_wrong_shape(suite: str, change: str) -> None:
    step = STEPS[f"{suite} empty by newcomer"]
    assert step.refusal(changed_path(step, change)) is MlsErrorCode.PATH_SHAPE


def test_a_path_leaf_made_for_something_else_or_for_another_place() -> None:
    frame = decode_commit(EMPTY.data)
    assert frame.path is not None
    key_package_leaf = decode_commit(ADD_TWO.data).added[0].leaf_node
    moved = replace(frame, path=replace(frame.path, leaf_node=key_package_leaf))
    assert EMPTY.refusal(moved) is MlsErrorCode.PATH_SOURCE
    # The leaf's signature covers the leaf index: the same leaf at another place is no longer signed.
    elsewhere = {1: EMPTY.before[0], 0: EMPTY.before[1]}
    assert EMPTY.refusal(replace(frame, leaf_index=1), leaf_map=elsewhere) is MlsErrorCode.PATH_SIGNATURE


@pytest.mark.parametrize(
    ("leaf", "occupied", "nodes"),
    [
        (0, {0}, 0),
        (0, {0, 1}, 1),
        (0, {0, 1, 2}, 2),
        (2, {0, 1, 2}, 1),
        (0, {0, 2}, 1),
        (0, {0, 3, 4}, 2),
        (4, {0, 1, 2, 3, 4}, 1),
        (5, {0, 5}, 1),
        (0, set(range(8)), 3),
        (999, set(range(1000)), 8),
    ],
)
def test_the_number_of_nodes_on_a_path(leaf: int, occupied: set[int], nodes: int) -> None:
    assert filtered_direct_path_length(leaf, occupied) == nodes
