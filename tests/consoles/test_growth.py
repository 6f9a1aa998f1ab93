"""What a browser that has pinned a state of the log is given to compare it with."""

import base64
from typing import Any

import psycopg
import pytest

from audit import growth, merkle
from audit.note import Checkpoint, split_note
from beep.errors import BeepError
from tests.consoles.support import Office
from tests.support.databases import TestDatabase


def seen(given: dict[str, Any]) -> Checkpoint:
    """The state that the answer's checkpoint is of."""
    return Checkpoint.parse(split_note(given["checkpoint"].encode())[0])


def steps(given: dict[str, Any]) -> list[bytes]:
    """The answer's consistency proof."""
    return [base64.b64decode(step) for step in given["consistency"]]


def test_the_proof_leads_from_the_pinned_size(office: Office) -> None:
    office.settle()
    first = office.desk.get("/log/3/proof").json()
    assert first["consistency"] == []
    old = seen(first)
    office.desk.get("/log/4")
    office.settle()
    second = office.desk.get(f"/log/3/proof?pinned={old.size}").json()
    new = seen(second)
    assert new.size > old.size
    merkle.verify_consistency(old.size, new.size, old.root, new.root, steps(second))
    for size in range(1, new.size):
        given = office.desk.get(f"/log/3/proof?pinned={size}").json()
        assert seen(given) == new
        with pytest.raises(merkle.ProofError):
            merkle.verify_consistency(size, new.size, bytes(32), new.root, steps(given))
    assert office.desk.get("/log/3/proof?pinned=x").status_code == 400
    same = office.desk.get(f"/log/3/proof?pinned={new.size}").json()
    assert same["consistency"] == []


def test_a_size_that_the_log_has_not_reached_gets_no_proof(office: Office) -> None:
    size = office.settle()
    for pinned in (size + 1, 1_000_000_000, 2**53 - 1):
        given = office.desk.get(f"/log/3/proof?pinned={pinned}").json()
        assert given["consistency"] == []
        assert seen(given).size <= size


@pytest.mark.parametrize("text", ["-1", "01", "1.0", "+1", "1_0", " 1", "x", "9" * 17, "9" * 400, "\u0661"])
def test_only_a_plain_number_is_a_size(text: str) -> None:
    assert (growth.parse_size(""), growth.parse_size("0"), growth.parse_size("41")) == (0, 0, 41)
    with pytest.raises(BeepError, match="no number of entries") as caught:
        growth.parse_size(text)
    assert (caught.value.code, caught.value.status) == ("bad_request", 400)


def test_a_log_with_a_hole_proves_nothing(office: Office, fresh_database: TestDatabase) -> None:
    office.settle()
    note = office.desk.get("/log/3/proof").json()["checkpoint"].encode()
    assert growth.since(5, note=note)
    with psycopg.connect(fresh_database.urls.superuser) as owner:
        owner.execute("ALTER TABLE audit_leaf DISABLE TRIGGER ALL")
        owner.execute("DELETE FROM audit_leaf WHERE leaf_index = 1")
    assert growth.since(5, note=note) == []
