"""`python -m benchmarks.siem [--leaves 100000]`: how fast the feed hands entries to a SIEM, as a JSON line.

The feed is the real one, with TLS and its file; the receiver is a process of its own that reads and throws
away, and answers the closing of each connection, so that the feed is measured and not somebody's SIEM.
"""

import argparse
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks import audit, beep, measure

LEAVES = 100_000


def main() -> int:
    """Measure, or be the receiver (`--sink CERTIFICATE KEY`)."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.siem", description=__doc__)
    parser.add_argument(
        "--leaves",
        type=int,
        default=LEAVES,
        help="full tens of thousands: after each the feed has it confirmed",
    )
    parser.add_argument("--sink", nargs=2, metavar=("CERTIFICATE", "KEY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.sink:
        sink(*options.sink)
        return 0
    measure.end_in_order()
    measure.say({"conditions": measure.conditions()})
    with tempfile.TemporaryDirectory(prefix="beep-bench-") as name, beep.databases(Path(name)) as urls:
        audit.integrate(urls, options.leaves)
        feed(urls, Path(name))
    return 0


def sink(certificate: str, key: str) -> None:
    """Print the port, then take one connection after the other until this process is ended."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            plain, _ = listener.accept()
            with context.wrap_socket(plain, server_side=True) as connection:
                while connection.recv(1 << 16):
                    pass
                connection.unwrap()


def feed(urls: Any, folder: Path) -> None:
    """Everything in the log, from the first entry until the receiver has confirmed the last."""
    import psycopg

    from audit.siem.configuration import Configuration
    from audit.siem.feed import Feed
    from audit.siem.reading import Reader
    from audit.siem.sending import Link
    from audit.siem.state import State
    from tests.audit.siem.stage import LOOPBACK, Authority

    authority = Authority(folder, "authority")
    certificate, key = map(str, authority.issue("siem", LOOPBACK))
    own, own_key = map(str, authority.issue("beep"))
    with psycopg.connect(urls.auditor) as auditor:
        (size,) = auditor.execute("SELECT size FROM audit_head").fetchone() or (0,)
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.siem", "--sink", certificate, key], stdout=subprocess.PIPE
    ) as receiver:
        try:
            assert receiver.stdout is not None
            configuration = Configuration.of(
                {
                    "BEEP_SIEM": f"127.0.0.1:{int(receiver.stdout.readline())}",
                    "BEEP_SIEM_CA": str(authority.file),
                    "BEEP_SIEM_CERT": own,
                    "BEEP_SIEM_KEY": own_key,
                    "BEEP_SIEM_STATE": str(folder / "siem"),
                }
            )
            state = State(configuration.state, audit.ORIGIN)
            running = Feed(
                reader=Reader(lambda: psycopg.connect(urls.auditor), openings=False),
                connect=lambda: Link(configuration, configuration.context()),
                state=state,
                origin=audit.ORIGIN,
                pen=configuration.pen,
            )
            thread = threading.Thread(target=running.run, name="feed")
            began = time.perf_counter()
            thread.start()
            while state.frontier.size < size and thread.is_alive():
                time.sleep(0.01)
            seconds = time.perf_counter() - began
            running.stop()
            thread.join()
            confirmed = state.frontier.size
            state.close()
        finally:
            receiver.terminate()
    if confirmed < size:
        raise SystemExit(f"only {confirmed} of {size} entries were confirmed")
    measure.say({"siem_feed": {"entries": size, "entries_per_s": round(size / seconds)}})


if __name__ == "__main__":
    raise SystemExit(main())
