"""The map person → hash of their newest identity statement: a compact prefix tree. Pure: no Django, no I/O.

::

    index  = SHA-256(person id, 16 bytes)
    leaf   = SHA-256(0x02 ‖ index[32] ‖ value[32])
    parent = SHA-256(0x03 ‖ left[32] ‖ right[32])
    an empty side, and the root of an empty map = 32 zero bytes

The hash layout is the prefix tree's of the IETF keytrans draft (draft-ietf-keytrans-protocol, "Prefix Tree"),
without its VRF: the directory is internal, so an index hides nobody. A leaf stands at the first depth at
which its index is alone; bits are taken from the most significant one. The same set has one tree and one
root, whatever the order in which it grew. Nodes are known by their hash and never change, so every epoch's
tree stays readable, and an epoch with n changes makes some n · log2(N) new ones.

A proof is what stands beside the path from the root to where the index must be::

    struct {
      opaque copath<V>;      // 32 bytes a level, root's child first; zeros for an empty side
      u8 end;                // 0 nothing stands there, 1 the index's own leaf, 2 somebody else's leaf
      select (end) {
        case 1: opaque value[32];
        case 2: opaque index[32]; opaque value[32];
      };
    } MapProof;
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias

from audit.merkle import ProofError
from beep.tls import Reader, Struct, TlsError, TlsErrorCode, Writer

HASH_BYTES: Final = 32
DEPTH: Final = 256
"""Levels below the root, at most: the bits of an index."""
EMPTY: Final = bytes(HASH_BYTES)
"""Stands for a side with nothing in it; root of the empty map."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry: 32 bytes of index, 32 bytes of value."""

    index: bytes
    value: bytes

    @property
    def hash(self) -> bytes:
        """Under which parents name it."""
        return sha256(b"\x02" + self.index + self.value).digest()


@dataclass(frozen=True, slots=True)
class Parent:
    """Two sides by their hashes; `EMPTY` for none."""

    left: bytes
    right: bytes

    @property
    def hash(self) -> bytes:
        """Under which parents name it."""
        return sha256(b"\x03" + self.left + self.right).digest()

    def side(self, bit: int) -> bytes:
        """Hash of the child for a bit."""
        return self.right if bit else self.left


Node: TypeAlias = Leaf | Parent
Load: TypeAlias = Callable[[bytes], Node]
"""Finds a node by its hash; raises KeyError for one that is not there."""


class End:
    """Where a proof's path ends; the values of `MapProof.end`."""

    EMPTY: Final = 0
    OWN: Final = 1
    OTHER: Final = 2


@dataclass(frozen=True, slots=True)
class MapProof(Struct):
    """What shows that an index has a value, or none, under a root."""

    copath: tuple[bytes, ...]
    """Hashes beside the path, root's child first."""
    value: bytes | None = None
    """The index's value; None when it has none."""
    other: Leaf | None = None
    """The leaf in whose place the index would stand; only without a value."""

    @classmethod
    def read(cls, reader: Reader) -> MapProof:
        """Reads one; raises TlsError."""
        copath = tuple(reader.vector(lambda inner: inner.fixed(HASH_BYTES)))
        if len(copath) > DEPTH:
            raise TlsError(TlsErrorCode.UNKNOWN_VALUE, f"a path of {len(copath)}")
        match reader.u8():
            case End.EMPTY:
                return cls(copath)
            case End.OWN:
                return cls(copath, value=reader.fixed(HASH_BYTES))
            case End.OTHER:
                return cls(copath, other=Leaf(reader.fixed(HASH_BYTES), reader.fixed(HASH_BYTES)))
            case end:
                raise TlsError(TlsErrorCode.UNKNOWN_VALUE, f"end {end}")

    def write(self, writer: Writer) -> None:
        """Appends the encoding."""
        writer.opaque(b"".join(self.copath))
        if self.value is not None:
            writer.u8(End.OWN)
            writer.fixed(self.value)
        elif self.other is not None:
            writer.u8(End.OTHER)
            writer.fixed(self.other.index)
            writer.fixed(self.other.value)
        else:
            writer.u8(End.EMPTY)

    @classmethod
    def parse(cls, data: bytes) -> MapProof:
        """The proof whose canonical encoding is `data`; raises ProofError for anything else."""
        try:
            return cls.decode(data)
        except TlsError as error:
            raise ProofError(str(error)) from error


def index_of(person: bytes) -> bytes:
    """Where a person (16 bytes) stands."""
    if len(person) != 16:
        raise ValueError("a person's id has 16 bytes")
    return sha256(person).digest()


def bit_of(index: bytes, depth: int) -> int:
    """The bit that decides between left (0) and right at a parent `depth` levels below the root."""
    return index[depth >> 3] >> (7 - (depth & 7)) & 1


def update(*, root: bytes, changes: Mapping[bytes, bytes], load: Load) -> tuple[bytes, dict[bytes, Node]]:
    """The root after every index of `changes` has its value, and the nodes that are new, by hash.

    Nothing is ever taken out: a person keeps a newest statement for good. Raises KeyError when `load` lacks a
    node on the way, ValueError for an index or value that is not 32 bytes.
    """
    if any(len(index) != HASH_BYTES or len(value) != HASH_BYTES for index, value in changes.items()):
        raise ValueError("indices and values have 32 bytes")
    made: dict[bytes, Node] = {}

    def keep(node: Node) -> bytes:
        digest = node.hash
        made[digest] = node
        return digest

    def build(leaves: list[Leaf], depth: int) -> bytes:
        if not leaves:
            return EMPTY
        if len(leaves) == 1:
            return keep(leaves[0])
        sides: tuple[list[Leaf], list[Leaf]] = ([], [])
        for leaf in leaves:
            sides[bit_of(leaf.index, depth)].append(leaf)
        return keep(Parent(build(sides[0], depth + 1), build(sides[1], depth + 1)))

    def put(at: bytes, leaves: list[Leaf], depth: int) -> bytes:
        if not leaves:
            return at
        if at == EMPTY:
            return build(leaves, depth)
        node = made.get(at) or load(at)
        if isinstance(node, Leaf):
            stays = [] if any(leaf.index == node.index for leaf in leaves) else [node]
            return build([*stays, *leaves], depth)
        sides: tuple[list[Leaf], list[Leaf]] = ([], [])
        for leaf in leaves:
            sides[bit_of(leaf.index, depth)].append(leaf)
        return keep(Parent(put(node.left, sides[0], depth + 1), put(node.right, sides[1], depth + 1)))

    leaves = [Leaf(index, value) for index, value in changes.items()]
    return put(root, leaves, 0), made


def prove(*, root: bytes, index: bytes, load: Load) -> MapProof:
    """The proof for `index` under `root`, of its value or of there being none.

    Raises KeyError when `load` lacks a node on the way.
    """
    copath: list[bytes] = []
    at = root
    while at != EMPTY:
        node = load(at)
        if isinstance(node, Leaf):
            if node.index == index:
                return MapProof(tuple(copath), value=node.value)
            return MapProof(tuple(copath), other=node)
        bit = bit_of(index, len(copath))
        copath.append(node.side(1 - bit))
        at = node.side(bit)
    return MapProof(tuple(copath))


def verify(*, root: bytes, index: bytes, proof: MapProof) -> bytes | None:
    """The value that `index` has under `root`, None when the proof shows that it has none.

    Raises ProofError when the proof does not lead to the root.
    """
    if len(index) != HASH_BYTES or len(root) != HASH_BYTES:
        raise ProofError("an index and a root have 32 bytes")
    depth = len(proof.copath)
    if depth > DEPTH:
        raise ProofError(f"a path of {depth}")
    if proof.value is not None:
        at = Leaf(index, proof.value).hash
    elif proof.other is not None:
        other = proof.other.index
        if other == index:
            raise ProofError("somebody else's leaf with the index itself")
        if any(bit_of(other, level) != bit_of(index, level) for level in range(depth)):
            raise ProofError("somebody else's leaf where it cannot stand")
        at = proof.other.hash
    else:
        at = EMPTY
    for level in range(depth - 1, -1, -1):
        beside = proof.copath[level]
        sides = (beside, at) if bit_of(index, level) else (at, beside)
        at = Parent(*sides).hash
    if at != root:
        raise ProofError("the proof leads to another root")
    return proof.value
