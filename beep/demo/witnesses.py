"""The demonstration's three witnesses of both logs, each with a folder of its own, and their policy.

Made at the first start in the folder `witnesses` of the data folder: `1`, `2` and `3` (a key and a memory
each, `audit.witness.state`), and `policy`. Real witnesses belong to other institutions and run on their
machines. Only the policy is written anew at each start, since the ports may be others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit.note import Signer
from audit.policy import MIN_QUORUM, MIN_WITNESSES, Group, Log, Policy, Witness
from audit.witness.state import create, read_key
from beep.leftovers import usable_port

FIRST_PORT: Final = 8471
"""Tried first, so that the addresses usually stay."""


@dataclass(frozen=True)
class Running:
    """A witness to be started."""

    name: str
    folder: Path
    port: int


@dataclass(frozen=True)
class Witnesses:
    """The policy file and whom it names."""

    policy: Path
    running: tuple[Running, ...]


def prepare(folder: Path, logs: Mapping[str, bytes]) -> Witnesses:
    """Make or find the witnesses of `logs`, seeds by origin, and write the policy."""
    running: list[Running] = []
    named: list[Witness] = []
    for number in range(1, MIN_WITNESSES + 1):
        own = folder / str(number)
        key = read_key(own) if (own / "state.json").exists() else create(own, f"localhost/witness-{number}")
        port = usable_port(FIRST_PORT + number, running[-1].port if running else 0)
        running.append(Running(f"witness-{number}", own, port))
        named.append(Witness(f"witness-{number}", key.verifier, f"http://127.0.0.1:{port}"))
    policy = Policy(
        logs=tuple(Log(Signer(origin, seed).verifier) for origin, seed in logs.items()),
        witnesses=tuple(named),
        groups={"quorum": Group(MIN_QUORUM, tuple(each.name for each in named))},
        quorum="quorum",
    )
    file = folder / "policy"
    file.write_text(policy.format(), encoding="utf-8")
    return Witnesses(file, tuple(running))
