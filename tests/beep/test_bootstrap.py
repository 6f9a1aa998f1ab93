"""A clone becomes runnable with the standard library alone, and says what is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from beep.demo.configuration import ROOT
from deploy import bootstrap


def test_the_digest_covers_names_and_contents_in_any_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("1")
    two.write_text("2")
    first = bootstrap.digest([one, two])
    assert bootstrap.digest([two, one]) == first
    os.utime(one, (0, 0))
    assert bootstrap.digest([one, two]) == first
    assert bootstrap.digest([one, two], extra="node 25") != first
    one.write_text("2")
    two.write_text("1")
    assert bootstrap.digest([one, two]) != first


def test_a_machine_without_venv_is_told_what_to_install(tmp_path: Path) -> None:
    """As on Debian without python3-venv: the module ensurepip is not there."""
    script = (
        "import sys; sys.modules['ensurepip'] = None\n"
        "from pathlib import Path; from deploy import bootstrap\n"
        f"bootstrap.VENV = Path({str(tmp_path / 'venv')!r})\n"
        "bootstrap.PYTHON = bootstrap.VENV / 'bin' / 'python'\n"
        "sys.exit(bootstrap.main(['install']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "sudo apt install python3-venv" in result.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize(
    ("version", "fits"),
    [("v20.20.2", False), ("v22.11.0", False), ("v22.12.0", True), ("v24.1.0", True), ("?", False)],
)
def test_an_old_node_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, fits: bool
) -> None:
    for name in ("node", "npm"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho {version}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = bootstrap.node_path()
    assert (found == tmp_path) is fits
    if not fits:
        answer = subprocess.run(
            [found / "npm", "--version"], env={"PATH": f"{found}:/usr/bin:/bin"}, check=True
        )
        assert answer.returncode == 0


def test_unknown_words_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(["demolish"]) == 2
    assert "install-dev" in capsys.readouterr().err


def test_pinned_files_name_no_place_but_the_public_registries() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "web/package-lock.json"):
        text = (ROOT / name).read_text()
        assert "--find-links" not in text
        assert "--index-url" not in text.replace("--no-emit-index-url", "")
        assert '"resolved"' not in text
        assert "http" not in text or name.endswith(".json")


def test_every_package_is_pinned_with_hashes() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        entries = [line for line in (ROOT / name).read_text().splitlines() if line and line[0] not in " #"]
        assert entries
        assert all("==" in line and line.endswith("\\") for line in entries)
