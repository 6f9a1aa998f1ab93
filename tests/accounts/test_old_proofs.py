"""A map proof from an older epoch hides a revocation: performed with what the real server has once said.

A device is revoked, later epochs are published, and then the answer from before is served again: under its
own checkpoint, and its proof under the newest one. The monitor judges the checkpoints here; the client's own
verifier judges the recorded bytes under Node (`web/tests/core/recorded-keys.test.ts`).
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pytest_django.fixtures import Settings

from accounts.key_monitor import Tables, judge
from accounts.statements import Signer
from audit.transparency.monitor import KeyLogWrongError, Monitor
from beep import clock
from beep.clock import StoppedClock
from beep.schemas import to_base64url
from tests.accounts.devices import joined
from tests.accounts.support import Browser, activated
from tests.support.databases import TestDatabase
from tests.support.key_log import ORIGIN, POLICY, publish

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def time() -> Iterator[StoppedClock]:
    """A little before now: the client's clock goes on by itself."""
    with clock.stopped(datetime.now(UTC) - timedelta(minutes=2)) as handle:
        yield handle


class Behind(Tables):
    """The database of today, announced with a checkpoint of yesterday."""

    def __init__(self, note: bytes) -> None:
        self._note = note

    def checkpoint(self) -> bytes | None:
        """The old one, as it was cosigned."""
        return self._note


def test_an_old_proof_hides_no_revocation(
    fresh_database: TestDatabase, time: StoppedClock, settings: Settings, tmp_path: Path
) -> None:
    policy = tmp_path / "policy"
    policy.write_text(POLICY.format())
    settings.WITNESSES, settings.KEYS_ORIGIN = str(policy), ORIGIN
    reader, owner = activated(1), activated(2)
    time.advance(timedelta(seconds=30))  # A one-time code opens one door.
    joined(owner)
    old_note = publish()
    listed = owner.chain[-1].statement.devices
    assert len(listed) == 2
    first = look_up(reader, owner.person, pinned=0)
    chain = len(owner.chain)

    stolen = next(entry for entry in listed if UUID(bytes=entry.id) != UUID(bytes=owner.entry().id))
    kept = next(entry for entry in listed if entry is not stolen)
    time.advance(timedelta(seconds=1))
    signed = owner.next(kept, signer=(Signer.DEVICE, owner.key), at=clock.now_ms())
    owner.chain = [*owner.chain, signed]
    owner.post("devices/revoke", {"statement": to_base64url(signed.encode())})
    publish()
    activated(3)
    publish()
    size = POLICY.witnessed(old_note, origin=ORIGIN).checkpoint.size
    second = look_up(reader, owner.person, pinned=size)
    assert first["people"][0]["proof"] != second["people"][0]["proof"]

    statements = [to_base64url(each.encode()) for each in owner.chain]
    recorded = {
        "policy": reader.get("trust")["key_log"],
        "person": str(owner.person),
        "revoked": str(UUID(bytes=stolen.id)),
        "chains": {"first": statements[:chain], "second": statements},
        "answers": {"first": first, "second": second},
    }
    monitor = Monitor(state=tmp_path / "keys.sqlite", policy=POLICY, origin=ORIGIN, check=judge)
    try:
        assert monitor.run(Tables(), now=clock.now_ms()).size == size + 2
        with pytest.raises(KeyLogWrongError, match=f"the log ends at {size}, and had {size + 2}"):
            monitor.run(Behind(old_note), now=clock.now_ms())
    finally:
        monitor.close()
    judged_by_the_client(recorded, tmp_path / "recorded.json")


def look_up(reader: Browser, person: UUID, *, pinned: int) -> dict[str, Any]:
    """What the server answers over HTTP about one person."""
    body = {"pinned": pinned, "people": [{"person": str(person), "after": None}]}
    answer: dict[str, Any] = reader.post("transparency/lookup", body)
    return answer


def judged_by_the_client(recorded: dict[str, Any], path: Path) -> None:
    """Run the client's tests over the recording; every one of them, and none skipped."""
    path.write_text(json.dumps(recorded))
    node = subprocess.run(
        [sys.executable, ROOT / "deploy" / "bootstrap.py", "node-path"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    ran = subprocess.run(
        [Path(node) / "npx", "vitest", "run", "--reporter=verbose", "tests/core/recorded-keys.test.ts"],
        cwd=ROOT / "web",
        env={**os.environ, "PATH": f"{node}:{os.environ['PATH']}", "BEEP_TEST_RECORDED": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert "skipped" not in ran.stdout
