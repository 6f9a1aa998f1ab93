"""`python -m benchmarks.keys`: the key log's map at 200,000 people, in memory; one line of JSON a figure."""

import argparse
import json
import time
from hashlib import sha256
from statistics import median

from audit.transparency import map as keymap
from audit.transparency.map import EMPTY, MapProof, Node

PEOPLE = 200_000
ROUNDS = 2_000


def main() -> None:
    """Print median microseconds of one insert, one proof and one verification, and a proof's bytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    people = parser.parse_args().people
    nodes: dict[bytes, Node] = {}
    entries = {sha256(number.to_bytes(8, "big")).digest(): bytes(32) for number in range(people)}
    began = time.perf_counter()
    root, made = keymap.update(root=EMPTY, changes=entries, load=nodes.__getitem__)
    nodes |= made
    show("map_build_s", time.perf_counter() - began, people)
    indices = list(entries)[:: max(1, people // ROUNDS)][:ROUNDS]
    inserts, proofs, checks, sizes = [], [], [], []
    for number, index in enumerate(indices):
        began = time.perf_counter()
        root, made = keymap.update(
            root=root, changes={index: sha256(number.to_bytes(4, "big")).digest()}, load=nodes.__getitem__
        )
        inserts.append(time.perf_counter() - began)
        nodes |= made
    for index in indices:
        began = time.perf_counter()
        proof = keymap.prove(root=root, index=index, load=nodes.__getitem__)
        proofs.append(time.perf_counter() - began)
        data = proof.encode()
        sizes.append(len(data))
        began = time.perf_counter()
        keymap.verify(root=root, index=index, proof=MapProof.parse(data))
        checks.append(time.perf_counter() - began)
    show("map_insert_us", median(inserts) * 1e6, people)
    show("map_proof_us", median(proofs) * 1e6, people)
    show("map_verify_us", median(checks) * 1e6, people)
    show("map_proof_bytes", median(sizes), people)


def show(name: str, value: float, people: int) -> None:
    """One line."""
    print(json.dumps({"figure": name, "value": round(value, 1), "people": people}), flush=True)


if __name__ == "__main__":
    main()
