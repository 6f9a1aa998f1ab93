"""One's own ledger: everything about oneself, nothing about others, each row provable."""

from uuid import UUID

import pytest

from audit import ledger, merkle, search
from beep.schemas import from_base64url
from tests.accounts.support import Refused
from tests.audit.support import ORIGIN
from tests.consoles.support import Office


def test_it_holds_what_is_about_oneself_and_says_who_looked(office: Office) -> None:
    office.desk.get("/log", subject=str(office.other.person), case="A-1")
    office.settle()
    page = office.other.get("ledger")
    every = search.page(search.Filters(subject=office.other.person), limit=500)
    assert [row["leaf"] for row in page["rows"]] == [row.leaf for row in every][:50]
    newest = page["rows"][0]
    assert newest["action"] == "audit.searched"
    assert UUID(newest["by"]["id"]) == office.desk.owner.person
    assert page["next"] is None
    office.settle()
    assert office.other.get("ledger")["rows"][0]["action"] == "ledger.read"


def test_each_row_is_proved_and_only_to_its_person(office: Office) -> None:
    office.settle()
    row = office.other.get("ledger")["rows"][-1]
    given = office.other.get(f"ledger/{row['leaf']}")
    checkpoint = office.crew.policy.witnessed(given["checkpoint"].encode(), origin=ORIGIN).checkpoint
    proof = [from_base64url(step) for step in given["proof"]]
    leaf = merkle.leaf_hash(from_base64url(given["body"]))
    merkle.verify_inclusion(leaf, given["index"], checkpoint.size, proof, checkpoint.root)
    refused = office.desk.owner.get(f"ledger/{row['leaf']}")
    assert isinstance(refused, Refused)
    assert refused.code == "not_found"
    assert office.other.get("ledger/99999999").code == "not_found"
    assert office.other.get("ledger", before="nowhere").code == "bad_request"


def test_an_entry_that_no_quorum_has_seen_is_not_proved_yet(office: Office) -> None:
    office.settle()
    for name in list(office.crew.servers):
        office.crew.stop(name)
    office.other.get("ledger")
    office.settle()
    newest = office.other.get("ledger")["rows"][0]["leaf"]
    refused = office.other.get(f"ledger/{newest}")
    assert (refused.code, refused.retry_after) == ("busy", 5.0)


def test_each_page_leaves_a_leaf(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "PAGE", 2)
    office.settle()
    first = office.other.get("ledger")
    second = office.other.get("ledger", before=first["next"])
    assert {row["leaf"] for row in first["rows"]}.isdisjoint(row["leaf"] for row in second["rows"])
    office.settle()
    assert len(search.page(search.Filters(actions=("ledger.read",)))) == 2
