"""RFC 6962 §2.1: the Merkle tree hash over SHA-256. Pure: no Django, no I/O.

::

    leaf  = SHA-256(0x00 ‖ data)
    node  = SHA-256(0x01 ‖ left ‖ right)
    root of nothing = SHA-256("")
    root of n leaves = node(root of the first k, root of the rest), k the largest power of two below n

The two prefixes keep a leaf from passing for a node.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash of one entry."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node over its children's hashes, 32 bytes each."""
    if len(left) != HASH_BYTES or len(right) != HASH_BYTES:
        raise ValueError("children are 32-byte hashes")
    return sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """Root over hashes made by `leaf_hash`, in one pass:

    a stack holds one complete subtree a set bit of the count.

    The same as the RFC's recursion, since both split at the largest power of two.
    """
    stack: list[bytes] = []
    for count, leaf in enumerate(leaf_hashes, start=1):
        if len(leaf) != HASH_BYTES:
            raise ValueError("leaves are 32-byte hashes")
        stack.append(leaf)
        # Trailing zero bits of the count say how many subtrees just became complete.
        for _ in range((count & -count).bit_length() - 1):
            right = stack.pop()
            stack.append(node_hash(stack.pop(), right))
    if not stack:
        return EMPTY_ROOT
    whole = stack.pop()
    while stack:
        whole = node_hash(stack.pop(), whole)
    return whole


def root_of(entries: Iterable[bytes]) -> bytes:
    """Root over whole entries: each is hashed as a leaf first."""
    return root(map(leaf_hash, entries))


def root_from_inclusion(*, index: int, size: int, leaf: bytes, proof: list[bytes]) -> bytes:
    """The root that an inclusion proof (RFC 9162 §2.1.3.2) leads to, for the caller to compare.

    `index` counts from 0 in a tree of `size` leaves, `leaf` is the leaf's hash. Raises ValueError when the
    proof has another length than this place needs.
    """
    if not 0 <= index < size:
        raise ValueError("the leaf is outside the tree")
    here, last = index, size - 1
    current = leaf
    for sibling in proof:
        if last == 0:
            raise ValueError("the proof is too long")
        if here & 1 or here == last:
            current = node_hash(sibling, current)
            while here & 1 == 0 and here != 0:
                here >>= 1
                last >>= 1
        else:
            current = node_hash(current, sibling)
        here >>= 1
        last >>= 1
    if last != 0:
        raise ValueError("the proof is too short")
    return current
