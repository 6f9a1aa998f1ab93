"""`python -m audit.witness new FOLDER NAME` and `… run FOLDER --policy FILE --listen ADDRESS:PORT`.

`new` prints the witness's key for the policies of those who believe it. `run` takes checkpoints of the logs
that its policy file names. Needs PyNaCl and structlog, no Django and no database.
"""

import argparse
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from audit.note import NoteError
from audit.policy import Policy, PolicyError
from audit.witness.server import Server, Witness
from audit.witness.state import State, StateError, create


def main(arguments: Sequence[str] | None = None, *, program: str = "python -m audit.witness") -> int:
    """0 when it was asked to end, 1 when it cannot run."""
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    add_arguments(parser)
    try:
        return run(parser.parse_args(arguments))
    except (StateError, PolicyError, NoteError, OSError) as error:
        print(f"{error}", file=sys.stderr)
        return 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line, for `manage.py witness` too."""
    commands = parser.add_subparsers(dest="task", required=True)
    new = commands.add_parser("new", help="make a witness's key and empty memory")
    new.add_argument("folder", type=Path)
    new.add_argument("name", help="key name, like witness.example/one")
    serve = commands.add_parser("run", help="cosign checkpoints")
    serve.add_argument("folder", type=Path)
    serve.add_argument("--policy", type=Path, required=True, help="its log lines name the logs")
    where = serve.add_mutually_exclusive_group(required=True)
    where.add_argument("--listen", type=_address, metavar="ADDRESS:PORT")
    where.add_argument("--fd", type=int, help="a listening socket that was handed over")


def run(options: argparse.Namespace) -> int:
    """Do what the command line says. Raises StateError, PolicyError, NoteError or OSError."""
    if options.task == "new":
        print(create(options.folder, options.name).verifier.format())
        return 0
    policy = Policy.parse(options.policy.read_text(encoding="utf-8"))
    state = State(options.folder)
    if os.environ.get("BEEP_OPERATIONS"):
        from beep import operations

        operations.start()
    given = socket.socket(fileno=options.fd) if options.fd is not None else None
    with Server(options.listen or ("", 0), Witness(state, policy.logs), listener=given) as server:
        # In a thread: shutdown() waits for serve_forever, which the handler has interrupted.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"{state.signer.verifier.format()} listens on port {server.server_port}", flush=True)
        server.serve_forever(poll_interval=0.2)
    state.close()
    return 0


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError("ADDRESS:PORT")
    return host.removeprefix("[").removesuffix("]"), int(port)


if __name__ == "__main__":
    sys.exit(main())
