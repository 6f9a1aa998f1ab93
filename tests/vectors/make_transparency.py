"""Makes transparency.json: map proofs, entries of the key log and Merkle proofs, good and bad.

Signed notes are in it too, with keys that everybody may know (`audit.note`).
"""

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from audit import merkle
from audit.note import COSIGNATURE, Checkpoint, Signer, encode_base64, sign_note
from audit.policy import Group, Log, Policy, Witness
from audit.transparency import map as keymap
from audit.transparency.epoch import PREFIX, EpochLeaf
from audit.transparency.map import EMPTY, Leaf, MapProof, Node

PEOPLE = [bytes([number]) * 16 for number in range(1, 41)]
STRANGER = bytes([0xEE] * 16)


def value_of(person: bytes) -> bytes:
    """Something to stand for a statement's hash."""
    return sha256(b"statement of " + person).digest()


def tree(people: list[bytes]) -> tuple[bytes, dict[bytes, Node]]:
    """A map of some people."""
    return keymap.update(
        root=EMPTY,
        changes={keymap.index_of(person): value_of(person) for person in people},
        load=dict[bytes, Node]().__getitem__,
    )


def maps() -> dict[str, Any]:
    """Proofs of presence and absence."""
    good: list[dict[str, Any]] = []

    def case(name: str, root: bytes, person: bytes, proof: bytes, value: bytes | None) -> dict[str, Any]:
        return {
            "name": name,
            "root": root.hex(),
            "person": person.hex(),
            "proof": proof.hex(),
            "value": value.hex() if value else None,
        }

    for size in (0, 1, 2, 3, 40):
        root, nodes = tree(PEOPLE[:size])
        for person in [*PEOPLE[: min(size, 4)], STRANGER]:
            proof = keymap.prove(root=root, index=keymap.index_of(person), load=nodes.__getitem__)
            value = value_of(person) if person in PEOPLE[:size] else None
            good.append(case(f"{len(good)}: one of {size}", root, person, proof.encode(), value))

    root, nodes = tree(PEOPLE)
    person = PEOPLE[3]
    index = keymap.index_of(person)
    proof = keymap.prove(root=root, index=index, load=nodes.__getitem__)
    whole = proof.encode()
    other = keymap.prove(root=root, index=keymap.index_of(PEOPLE[5]), load=nodes.__getitem__)
    wrong = {
        "nothing": b"",
        "a byte too many": whole + b"\0",
        "cut short": whole[:-1],
        "end 3": MapProof(proof.copath).encode()[:-1] + b"\3",
        "absence of somebody present": MapProof(proof.copath).encode(),
        "another value": MapProof(proof.copath, value=bytes(32)).encode(),
        "somebody else's proof": other.encode(),
        "one level too few": MapProof(proof.copath[:-1], value=proof.value).encode(),
        "one level too many": MapProof((*proof.copath, bytes(32)), value=proof.value).encode(),
        "levels in the wrong order": MapProof(proof.copath[::-1], value=proof.value).encode(),
        "half a hash": b"\x10" + bytes(16) + b"\0",
        "257 levels": MapProof((bytes(32),) * 257).encode(),
        "the person's own leaf as another's": MapProof(
            proof.copath, other=Leaf(index, value_of(person))
        ).encode(),
        "a leaf that cannot stand there": MapProof(
            other.copath, other=Leaf(keymap.index_of(PEOPLE[5]), value_of(PEOPLE[5]))
        ).encode(),
        "length of the path not minimal": b"\x40\x20" + bytes(32) + b"\0",
    }
    bad = [case(name, root, person, data, None) for name, data in wrong.items()]
    old_root, old_nodes = tree(PEOPLE[:20])
    stale = keymap.prove(root=old_root, index=index, load=old_nodes.__getitem__)
    bad.append(case("a proof from an older map", root, person, stale.encode(), None))
    return {"good": good, "bad": bad}


def epochs() -> dict[str, Any]:
    """Leaves of the key log."""
    root, _ = tree(PEOPLE[:3])
    leaves = {
        "the first": EpochLeaf(0, 1_750_000_000_000, EMPTY, root, sha256(b"changes").digest()),
        "a later one": EpochLeaf(12_345, 1_760_000_000_000, root, root, sha256(b"none").digest()),
        "the last that can be": EpochLeaf((1 << 53) - 1, (1 << 53) - 1, root, EMPTY, EMPTY),
    }
    one = leaves["a later one"].encode()
    text = one.removeprefix(PREFIX)
    value = json.loads(text)

    def as_json(changes: dict[str, Any]) -> bytes:
        return PREFIX + json.dumps({**value, **changes}, separators=(",", ":"), sort_keys=True).encode()

    wrong = {
        "nothing": b"",
        "another prefix": b"beep-audit/v1\n" + text,
        "no prefix": text,
        "white space": PREFIX + text.replace(b",", b", "),
        "a line at the end": one + b"\n",
        "keys in another order": PREFIX + json.dumps(dict(reversed(value.items()))).encode(),
        "a key twice": one[:-1] + b',"time":1760000000000}',
        "a key too many": as_json({"zeal": 1}),
        "upper case": as_json({"map_root": value["map_root"].upper()}),
        "a hash of 31 bytes": as_json({"map_root": value["map_root"][:-2]}),
        "a hash that is no hex": as_json({"map_root": "z" * 64}),
        "a number as text": as_json({"epoch": "1"}),
        "a fraction": as_json({"epoch": 1.5}),
        "a boolean": as_json({"epoch": True}),
        "a negative epoch": as_json({"epoch": -1}),
        "a leading zero": one.replace(b'"epoch":12345', b'"epoch":012345'),
        "an exponent": one.replace(b'"epoch":12345', b'"epoch":1e3'),
        "2^53": as_json({"epoch": 1 << 53}),
        "no time": PREFIX
        + json.dumps({k: v for k, v in value.items() if k != "time"}, separators=(",", ":")).encode(),
        "a list": PREFIX + b"[]",
        "not UTF-8": PREFIX + b"\xff",
    }
    return {
        "good": [
            {
                "name": name,
                "bytes": leaf.encode().hex(),
                "epoch": leaf.epoch,
                "time": leaf.time,
                "prev_map_root": leaf.prev_map_root.hex(),
                "map_root": leaf.map_root.hex(),
                "changes_hash": leaf.changes_hash.hex(),
            }
            for name, leaf in leaves.items()
        ],
        "bad": [{"name": name, "bytes": data.hex()} for name, data in wrong.items()],
    }


def trees() -> dict[str, Any]:
    """Inclusion and consistency in RFC 6962 trees."""
    hashes = [merkle.leaf_hash(bytes([number])) for number in range(21)]
    roots = [merkle.root(hashes[:size]) for size in range(len(hashes) + 1)]
    inclusion = [
        {
            "leaf": hashes[index].hex(),
            "index": index,
            "size": size,
            "root": roots[size].hex(),
            "proof": [each.hex() for each in merkle.inclusion_proof(hashes, index, size)],
        }
        for size in (1, 2, 3, 7, 8, 20)
        for index in sorted({0, size // 2, size - 1})
    ]
    consistency = [
        {
            "size1": size1,
            "size2": size2,
            "root1": roots[size1].hex(),
            "root2": roots[size2].hex(),
            "proof": [each.hex() for each in merkle.consistency_proof(hashes, size1, size2)],
        }
        for size2 in (1, 2, 3, 7, 8, 20, 21)
        for size1 in sorted({1, size2 // 2 or 1, size2 - 1 or 1, size2})
    ]
    return {"inclusion": inclusion, "consistency": consistency}


TIME = 1_760_000_000
"""Of the cosignatures, seconds."""
LOG = Signer("beep.example/keys", bytes([1] * 32))
WITNESSES = [Signer(f"witness.example/{n}", bytes([n + 1] * 32), COSIGNATURE) for n in (1, 2, 3)]
POLICY = Policy(
    (Log(LOG.verifier),),
    tuple(Witness(f"w{n}", each.verifier) for n, each in enumerate(WITNESSES, start=1)),
    {"most": Group(2, ("w1", "w2", "w3"))},
    "most",
)


def notes() -> dict[str, Any]:
    """Checkpoints under `POLICY`: good ones fill the quorum; `times` are of the witnesses that cosigned."""
    text = Checkpoint(LOG.verifier.name, 42, bytes(range(32))).format()
    whole = sign_note(text, [LOG, *WITNESSES], time=TIME)
    two = sign_note(text, [LOG, *WITNESSES[:2]], time=TIME)
    stranger = Signer("stranger.example", bytes([9] * 32))
    dashes = whole.decode().split("\n\n")[1]

    def signed(words: str) -> bytes:
        return sign_note(words, [LOG, *WITNESSES], time=TIME)

    root = encode_base64(bytes(range(32)))
    good = {
        "three witnesses": (whole, 3),
        "two witnesses": (two, 2),
        "a stranger too": (sign_note(text, [LOG, stranger, *WITNESSES], time=TIME), 3),
        "an extension": (signed(text + "more\n"), 3),
    }
    wrong = {
        "nothing": b"",
        "no signatures": text.encode(),
        "one witness": sign_note(text, [LOG, WITNESSES[0]], time=TIME),
        "without the log": sign_note(text, WITNESSES, time=TIME),
        "signed by a stranger": sign_note(text, [stranger]),
        "another size": whole.replace(b"\n42\n", b"\n43\n"),
        "another root": whole.replace(root.encode(), encode_base64(bytes(32)).encode()),
        "another time": whole.replace(
            WITNESSES[0].line(text.encode(), time=TIME).encode(),
            _forward(WITNESSES[0].line(text.encode(), time=TIME)).encode(),
        ),
        "no newline at the end": whole[:-1],
        "a line too many": whole + b"\n",
        "carriage returns": whole.replace(b"\n", b"\r\n"),
        "another origin": signed(f"beep.example/audit\n42\n{root}\n"),
        "a leading zero": signed(f"beep.example/keys\n042\n{root}\n"),
        "a sign": signed(f"beep.example/keys\n+42\n{root}\n"),
        "2^63": signed(f"beep.example/keys\n{1 << 63}\n{root}\n"),
        "a root of 31 bytes": signed(f"beep.example/keys\n42\n{encode_base64(bytes(31))}\n"),
        "base64 without padding": signed(f"beep.example/keys\n42\n{root.rstrip('=')}\n"),
        "base64 with stray bits": signed(f"beep.example/keys\n42\n{root[:-2]}9=\n"),
        "two lines": signed("beep.example/keys\n42\n"),
        "not a dash": (text + "\n" + dashes.replace("— ", "- ")).encode(),
        "a signature that is no base64": (text + "\n" + dashes.replace("A", "*", 1)).encode(),
    }
    return {
        "policy": POLICY.format(),
        "origin": LOG.verifier.name,
        "time": TIME,
        "size": 42,
        "root": bytes(range(32)).hex(),
        "good": [{"name": name, "bytes": data.hex(), "witnesses": n} for name, (data, n) in good.items()],
        "bad": [{"name": name, "bytes": data.hex()} for name, data in wrong.items()],
    }


def _forward(line: str) -> str:
    """The same cosignature said to be an hour later."""
    name, value = line[:-1].rsplit(" ", 1)
    raw = bytearray(base64.b64decode(value))
    raw[4:12] = (TIME + 3600).to_bytes(8, "big")
    return f"{name} {encode_base64(bytes(raw))}\n"


def main() -> None:
    """Write the file."""
    vectors = {"map": maps(), "epoch": epochs(), "tree": trees(), "note": notes()}
    Path(__file__).with_name("transparency.json").write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()
