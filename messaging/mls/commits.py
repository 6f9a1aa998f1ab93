"""Does a commit fit the group it was sent to? (RFC 9420 §12.2, §12.4.2, and Beep's narrower rules)"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from uuid import UUID

from .commit_frame import CommitFrame
from .errors import MlsErrorCode, MlsRefusedError
from .key_packages import check_key_package
from .leaf_map import LeafInfo, apply_to_leaf_map, filtered_direct_path_length, leaf_info
from .profile import CAPABILITIES, ED25519_SIGNATURE_LENGTH, SuiteParameters, suite_parameters
from .signing import verify_with_label
from .tree import LeafNodeSource, UpdatePath


def check_commit(
    frame: CommitFrame,
    *,
    suite: int,
    group_id: bytes,
    epoch: int,
    leaf_map: Mapping[int, LeafInfo],
    sender_device: UUID,
    listed: Mapping[UUID, LeafInfo],
    now_ms: int,
) -> None:
    """Refuses a commit that an honest client could not have made for this group.

    ``suite``, ``group_id``, ``epoch`` and ``leaf_map`` describe the group now; ``sender_device`` is the
    device whose authenticated connection brought the frame; ``listed`` holds, by device id, every added
    device that its person's identity chain lists now (``leaf_info`` of each key package in ``frame.added``
    says whom to look up); ``now_ms`` is in milliseconds since 1970. Whether the sender may add and remove is
    the caller's question, not this one's.

    What the server can not check: the signature over FramedContentTBS (§6.1) and the two tags cover the
    GroupContext, whose tree hash and transcript hash only members have, and the encrypted path secrets and
    parent hashes need the tree or a member's keys. That costs no security. Every client verifies all of them
    before it adopts the commit, so a forged one changes nobody's state; it can only stop the group at this
    epoch, which is the sender's own doing: the connection names the device, and the path's leaf carries a
    signature that is checked here. Such a group is continued by a successor and its committer is named.

    Raises ``MlsRefusedError`` with SUITE_UNSUPPORTED, GROUP_MISMATCH, EPOCH_MISMATCH (the commit lost the
    race, or its sender is behind), a SENDER, REMOVE, ADD, PATH or KEY_PACKAGE code, SIGNATURE_LENGTH or
    TAG_LENGTH.
    """
    parameters = suite_parameters(suite)
    if frame.group_id != group_id:
        raise MlsRefusedError(MlsErrorCode.GROUP_MISMATCH, "a commit for another group")
    if frame.epoch != epoch:
        raise MlsRefusedError(MlsErrorCode.EPOCH_MISMATCH, f"a commit for epoch {frame.epoch}, not {epoch}")
    sender = leaf_map.get(frame.leaf_index)
    if sender is None:
        raise MlsRefusedError(MlsErrorCode.SENDER_NOT_IN_GROUP, f"nobody is at leaf {frame.leaf_index}")
    if sender.device != sender_device:
        raise MlsRefusedError(
            MlsErrorCode.SENDER_WRONG_DEVICE, f"leaf {frame.leaf_index} is another device's"
        )
    if len(frame.signature) != ED25519_SIGNATURE_LENGTH:
        raise MlsRefusedError(MlsErrorCode.SIGNATURE_LENGTH, f"a signature of {len(frame.signature)} bytes")
    if {len(frame.confirmation_tag), len(frame.membership_tag)} != {parameters.hash_length}:
        raise MlsRefusedError(MlsErrorCode.TAG_LENGTH, "a tag is not of the suite's length")
    _check_removes(frame, leaf_map=leaf_map)
    _check_adds(frame, suite=suite, leaf_map=leaf_map, listed=listed, now_ms=now_ms)
    if frame.path is not None:
        _check_path_leaf(frame, frame.path, sender=sender)
        after = apply_to_leaf_map(leaf_map, frame)
        _check_path_shape(frame, frame.path, after=after, parameters=parameters)
    elif frame.removed or not frame.added:
        # RFC 9420 §12.4. Without a path a removed member would read the next epoch.
        raise MlsRefusedError(
            MlsErrorCode.PATH_MISSING, "an empty commit, or one that removes, needs an update path"
        )


def _check_removes(frame: CommitFrame, *, leaf_map: Mapping[int, LeafInfo]) -> None:
    """RFC 9420 §12.1.3 and §12.2: each leaf once, occupied, and never the committer's."""
    removed = frame.removed
    if len(set(removed)) != len(removed):
        raise MlsRefusedError(MlsErrorCode.REMOVE_DUPLICATE, "one leaf is removed twice")
    for index in removed:
        if index == frame.leaf_index:
            raise MlsRefusedError(MlsErrorCode.REMOVE_SELF, "the committer removes itself")
        if index not in leaf_map:
            raise MlsRefusedError(MlsErrorCode.REMOVE_UNKNOWN_LEAF, f"nobody is at leaf {index}")


def _check_adds(
    frame: CommitFrame,
    *,
    suite: int,
    leaf_map: Mapping[int, LeafInfo],
    listed: Mapping[UUID, LeafInfo],
    now_ms: int,
) -> None:
    """RFC 9420 §12.1.1 and §12.2: listed devices, valid key packages, no device and no key twice.

    A device that this very commit removes may be added again.
    """
    gone = set(frame.removed)
    staying = [leaf for index, leaf in leaf_map.items() if index not in gone]
    devices = {leaf.device for leaf in staying}
    signature_keys = {leaf.signature_key for leaf in staying}
    hpke_keys: set[bytes] = set()
    for kp in frame.added:
        claimed = leaf_info(kp)
        device = listed.get(claimed.device)
        if device is None:
            raise MlsRefusedError(
                MlsErrorCode.ADD_UNLISTED_DEVICE, f"device {claimed.device} is not listed by its person"
            )
        keys = {kp.init_key, kp.leaf_node.encryption_key}
        if claimed.device in devices or claimed.signature_key in signature_keys or keys & hpke_keys:
            raise MlsRefusedError(
                MlsErrorCode.ADD_DUPLICATE, f"device {claimed.device} or one of its keys is already there"
            )
        devices.add(claimed.device)
        signature_keys.add(claimed.signature_key)
        hpke_keys |= keys
        check_key_package(
            kp,
            suite=suite,
            person=device.person,
            device=device.device,
            signature_key=device.signature_key,
            now_ms=now_ms,
        )


def _check_path_leaf(frame: CommitFrame, path: UpdatePath, *, sender: LeafInfo) -> None:
    """The committer may renew its encryption key and nothing else (narrower than RFC 9420 §7.3)."""
    leaf = path.leaf_node
    if leaf.source is not LeafNodeSource.COMMIT:
        raise MlsRefusedError(
            MlsErrorCode.PATH_SOURCE, f"the path's leaf is made for {leaf.source.name.lower()}"
        )
    if leaf.credential != sender.identity.credential():
        raise MlsRefusedError(MlsErrorCode.PATH_CREDENTIAL, "the path changes the committer's credential")
    if leaf.signature_key != sender.signature_key:
        raise MlsRefusedError(
            MlsErrorCode.PATH_SIGNATURE_KEY, "the path changes the committer's signature key"
        )
    if leaf.capabilities != CAPABILITIES:
        raise MlsRefusedError(MlsErrorCode.PATH_CAPABILITIES, "the path changes the committer's capabilities")
    if leaf.extensions:
        raise MlsRefusedError(MlsErrorCode.PATH_EXTENSIONS, "the path's leaf carries extensions")
    if not verify_with_label(
        public_key=sender.signature_key,
        label="LeafNodeTBS",
        content=leaf.tbs(group_id=frame.group_id, leaf_index=frame.leaf_index),
        signature=leaf.signature,
    ):
        raise MlsRefusedError(MlsErrorCode.PATH_SIGNATURE, "the signature of the path's leaf is wrong")


def _check_path_shape(
    frame: CommitFrame, path: UpdatePath, *, after: Mapping[int, LeafInfo], parameters: SuiteParameters
) -> None:
    """As many nodes as the tree demands, all keys fresh, all sizes the suite's (RFC 9420 §7.6, §12.4.2).

    How many secrets stand at a node depends on parents that the server does not know. Together they are at
    most one for each member that was there before, other than the committer.
    """
    nodes = path.nodes
    wanted = filtered_direct_path_length(frame.leaf_index, after)
    if len(nodes) != wanted:
        raise MlsRefusedError(MlsErrorCode.PATH_SHAPE, f"a path of {len(nodes)} nodes, not {wanted}")
    keys = [path.leaf_node.encryption_key, *(node.encryption_key for node in nodes)]
    keys_of_newcomers = chain.from_iterable((kp.init_key, kp.leaf_node.encryption_key) for kp in frame.added)
    if len(set(keys)) != len(keys) or not set(keys).isdisjoint(keys_of_newcomers):
        raise MlsRefusedError(MlsErrorCode.PATH_SHAPE, "one encryption key stands in two places")
    if any(len(key) != parameters.public_key_length for key in keys):
        raise MlsRefusedError(MlsErrorCode.PATH_SHAPE, "an encryption key is not of the suite's length")
    secrets = [secret for node in nodes for secret in node.encrypted_path_secret]
    if len(secrets) > len(after) - len(frame.added) - 1:
        raise MlsRefusedError(MlsErrorCode.PATH_SHAPE, f"{len(secrets)} secrets are more than members")
    for secret in secrets:
        if (
            len(secret.kem_output) != parameters.kem_output_length
            or len(secret.ciphertext) != parameters.sealed_path_secret_length
        ):
            raise MlsRefusedError(MlsErrorCode.PATH_SHAPE, "a path secret is not of the suite's length")
