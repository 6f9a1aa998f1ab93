"""Whole clients without their views, under Node, as people of a running stack."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.scenarios.stack import ROOT, Newcomer, Stack


def run(story: str, stack: Stack, folder: Path, newcomers: Sequence[Newcomer]) -> None:
    """Run one file of the client's tests with people of its own; it may run manage.py."""
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
    backup = shlex.join([sys.executable, "-m", "tests.scenarios.backup", str(stack.data_dir)])
    vitest(
        f"tests/core/{story}.test.ts",
        {
            "BEEP_TEST_URL": stack.url,
            "BEEP_TEST_DEMO": str(demo),
            "BEEP_TEST_KILL": f"{backup} kill",
            "BEEP_TEST_BACKUP": backup,
            "BEEP_TEST_MANAGE": shlex.join([sys.executable, "-m", "beep.demo.manage"]),
            "BEEP_DATA_DIR": str(stack.data_dir),
            "PYTHONPATH": str(ROOT),
        },
    )


def vitest(file: str, environment: Mapping[str, str]) -> None:
    """Run one file of the client's tests, whole: its path from web/, and what it is told by its environment.

    Raises AssertionError with the end of what it printed if anything in it failed or was left out.
    """
    node = subprocess.run(
        [sys.executable, ROOT / "deploy" / "bootstrap.py", "node-path"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    ran = subprocess.run(
        [Path(node) / "npx", "vitest", "run", "--reporter=verbose", file],
        cwd=ROOT / "web",
        env={**os.environ, "PATH": f"{node}:{os.environ['PATH']}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert "skipped" not in ran.stdout
