"""RFC 6962 §2.1: the Merkle tree over SHA-256, its proofs and their verification. Pure: no Django, no I/O.

::

    leaf  = SHA-256(0x00 ‖ data)
    node  = SHA-256(0x01 ‖ left ‖ right)
    root of nothing = SHA-256("")
    root of n leaves = node(root of the first k, root of the rest), k the largest power of two below n

The two prefixes keep a leaf from passing for a node. A proof is a list of roots of ranges of leaves; which
ranges is said by `inclusion_ranges` and `consistency_ranges`, so that whoever stores subtrees (tiles) can
answer without holding the leaves. Verification follows RFC 9162 §2.1.3.2 and §2.1.4.2.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
MAX_STEPS: Final = 1024
"""In a proof: more than any tree that can be counted needs."""

Range = tuple[int, int]
"""Leaves from the first number up to, without, the second."""


class ProofError(ValueError):
    """A proof does not prove what it was given for."""


def leaf_hash(data: bytes) -> bytes:
    """Hash of one entry."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node over its children's hashes, 32 bytes each; else ValueError."""
    if len(left) != HASH_BYTES or len(right) != HASH_BYTES:
        raise ValueError("children are 32-byte hashes")
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: one complete subtree a set bit of the size, the largest first.

    Enough to append to the tree and to know its root.
    """

    __slots__ = ("size", "subtrees")

    def __init__(self, size: int = 0, subtrees: Iterable[bytes] = ()) -> None:
        self.size = size
        self.subtrees = list(subtrees)
        if size < 0 or len(self.subtrees) != size.bit_count():
            raise ValueError("a frontier has one subtree a set bit of its size")

    def append(self, leaf: bytes) -> None:
        """Add a leaf by its hash, 32 bytes; else ValueError."""
        if len(leaf) != HASH_BYTES:
            raise ValueError("leaves are 32-byte hashes")
        self.size += 1
        self.subtrees.append(leaf)
        # Trailing zero bits of the size say how many subtrees just became complete.
        for _ in range((self.size & -self.size).bit_length() - 1):
            right = self.subtrees.pop()
            self.subtrees.append(sha256(b"\x01" + self.subtrees.pop() + right).digest())

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self.subtrees:
            return EMPTY_ROOT
        whole = self.subtrees[-1]
        for subtree in reversed(self.subtrees[:-1]):
            whole = node_hash(subtree, whole)
        return whole


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """Root over hashes made by `leaf_hash`, in one pass.

    The same as the RFC's recursion, since both split at the largest power of two.
    """
    frontier = Frontier()
    for leaf in leaf_hashes:
        frontier.append(leaf)
    return frontier.root()


def root_of(entries: Iterable[bytes]) -> bytes:
    """Root over whole entries: each is hashed as a leaf first."""
    return root(map(leaf_hash, entries))


# --- Proofs
# ---------------------------------------------------------------------------------------------------


def _split(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The subtrees whose roots are the proof (RFC 6962 §2.1.1) of leaf `index` among `size`, leaf side first.

    Raises ValueError when there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError("the leaf is outside the tree")
    ranges: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(size1: int, size2: int) -> list[Range]:
    """The subtrees whose roots are the proof (RFC 6962 §2.1.2) for the first `size1` leaves of `size2`.

    Raises ValueError unless 0 < size1 <= size2.
    """
    if not 0 < size1 <= size2:
        raise ValueError("a consistency proof leads from a tree that is not empty to one not smaller")
    ranges: list[Range] = []
    start, end = 0, size2
    whole = True  # The old tree is a subtree whose root the verifier knows.
    while end != size1:
        middle = start + _split(end - start)
        if size1 <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
            whole = False
    if not whole:
        ranges.append((start, end))
    return ranges[::-1]


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int, size: int | None = None) -> list[bytes]:
    """The proof that leaf `index` is in the tree of the first `size` leaves (all, unless given).

    Raises ValueError when there is no such leaf or tree.
    """
    size = _whole(leaf_hashes, size)
    return [root(leaf_hashes[start:end]) for start, end in inclusion_ranges(index, size)]


def consistency_proof(leaf_hashes: Sequence[bytes], size1: int, size2: int | None = None) -> list[bytes]:
    """The proof that the tree of the first `size1` leaves begins that of the first `size2` (all).

    Raises ValueError unless 0 < size1 <= size2 and there are that many leaves.
    """
    size2 = _whole(leaf_hashes, size2)
    return [root(leaf_hashes[start:end]) for start, end in consistency_ranges(size1, size2)]


def _whole(leaf_hashes: Sequence[bytes], size: int | None) -> int:
    if size is None:
        return len(leaf_hashes)
    if not 0 <= size <= len(leaf_hashes):
        raise ValueError("there are not that many leaves")
    return size


# --- Verification
# ---------------------------------------------------------------------------------------------------


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Return when `proof` leads from the leaf at `index` to `root` of `size` leaves; else ProofError."""
    _require_sizes(index, size)
    if not 0 <= index < size:
        raise ProofError("the leaf is outside the tree")
    _require_hashes((leaf_hash, root, *_steps(proof)))
    here, last = index, size - 1
    current = leaf_hash
    for sibling in proof:
        if last == 0:
            raise ProofError("the proof is too long")
        if here & 1 or here == last:
            current = node_hash(sibling, current)
            # Up to the next node with a sibling: levels where the right edge has none.
            while here & 1 == 0 and here != 0:
                here >>= 1
                last >>= 1
        else:
            current = node_hash(current, sibling)
        here >>= 1
        last >>= 1
    if last != 0:
        raise ProofError("the proof is too short")
    if current != root:
        raise ProofError("the proof leads to another root")


def verify_consistency(size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> None:
    """Return when the tree of `size1` leaves is the beginning of that of `size2`; else raise ProofError.

    From an empty tree to a larger one there is nothing to prove, so that any proof of it is refused.
    """
    _require_sizes(size1, size2)
    if not 0 <= size1 <= size2:
        raise ProofError("the sizes do not grow")
    steps = _steps(proof)
    if size1 == size2:
        if steps:
            raise ProofError("between equal sizes the proof is empty")
        _require_bytes((root1, root2))
        if root1 != root2:
            raise ProofError("two roots for one size")
        if size1 == 0 and root1 != EMPTY_ROOT:
            raise ProofError("that is not the root of an empty tree")
        return
    if size1 == 0:
        raise ProofError("from an empty tree there is nothing to prove")
    if not proof:
        raise ProofError("the proof is too short")
    _require_hashes((root1, root2, *steps))
    here, last = size1 - 1, size2 - 1
    while here & 1:
        here >>= 1
        last >>= 1
    # A power of two leaves: the old root is a node of the new tree and not repeated in the proof.
    path = iter(proof)
    old = new = root1 if size1 & (size1 - 1) == 0 else next(path)
    for node in path:
        if last == 0:
            raise ProofError("the proof is too long")
        if here & 1 or here == last:
            old = node_hash(node, old)
            new = node_hash(node, new)
            while here & 1 == 0 and here != 0:
                here >>= 1
                last >>= 1
        else:
            new = node_hash(new, node)
        here >>= 1
        last >>= 1
    if last != 0:
        raise ProofError("the proof is too short")
    if old != root1:
        raise ProofError("the proof leads to another old root")
    if new != root2:
        raise ProofError("the proof leads to another new root")


def _require_sizes(*numbers: object) -> None:
    """What comes out of JSON may be anything: True is an int to Python, 1.0 compares like one."""
    if any(type(number) is not int for number in numbers):
        raise ProofError("sizes and places are whole numbers")


def _steps(proof: object) -> Sequence[bytes]:
    if not isinstance(proof, Sequence) or len(proof) > MAX_STEPS:
        raise ProofError("the proof is too long, or no list")
    return proof


def _require_bytes(values: Iterable[object]) -> None:
    if not all(isinstance(value, bytes) for value in values):
        raise ProofError("hashes are bytes")


def _require_hashes(values: Sequence[bytes]) -> None:
    _require_bytes(values)
    if any(len(value) != HASH_BYTES for value in values):
        raise ProofError("a proof consists of 32-byte hashes")
