"""The demonstration's three witnesses of both logs, each with a folder of its own, and their policy.

Made at the first start in the folder `witnesses` of the data folder: `1`, `2` and `3` (a key and a memory
each, `audit.witness.state`), and `policy`. Real witnesses belong to other institutions and run on their
machines. The ports stay those of the last start where they are free.
"""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from audit.note import Signer
from audit.policy import MIN_QUORUM, MIN_WITNESSES, Group, Log, Policy, PolicyError, Witness
from audit.witness.state import create, read_key


@dataclass(frozen=True)
class Running:
    """A witness to be started. `port` is the one that the policy names; 0: none yet."""

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
    file = folder / "policy"
    ports = _ports(file)
    running: list[Running] = []
    named: list[Witness] = []
    for number in range(1, MIN_WITNESSES + 1):
        own, name = folder / str(number), f"witness-{number}"
        key = read_key(own) if (own / "state.json").exists() else create(own, f"localhost/{name}")
        port = ports.get(name, 0)
        running.append(Running(name, own, port))
        named.append(Witness(name, key.verifier, f"http://127.0.0.1:{port}"))
    policy = Policy(
        logs=tuple(Log(Signer(origin, seed).verifier) for origin, seed in logs.items()),
        witnesses=tuple(named),
        groups={"quorum": Group(MIN_QUORUM, tuple(each.name for each in named))},
        quorum="quorum",
    )
    file.write_text(policy.format(), encoding="utf-8")
    return Witnesses(file, tuple(running))


def listen(running: Sequence[Running], file: Path) -> list[socket.socket]:
    """A listening socket for each, to be handed over, so that no other program can take its port in between.

    The policy is written anew with the ports that it got.
    """
    listeners = [_listen(each.port) for each in running]
    ports = {each.name: it.getsockname()[1] for each, it in zip(running, listeners, strict=True)}
    policy = Policy.parse(file.read_text(encoding="utf-8"))
    moved = tuple(replace(each, url=f"http://127.0.0.1:{ports[each.name]}") for each in policy.witnesses)
    file.write_text(replace(policy, witnesses=moved).format(), encoding="utf-8")
    return listeners


def _ports(file: Path) -> dict[str, int]:
    """The ports of the last start."""
    try:
        policy = Policy.parse(file.read_text(encoding="utf-8"))
    except (OSError, PolicyError):
        return {}
    return {each.name: port for each in policy.witnesses if (port := urlsplit(each.url or "").port)}


def _listen(wanted: int) -> socket.socket:
    """A listening socket on this machine: port `wanted` when it is free, else any."""
    for port in (wanted, 0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(64)
        except OSError:
            listener.close()
        else:
            return listener
    raise OSError("no port is free")
