"""A server without the limit on frames a second: `python -m benchmarks.server uvicorn|daphne --port …`."""

import math
import sys

from messaging import protocol


def main() -> None:
    """Serve; the one difference from production is that one socket may send as fast as it can."""
    # Read when the engine is made; a benchmark's sender stands for many people.
    protocol.MAX_RATE = math.inf  # type: ignore[misc,assignment]
    protocol.MAX_BURST = math.inf  # type: ignore[misc,assignment]
    kind = sys.argv.pop(1)
    if kind == "daphne":
        from messaging.servers import daphne as server
    else:
        from messaging.servers import uvicorn as server  # type: ignore[no-redef]
    server.main(sys.argv[1:])


if __name__ == "__main__":
    main()
