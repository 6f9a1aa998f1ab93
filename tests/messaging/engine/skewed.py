"""A server with a wrong clock: `python -m tests.messaging.engine.skewed <kind> <seconds> --host …`."""

import importlib
import sys

from beep import clock


def main() -> None:
    """Serve until SIGTERM."""
    kind, seconds, *rest = sys.argv[1:]
    right, wrong = clock.now_ms, int(seconds) * 1_000
    clock.now_ms = lambda: right() + wrong
    importlib.import_module(f"messaging.servers.{kind}").main(rest)


if __name__ == "__main__":
    main()
