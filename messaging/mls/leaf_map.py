"""Which device sits at which leaf, kept by the server without the tree (RFC 9420 §7.7, §7.8, §12.3)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from .commit_frame import CommitFrame
from .errors import MlsErrorCode, MlsRefusedError
from .profile import Identity, parse_credential
from .tree import KeyPackage


@dataclass(frozen=True, slots=True)
class LeafInfo:
    """A device and the 32-byte Ed25519 key it signs with."""

    person: UUID
    device: UUID
    signature_key: bytes

    @property
    def identity(self) -> Identity:
        """Whom the leaf speaks for."""
        return Identity(self.person, self.device)


def leaf_info(kp: KeyPackage) -> LeafInfo:
    """The leaf that adding this key package makes.

    Raises ``MlsRefusedError`` (KEY_PACKAGE_CREDENTIAL) when the credential is not one of Beep's.
    """
    identity = parse_credential(kp.leaf_node.credential)
    if identity is None:
        raise MlsRefusedError(MlsErrorCode.KEY_PACKAGE_CREDENTIAL, "the credential is not person/device")
    return LeafInfo(identity.person, identity.device, kp.leaf_node.signature_key)


def apply_to_leaf_map(leaf_map: Mapping[int, LeafInfo], frame: CommitFrame) -> dict[int, LeafInfo]:
    """The leaf map after a commit; the map given is left as it is.

    Removes come first and blank their leaves, whatever the order in the commit; then each Add, in order,
    takes the leftmost blank leaf, and past the last one the tree grows (RFC 9420 §12.3, §12.1.1). Blank
    leaves on the right may meanwhile have been cut off the tree (§7.8), but the leftmost blank is the same
    with and without them.

    Run ``check_commit`` first. Raises ``MlsRefusedError`` with REMOVE_UNKNOWN_LEAF or KEY_PACKAGE_CREDENTIAL.
    """
    after = dict(leaf_map)
    for index in frame.removed:
        if after.pop(index, None) is None:
            raise MlsRefusedError(MlsErrorCode.REMOVE_UNKNOWN_LEAF, f"nobody is at leaf {index}")
    blank = 0
    for kp in frame.added:
        while blank in after:
            blank += 1
        after[blank] = leaf_info(kp)
    return after


def filtered_direct_path_length(leaf_index: int, occupied: Collection[int]) -> int:
    """How many nodes an update path from ``leaf_index`` has in a tree with these leaves (RFC 9420 §4.1.2).

    A node counts when its other child, the one off the path, has a leaf in it. (A subtree whose leaves are
    all blank has only blank parents as well, so its resolution is empty.) n log n for n leaves.
    """
    leaves = sorted(occupied)
    count, span = 0, 1
    while span <= leaves[-1]:
        sibling = (leaf_index // span ^ 1) * span
        position = bisect_left(leaves, sibling)
        if position < len(leaves) and leaves[position] < sibling + span:
            count += 1
        span *= 2
    return count
