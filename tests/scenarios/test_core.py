"""The client without its views, under Node, against the same server: two people, then groups and devices."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from tests.scenarios.stack import ROOT, Stack


def test_two_cores_under_node_against_the_real_server(stack: Stack, tmp_path: Path) -> None:
    _run("real-server", stack, tmp_path, people=2)


def test_attacks_under_node_against_the_real_server(stack: Stack, tmp_path: Path) -> None:
    _run("real-attacks", stack, tmp_path, people=4)


def test_groups_and_devices_under_node_against_the_real_server(stack: Stack, tmp_path: Path) -> None:
    _run("real-groups", stack, tmp_path, people=7)


def _run(story: str, stack: Stack, folder: Path, *, people: int) -> None:
    """Run one file of the client's tests with so many people of its own; they may run manage.py."""
    newcomers = [stack.newcomer() for _ in range(people)]
    demo = folder / "demo.json"
    described = [
        {
            "id": person.id,
            "login": person.login,
            "name": {"latin": person.latin, "local": person.local},
            "personnel_number": person.personnel_number,
            "activated": False,
            "activation_code": person.code,
        }
        for person in newcomers
    ]
    officers = json.loads((stack.data_dir / "demo.json").read_text())["officers"]
    demo.write_text(json.dumps({"url": stack.url, "people": described, "officers": officers}))
    node = subprocess.run(
        [sys.executable, ROOT / "deploy" / "bootstrap.py", "node-path"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    backup = shlex.join([sys.executable, "-m", "tests.scenarios.backup", str(stack.data_dir)])
    ran = subprocess.run(
        [Path(node) / "npx", "vitest", "run", "--reporter=verbose", f"tests/core/{story}.test.ts"],
        cwd=ROOT / "web",
        env={
            **os.environ,
            "PATH": f"{node}:{os.environ['PATH']}",
            "BEEP_TEST_URL": stack.url,
            "BEEP_TEST_DEMO": str(demo),
            "BEEP_TEST_KILL": f"{backup} kill",
            "BEEP_TEST_BACKUP": backup,
            "BEEP_TEST_MANAGE": shlex.join([sys.executable, "-m", "beep.demo.manage"]),
            "BEEP_DATA_DIR": str(stack.data_dir),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert "skipped" not in ran.stdout
