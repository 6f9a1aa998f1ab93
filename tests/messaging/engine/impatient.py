"""A server with short deadlines: `python -m tests.messaging.engine.impatient <kind> --host … --port …`."""

import importlib
import sys

from beep import bodies
from messaging.servers import incoming

HEAD = 1.0
"""Seconds."""


def main() -> None:
    """Serve until SIGTERM."""
    kind, *rest = sys.argv[1:]
    for module, name in ((incoming, "HEAD"), (incoming, "LINGER"), (bodies, "PATIENCE")):
        setattr(module, name, HEAD)
    bodies.RATE = 1 << 30  # type: ignore[misc]
    importlib.import_module(f"messaging.servers.{kind}").main(rest)


if __name__ == "__main__":
    main()
