"""The client without its views, under Node, against the same server: two cores talk through kills."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from tests.scenarios.stack import ROOT, Stack

PEOPLE = 4
KILLER = """
import os, pathlib, signal, sys
port = sys.argv[1].encode()
for entry in pathlib.Path("/proc").iterdir():
    try:
        words = (entry / "cmdline").read_bytes().split(b"\\0") if entry.name.isdigit() else []
    except OSError:
        continue
    if port in words and any(word.startswith(b"messaging.servers.") for word in words):
        os.kill(int(entry.name), signal.SIGKILL)
"""


def test_two_cores_under_node_against_the_real_server(stack: Stack, tmp_path: Path) -> None:
    people = [stack.newcomer() for _ in range(PEOPLE)]
    demo = tmp_path / "demo.json"
    described = [
        {
            "id": person.id,
            "login": person.login,
            "name": {"latin": person.latin, "local": person.local},
            "personnel_number": person.personnel_number,
            "activated": False,
            "activation_code": person.code,
        }
        for person in people
    ]
    demo.write_text(json.dumps({"url": stack.url, "people": described}))
    node = subprocess.run(
        [sys.executable, ROOT / "deploy" / "bootstrap.py", "node-path"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    ran = subprocess.run(
        [Path(node) / "npx", "vitest", "run", "tests/core/real-server.test.ts"],
        cwd=ROOT / "web",
        env={
            **os.environ,
            "PATH": f"{node}:{os.environ['PATH']}",
            "BEEP_TEST_URL": stack.url,
            "BEEP_TEST_DEMO": str(demo),
            "BEEP_TEST_KILL": shlex.join([sys.executable, "-c", KILLER, str(stack.port)]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert "skipped" not in ran.stdout
