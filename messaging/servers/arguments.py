"""The command line that both servers share."""

import argparse
import os
from collections.abc import Sequence
from typing import Final

from django.conf import settings

from beep import skew

APPLICATION: Final = "beep.asgi:application"
MESSAGE_LIMIT: Final = 2 << 20
"""Bytes of a message that a server takes in at all. Twice `protocol.MAX_FRAME`, so that a client just above
it
gets a typed answer; the server itself ends a connection beyond this."""
BACKLOG: Final = 4_096
"""Connections that wait to be accepted. When everybody returns at once, whoever finds no room is not told and
tries again after seconds, in the end after a minute; Twisted would keep 50."""
PING_INTERVAL: Final = 50
PING_TIMEOUT: Final = 30
"""Seconds. Just below the minute after which proxies drop a silent connection: each ping wakes a radio, and
who sits before the page is asked by the page itself (`web/src/transport/socket.ts`)."""


def parse(arguments: Sequence[str] | None, *, program: str) -> argparse.Namespace:
    """`host`, `port`, `fd` and `application`; the defaults are the environment's. `fd` wins over the address:
    a listening socket that was inherited, as from the demo's supervisor or from systemd (whose first is 3).
    """
    parser = argparse.ArgumentParser(prog=program)
    parser.add_argument("--host", default=os.environ.get("BEEP_HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(os.environ.get("BEEP_PORT", "8000")))
    parser.add_argument("--fd", type=int, help="descriptor of a listening socket that somebody else bound")
    parser.add_argument("--application", default=APPLICATION, help="module:attribute of the ASGI application")
    return parser.parse_args(arguments)


def watch_clock() -> None:
    """Compare this machine's clock with PostgreSQL's from now on; the settings must be there."""
    skew.start(settings.ENVIRONMENT.database.line())
