"""`python -m benchmarks [--server uvicorn|daphne] [--seconds N] [names]`: run, and print one JSON line a
figure.

Everything runs in a folder of its own that is removed: embedded PostgreSQL (fsync on) and Valkey, one server
process, made-up people. Core 0 is the system's and core 1 the driver's, where the machine has two.
"""

import argparse
import base64
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from beep.embedded import Embedded

NAMES = ("fan_out", "fan_out_window_1", "pairs", "catch_up", "idle")


def main() -> int:
    """Run what the command line names; everything without a name."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--server", choices=("uvicorn", "daphne"), default="uvicorn")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--size", type=int, default=300, help="bytes of a message's body")
    parser.add_argument("names", nargs="*", default=NAMES)
    options = parser.parse_args()
    _pin(0)
    with tempfile.TemporaryDirectory(prefix="beep-bench-") as folder:
        embedded = Embedded(Path(folder))
        os.environ |= embedded.plan().environment() | _secrets()
        with embedded:
            _migrate()
            for name in options.names:
                _run(name, options, Path(folder))
    return 0


def _secrets() -> dict[str, str]:
    keys = ("BEEP_SECRET_KEY", "BEEP_FIELD_KEY", "BEEP_CODE_KEY")
    made = {name: base64.b64encode(secrets.token_bytes(32)).decode() for name in keys}
    return {"BEEP_DEMO": "1", "DJANGO_SETTINGS_MODULE": "beep.settings", **made}


def _migrate() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", database="migrator", verbosity=0, interactive=False)


def _pin(core: int) -> None:
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {core})


def _run(name: str, options: argparse.Namespace, folder: Path) -> None:
    from tests.messaging.engine.processes import free_port

    port = free_port()
    with (folder / "server.log").open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server", options.server, "--port", str(port)],
            env={**os.environ, "BEEP_PORT": str(port)},
            stdout=log,
            stderr=log,
        )
    try:
        _wait(port, server)
        figures = PLANS[name](port, options, server)
        print(
            json.dumps({"benchmark": name, "server": options.server, "body": options.size, **figures}),
            flush=True,
        )
    finally:
        server.terminate()
        server.wait(20)


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    import socket

    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if server.poll() is not None:
                raise SystemExit("the server did not start") from None
            time.sleep(0.05)
        else:
            return


def _order(
    work: str,
    port: int,
    options: argparse.Namespace,
    people: Sequence[Any],
    talks: Sequence[Any],
    window: int,
) -> str:
    return json.dumps(
        {
            "work": work,
            "port": port,
            "window": window,
            "seconds": options.seconds,
            "size": options.size,
            "members": [{"cookie": a.cookie, "counter": max(a.counters.values(), default=0)} for a in people],
            "talks": [{"id": t.id.hex(), "group_id": t.group_id.hex()} for t in talks],
        }
    )


def _drive(order: str) -> Any:
    """Run the driver; to its figures come the system's CPU time for each thing counted.

    `cpu_us` is what server, PostgreSQL and Valkey together spent on one delivery or message, in microseconds:
    unlike the rates it means something on a machine that others use too. `core` is the share of one core.
    """
    driver = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.driver"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: _pin(1),
    )
    assert driver.stdin is not None
    assert driver.stdout is not None
    driver.stdin.write(order.encode())
    driver.stdin.close()
    spent: list[float] = []
    figures: dict[str, Any] = {}
    for line in driver.stdout:
        if line in (b"begin\n", b"end\n"):
            spent.append(_cpu_seconds(without=driver.pid))
        else:
            figures = json.loads(line)
    if driver.wait() != 0:
        raise SystemExit("the driver failed")
    if len(spent) == 2 and (counted := figures.pop("counted", 0)):
        used = spent[1] - spent[0]
        figures |= {"cpu_us": round(used / counted * 1e6, 2), "core": round(used / figures["seconds"], 2)}
    return figures


def _cpu_seconds(*, without: int) -> float:
    """User and system time of every process below this one, except the driver."""
    stats: dict[int, tuple[int, int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                stats[int(entry.name)] = (int(fields[1]), int(fields[11]) + int(fields[12]))
    below = {os.getpid()}
    while more := {pid for pid, (parent, _) in stats.items() if parent in below} - below - {without}:
        below |= more
    ticks = sum(stats[pid][1] for pid in below - {os.getpid()})
    return ticks / os.sysconf("SC_CLK_TCK")


def _fan_out(window: int) -> Callable[[int, argparse.Namespace, Any], dict[str, Any]]:
    def plan(port: int, options: argparse.Namespace, server: Any) -> dict[str, Any]:
        from messaging.models import ConversationKind
        from tests.messaging.engine import factory

        people = factory.actors(50)
        group = factory.talk(people, kind=ConversationKind.GROUP)
        return {
            "members": 50,
            "window": window,
            **_drive(_order("fan_out", port, options, people, [group], window)),
        }

    return plan


def _pairs(port: int, options: argparse.Namespace, server: Any) -> dict[str, Any]:
    from tests.messaging.engine import factory

    people = factory.actors(200)
    talks = factory.talks([people[i : i + 2] for i in range(0, 200, 2)])
    return {"pairs": 100, "window": 4, **_drive(_order("pairs", port, options, people, talks, 4))}


def _catch_up(port: int, options: argparse.Namespace, server: Any) -> dict[str, Any]:
    from tests.messaging.engine import factory

    people = factory.actors(2)
    talk = factory.talk(people)
    factory.fill(talk, people[0], count=10_000, size=options.size)
    return dict(_drive(_order("catch_up", port, options, [people[1]], [talk], 1)))


def _idle(port: int, options: argparse.Namespace, server: subprocess.Popen[bytes]) -> dict[str, Any]:
    from tests.messaging.engine import factory

    people = factory.actors(1_000)
    talks = factory.talks([people[i : i + 2] for i in range(0, 1_000, 2)])
    order = json.loads(_order("idle", port, options, people[:1], talks[:1], 1))
    _drive(json.dumps({**order, "seconds": 0.5}))
    before = _resident(server.pid)
    driver = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.driver"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert driver.stdin is not None
    assert driver.stdout is not None
    driver.stdin.write(_order("idle", port, options, people, talks, 1).encode())
    driver.stdin.close()
    driver.stdout.readline()
    time.sleep(2)  # what a handshake leaves behind is freed; a connection at rest is measured
    after = _resident(server.pid)
    driver.terminate()
    driver.wait()
    return {"connections": 1_000, "kB_per_connection": round((after - before) / 1_000 / 1_000, 1)}


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4_096


PLANS: dict[str, Callable[[int, argparse.Namespace, Any], dict[str, Any]]] = {
    "fan_out": _fan_out(16),
    "fan_out_window_1": _fan_out(1),
    "pairs": _pairs,
    "catch_up": _catch_up,
    "idle": _idle,
}

if __name__ == "__main__":
    sys.exit(main())
