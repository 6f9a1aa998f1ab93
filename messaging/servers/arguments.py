"""The command line that both servers share."""

import argparse
import os
from collections.abc import Sequence
from typing import Final

APPLICATION: Final = "beep.asgi:application"
MESSAGE_LIMIT: Final = 2 << 20
"""Bytes of a message that a server takes in at all. Twice `protocol.MAX_FRAME`, so that a client just above
it
gets a typed answer; the server itself ends a connection beyond this."""
PING_INTERVAL: Final = 20
PING_TIMEOUT: Final = 30
"""Seconds."""


def parse(arguments: Sequence[str] | None, *, program: str) -> argparse.Namespace:
    """`host`, `port` and `application`; the defaults are the environment's."""
    parser = argparse.ArgumentParser(prog=program)
    parser.add_argument("--host", default=os.environ.get("BEEP_HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(os.environ.get("BEEP_PORT", "8000")))
    parser.add_argument("--application", default=APPLICATION, help="module:attribute of the ASGI application")
    return parser.parse_args(arguments)
