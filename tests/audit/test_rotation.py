"""The log's key and a witness are replaced, and nobody who verifies has a break to explain."""

from pathlib import Path

import psycopg
import pytest
from django.core.management.base import CommandError
from pytest_django import Settings

from audit import evidence, integrity, merkle
from audit.export import write
from audit.management.policy import policy_for
from audit.note import Checkpoint, Signer, Verifier, sign_note
from audit.policy import Policy
from audit.verify.__main__ import main as beep_verify
from audit.witness.state import create
from audit.witnessing import Witnesses
from tests.audit import support
from tests.audit.stage import COUNT, running, wait, witnessed
from tests.audit.support import LOG, ORIGIN, Crew
from tests.support.databases import TestDatabase

NEXT = Signer(ORIGIN, bytes([9] * 32))
STRANGER = Signer(ORIGIN, bytes([10] * 32))


def signers_of_what_proves_entry_7() -> list[Verifier]:
    """The log's keys in the policy that comes with the evidence, under which it is verified."""
    found = evidence.of(7)
    policy = Policy.parse(evidence.readers_policy(found.note))
    policy.witnessed(found.note, origin=ORIGIN)
    return [each.verifier for each in policy.logs]


def test_the_logs_key_is_replaced(
    database: TestDatabase, crew: Crew, tmp_path: Path, settings: Settings
) -> None:
    # The new key's line comes first into every policy; the old key goes on signing meanwhile.
    crew.know(NEXT)
    (tmp_path / "policy").write_text(crew.policy.format())
    settings.WITNESSES, settings.LOG_ORIGIN = str(tmp_path / "policy"), ORIGIN
    assert policy_for(LOG) == policy_for(NEXT) == crew.policy
    with pytest.raises(CommandError, match="another key"):
        policy_for(STRANGER)
    with running(database, crew, LOG):
        support.happen(1)
        wait(lambda: witnessed(database, crew, ORIGIN) == COUNT + 1)
    # Who verifies an entry meanwhile is given the key that has signed what proves it.
    assert signers_of_what_proves_entry_7() == [LOG.verifier]
    # Then the integrator's.
    with running(database, crew, NEXT):
        support.happen(1)
        wait(lambda: witnessed(database, crew, ORIGIN) == COUNT + 2)
    assert support.alarms(database, crew) == []
    assert integrity.look().failures == []
    # Readers are given the new key alone, auditors both.
    readers = crew.policy.for_readers(ORIGIN)
    assert [each.verifier for each in readers.logs] == signers_of_what_proves_entry_7() == [NEXT.verifier]
    folder = tmp_path / "export"
    with psycopg.connect(database.urls.auditor) as auditor:
        write(auditor, folder, policy=crew.policy, origin=ORIGIN, begin=0, end=1 << 52)
    assert beep_verify([str(folder), "--policy", str(tmp_path / "policy")]) == 0
    # The witnesses forget the old key at once: whoever has stolen it finds nobody to cosign.
    crew.logs.remove(LOG)
    for name in list(crew.servers):
        crew.start(name, crew.stop(name))
    forged = sign_note(Checkpoint(ORIGIN, COUNT + 2, merkle.root([bytes(32)] * 3)).format(), [LOG])
    assert Witnesses(crew.policy, ORIGIN, lambda old, new: []).collect(forged) == []


def test_a_witness_is_replaced(
    database: TestDatabase, crew: Crew, tmp_path: Path, settings: Settings
) -> None:
    key = create(crew.folder / "four", "witness.test/four").verifier.format()
    crew.start("four")
    port = crew.servers["four"].server_port
    # The old one's line stays without an address, and in the group while it is to count for the past.
    lines = [
        line.rpartition(" ")[0] if line.startswith("witness one ") else line
        for line in crew.policy.format().splitlines()
        if not line.startswith(("group", "quorum"))
    ]
    lines += [
        f"witness four {key} http://127.0.0.1:{port}",
        "group quorum 2 one two three four",
        "quorum quorum",
    ]
    crew.stop("one")
    crew.policy = Policy.parse("\n".join([*lines, ""]))
    crew.policy.require_strong()
    (tmp_path / "policy").write_text(crew.policy.format())
    settings.WITNESSES, settings.LOG_ORIGIN = str(tmp_path / "policy"), ORIGIN
    with running(database, crew, LOG):
        support.happen(1)
        wait(lambda: witnessed(database, crew, ORIGIN) == COUNT + 1)
    assert support.alarms(database, crew) == []
    found = integrity.look()
    assert [each.name for each in found.witnesses] == ["four", "three", "two"]
    assert found.failures == []
