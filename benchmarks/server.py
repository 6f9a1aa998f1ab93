"""A server without the limit on frames a second: `python -m benchmarks.server uvicorn|daphne --port …`."""

import math
import os
import sys

from messaging import protocol


def main() -> None:
    """Serve; the one difference from production is that one socket may send as fast as it can."""
    # Read when the engine is made; a benchmark's sender stands for many people.
    protocol.MAX_RATE = math.inf  # type: ignore[misc,assignment]
    protocol.MAX_BURST = math.inf  # type: ignore[misc,assignment]
    if os.environ.get("BEEP_BENCHMARK_NO_AUDIT"):
        _leave_out_the_audit()
    kind = sys.argv.pop(1)
    if kind == "daphne":
        from messaging.servers import daphne as server
    else:
        from messaging.servers import uvicorn as server  # type: ignore[no-redef]
    server.main(sys.argv[1:])


def _leave_out_the_audit() -> None:
    """For `benchmarks.audit`, which measures what the row costs; no setting of the product does this."""
    from messaging.engine import statements

    kept = "INSERT INTO audit_intake (at, kind, body) VALUES ($16, $17, $18)"
    without = "SELECT $16::bigint, $17::text, octet_length($18::bytea)"
    assert kept in statements.WRITE.sql
    object.__setattr__(statements.WRITE, "sql", statements.WRITE.sql.replace(kept, without))


if __name__ == "__main__":
    main()
