"""Exports: what `beep-verify` accepts, and that it refuses whatever was changed."""

import os
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from pytest_django import Settings

from audit.export import ExportError, write
from audit.note import Signer
from audit.verify.__main__ import main as beep_verify
from tests.audit import support
from tests.audit.stage import exported, integrate
from tests.audit.support import ORIGIN, Crew
from tests.support.databases import TestDatabase


def test_one_changed_byte_of_an_export_is_found(database: TestDatabase, crew: Crew, tmp_path: Path) -> None:
    folder = exported(database, crew, tmp_path / "export")
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        if not data:
            continue
        for at in (0, len(data) // 2, len(data) - 1):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            assert beep_verify([str(folder), "--quiet"]) == 1, (path, at)
        path.write_bytes(data)
        path.rename(tmp_path / "away")
        assert beep_verify([str(folder), "--quiet"]) == 1, path
        (tmp_path / "away").rename(path)
    (folder / "more").touch()
    assert beep_verify([str(folder)]) == 1
    (folder / "more").unlink()
    assert beep_verify([str(folder)]) == 0


def test_an_export_of_some_days(database: TestDatabase, crew: Crew, tmp_path: Path) -> None:
    with psycopg.connect(database.urls.auditor) as auditor:
        times = [at for (at,) in auditor.execute("SELECT at FROM audit_leaf ORDER BY leaf_index")]
        auditor.rollback()
        done = write(
            auditor, tmp_path / "some", policy=crew.policy, origin=ORIGIN, begin=times[100], end=times[280]
        )
        assert times[done.first] == times[100]
        assert times[done.last] < times[280]
        auditor.rollback()
        none = write(auditor, tmp_path / "none", policy=crew.policy, origin=ORIGIN, begin=0, end=1)
        assert none.last < none.first
        auditor.rollback()
        with pytest.raises(ExportError, match="not empty"):
            write(auditor, tmp_path / "some", policy=crew.policy, origin=ORIGIN, begin=0, end=1)
    for name in ("some", "none"):
        assert beep_verify([str(tmp_path / name)]) == 0
    other = Signer("witness.test/one", os.urandom(32), 4).verifier.format()
    (tmp_path / "policy").write_text(
        f"witness one {other}\n{crew.policy.format()}".replace("witness one", "witness x", 1)
    )
    assert beep_verify([str(tmp_path / "some"), "--policy", str(tmp_path / "policy")]) == 1
    assert beep_verify([str(tmp_path / "missing")]) == 2


def test_the_commands(database: TestDatabase, crew: Crew, tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "policy").write_text(crew.policy.format())
    settings.WITNESSES = str(tmp_path / "policy")
    settings.LOG_ORIGIN = ORIGIN
    call_command("verify_audit", quiet=True)
    call_command(
        "export_audit",
        "--from",
        "2020-01-01",
        "--to",
        "2099-12-31",
        "--out",
        str(tmp_path / "out"),
        "--reason",
        "§ 7",
    )
    assert beep_verify([str(tmp_path / "out"), "--policy", str(tmp_path / "policy")]) == 0
    integrate(database)
    with psycopg.connect(database.urls.auditor) as auditor:
        last = auditor.execute("SELECT kind FROM audit_leaf ORDER BY leaf_index DESC LIMIT 1").fetchone()
    assert last == ("audit.exported",)
    with support.superuser(database) as admin:
        admin.execute("DROP TRIGGER audit_leaf_rows ON audit_leaf")
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit", quiet=True)
    assert ended.value.code == 1
