"""Synapse."""

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers import install
from benchmarks.peers.peer import HERE, Peer

LOG = {
    "version": 1,
    "handlers": {"file": {"class": "logging.FileHandler", "filename": "synapse.log"}},
    "root": {"level": "ERROR", "handlers": ["file"]},
    "disable_existing_loggers": False,
}


class Synapse(Peer):
    """1.163 from PyPI, one process, events in PostgreSQL. People and rooms are made over its own API."""

    name = "synapse"
    driver = "benchmarks.peers.matrix"
    ack = "the event is committed (the answer to PUT …/send)"
    config = "synapse.yaml"
    idle_connections = 500
    missed = 1_000
    rounds = 1

    def command(self) -> tuple[Sequence[str | Path], Mapping[str, str]]:
        """The process itself, without its launcher."""
        python = install.synapse()
        (self.folder / "log.yaml").write_text(json.dumps(LOG), encoding="utf-8")
        key = base64.b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
        (self.folder / "signing.key").write_text(f"ed25519 a_key {key}\n", encoding="utf-8")
        config = self.write_config(SECRET=secrets.token_hex(16))
        return [python, HERE / "run_synapse.py", "--config-path", config], {"HOME": str(self.folder)}

    def order(self, work: str, options: Any) -> dict[str, Any]:
        """See `Peer`: the driver makes everything before it begins to count."""
        return {
            "work": work,
            "port": self.port,
            "window": options.window,
            "seconds": options.seconds,
            "size": options.size,
            "warm_up": options.warm_up,
            "members": options.members,
            "pairs": options.pairs,
            "connections": options.connections,
            "missed": options.missed,
        }
