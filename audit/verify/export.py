"""Verifies an export: manifest, policy, checkpoint and quorum, every hash of the tree, every entry.

A **log** holds the whole tree as tiles and the entries from `first` to `last` in bundles (C2SP tlog-tiles); a
**selection** holds single entries, each with its own inclusion proof (`entries.jsonl`, one canonical JSON
object a line: `index`, `body` and `proof` in base64).
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from audit import canonical, merkle, tiles
from audit.merkle import ProofError
from audit.note import NoteError, decode_base64
from audit.policy import Policy, PolicyError, QuorumError, Witnessed
from audit.tiles import Tile
from audit.verify.alarms import AlarmError
from audit.verify.entries import Sighting, Times, check_entry
from audit.verify.source import Source

_GAP: Final = re.compile(rb"(?<=\n)\n(?!\xe2\x80\x94)")
"""Between two notes: an empty line that no signature follows."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was verified: how many entries of a log of which size, and who has cosigned it when."""

    origin: str
    size: int
    entries: int
    times: dict[str, int]


class UntriedError(Exception):
    """What was asked cannot be found out from this export."""


Progress = Callable[[int, int], None]


def verify(
    source: Source,
    *,
    policy: Policy | None = None,
    known: bytes | None = None,
    progress: Progress = lambda done, all_: None,
) -> Verified:
    """Verify all of an export; raises AlarmError at the first thing that is wrong.

    `policy` is the auditor's own; without one the export's is believed. `known` is a checkpoint that the
    auditor has kept from before: the log must continue it, which only a log's export can show (UntriedError
    for a selection). That a selection lacks nothing cannot be shown. `progress` hears entries done and in
    all.
    """
    own = _policy(source)
    if policy is not None and policy != own:
        raise AlarmError("policy_unknown", "the export was made under another policy")
    head = _witnessed(own, source.read("checkpoint"), source.manifest.origin)
    if head.checkpoint.size != source.manifest.size:
        raise AlarmError("manifest_mismatch", "the manifest tells another size than the checkpoint")
    count = 0
    if source.manifest.kind == "selection":
        if known is not None:
            raise UntriedError("a selection holds no tree to continue what you know; export the log itself")
        ends: list[int] = []
        for count, (index, body, proof) in enumerate(_selected(source), start=1):
            try:
                merkle.verify_inclusion(
                    merkle.leaf_hash(body), index, head.checkpoint.size, proof, head.checkpoint.root
                )
            except ProofError as error:
                raise AlarmError("proof_refused", str(error), index=index) from None
            check_entry(body, merkle.leaf_hash(body), index)
            ends = [*ends[:1], index]
            progress(count, count)
        if (source.manifest.first, source.manifest.last) != ((ends[0], ends[-1]) if ends else (None, None)):
            raise AlarmError("entry_missing", "the manifest tells of another first and last entry")
    else:
        count = _verify_log(source, own, head, known, progress)
    source.read_rest()
    return Verified(source.manifest.origin, head.checkpoint.size, count, dict(head.times))


def _policy(source: Source) -> Policy:
    try:
        return Policy.parse(source.read("policy").decode())
    except (PolicyError, UnicodeDecodeError) as error:
        raise AlarmError("policy_unknown", str(error)) from None


def _witnessed(policy: Policy, note: bytes, origin: str) -> Witnessed:
    try:
        return policy.witnessed(note, origin=origin)
    except QuorumError as error:
        raise AlarmError("quorum_missing", str(error)) from None
    except NoteError as error:
        raise AlarmError("checkpoint_refused", str(error)) from None


def sighting(seen: Witnessed) -> Sighting:
    """When a quorum had seen a checkpoint, by the clock in the middle."""
    times = sorted(seen.times.values())
    return Sighting(seen.checkpoint.size, times[len(times) // 2])


def _verify_log(
    source: Source, policy: Policy, head: Witnessed, known: bytes | None, progress: Progress
) -> int:
    manifest, size = source.manifest, head.checkpoint.size
    since, until = manifest.first, manifest.last
    if since is None or until is None:
        raise AlarmError("manifest_mismatch", "it does not tell which entries are there")
    earlier = [_witnessed(policy, note, manifest.origin) for note in _notes(source.read("checkpoints"))]
    wanted: dict[int, bytes] = {}
    for seen in (each.checkpoint for each in [*earlier, head]):
        if wanted.setdefault(seen.size, seen.root) != seen.root:
            raise AlarmError("forked", f"there are two roots of {seen.size} entries")
    if known is not None:
        kept = _witnessed(policy, known, manifest.origin).checkpoint
        if kept.size > size:
            raise AlarmError("tail_cut", f"{kept.size} entries were witnessed, the export has {size}")
        if wanted.setdefault(kept.size, kept.root) != kept.root:
            raise AlarmError("forked", f"there are two roots of {size} entries")
    if max(wanted) > size:
        raise AlarmError("tail_cut", f"{max(wanted)} entries were witnessed, the export has {size}")
    times = Times(map(sighting, [*earlier, head]))
    frontier = merkle.Frontier()
    above: list[bytes] = []
    count, total = 0, max(0, until - since + 1)
    for number in range(-(-size // tiles.WIDTH)):
        first = number * tiles.WIDTH
        tile = Tile(0, number, min(tiles.WIDTH, size - first))
        hashes = tiles.split(_tile(source, tile))
        for value in hashes:
            frontier.append(value)
            if (root := wanted.get(frontier.size)) is not None and frontier.root() != root:
                name = "tile_altered" if frontier.size == size else "forked"
                raise AlarmError(name, f"the first {frontier.size} entries have another root")
        if tile.width == tiles.WIDTH:
            above.append(merkle.root(hashes))
        if since < first + tile.width and until >= first:
            for index, body in _bundle(source, tile, since, until):
                check_entry(body, hashes[index - first], index, times)
                count += 1
            progress(count, total)
    _check_upper(source, above)
    if count != total:
        raise AlarmError("entry_missing", f"{total} entries were exported, {count} are there")
    return count


def _check_upper(source: Source, hashes: list[bytes]) -> None:
    """The tiles of the levels above follow from those below."""
    level = 1
    while hashes:
        above = []
        for at in range(0, len(hashes), tiles.WIDTH):
            part = hashes[at : at + tiles.WIDTH]
            tile = Tile(level, at // tiles.WIDTH, len(part))
            if _tile(source, tile) != b"".join(part):
                raise AlarmError("tile_altered", f"{tile.path} does not follow from the tiles below")
            if len(part) == tiles.WIDTH:
                above.append(merkle.root(part))
        hashes, level = above, level + 1


def _tile(source: Source, tile: Tile) -> bytes:
    data = source.read(tile.path)
    if len(data) != tile.width * merkle.HASH_BYTES:
        raise AlarmError("tile_altered", f"{tile.path} has {len(data)} bytes")
    return data


def _bundle(source: Source, tile: Tile, first: int, last: int) -> Iterator[tuple[int, bytes]]:
    """The exported entries of a bundle; where the export begins or ends inside, the others are empty."""
    start = tile.number * tiles.WIDTH
    try:
        entries = tiles.read_bundle(source.read(tiles.bundle_path(tile.number, tile.width)))
    except ValueError as error:
        raise AlarmError("entry_malformed", str(error), index=start) from None
    if len(entries) != tile.width:
        raise AlarmError("entry_missing", f"the bundle has {len(entries)} entries", index=start)
    for index, body in enumerate(entries, start=start):
        if first <= index <= last:
            yield index, body
        elif body:
            raise AlarmError("entry_malformed", "it is outside the range of the export", index=index)


def _selected(source: Source) -> Iterator[tuple[int, bytes, list[bytes]]]:
    before = -1
    for line in source.read("entries.jsonl").splitlines():
        try:
            found: Any = json.loads(line)
            if canonical.encode(found) != line or set(found) != {"index", "body", "proof"}:
                raise ValueError("another form")
            index, body = found["index"], decode_base64(found["body"])
            proof = [decode_base64(each) for each in found["proof"]]
            if type(index) is not int or index <= before or len(proof) > 63:
                raise ValueError("entries are in order, each once")
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise AlarmError("entry_malformed", f"after entry {before}: {error}") from None
        before = index
        yield index, body, proof


def _notes(data: bytes) -> list[bytes]:
    """Notes one after the other, an empty line between two."""
    return _GAP.split(data) if data else []
