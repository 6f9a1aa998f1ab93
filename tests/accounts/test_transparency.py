"""Key transparency over HTTP: what a client gets, verified as a client does."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pytest_django.fixtures import Settings

from accounts import transparency
from accounts.statements import SignedStatement
from audit import merkle
from audit.note import Checkpoint
from audit.policy import Policy
from audit.transparency import map as keymap
from audit.transparency.epoch import EpochLeaf
from audit.transparency.map import MapProof
from audit.transparency.publisher import Publisher
from beep import clock
from beep.schemas import from_base64url
from tests.accounts.support import Browser, Refused, activated
from tests.support.databases import TestDatabase
from tests.support.key_log import LOG, ORIGIN, POLICY, publish


@pytest.fixture
def policy(tmp_path: Path, settings: Settings) -> Policy:
    path = tmp_path / "policy"
    path.write_text(POLICY.format())
    settings.WITNESSES = str(path)
    settings.KEYS_ORIGIN = ORIGIN
    return POLICY


def test_the_policy_is_part_of_trust_and_names_no_addresses(db: None, policy: Policy) -> None:
    shown = Policy.parse(Browser(login="nobody").get("trust")["key_log"])
    assert [log.origin for log in shown.logs] == [ORIGIN]
    assert [each.verifier for each in shown.witnesses] == [each.verifier for each in policy.witnesses]
    assert {log.url for log in shown.logs} | {each.url for each in shown.witnesses} == {None}
    assert shown.quorum == policy.quorum


def test_without_a_policy_there_is_no_key_log(db: None, settings: Settings) -> None:
    settings.WITNESSES = None
    assert Browser(login="nobody").get("trust")["key_log"] is None
    assert transparency.public_policy() is None


def test_a_client_can_verify_everything(fresh_database: TestDatabase, policy: Policy) -> None:
    first, second = activated(1), activated(2)
    old = policy.witnessed(publish(), origin=ORIGIN).checkpoint
    third = activated(3)
    publish()
    stranger = uuid4()
    asked = [first.person, second.person, third.person, stranger]
    body = {
        "pinned": old.size,
        "people": [{"person": str(person), "after": 0 if n < 2 else None} for n, person in enumerate(asked)],
    }
    answer = first.post("transparency/lookup", body)
    witnessed = policy.witnessed(answer["checkpoint"].encode(), origin=ORIGIN)
    new = witnessed.checkpoint
    merkle.verify_consistency(
        old.size, new.size, old.root, new.root, [from_base64url(each) for each in answer["consistency"]]
    )
    leaf = from_base64url(answer["epoch"])
    inclusion = [from_base64url(each) for each in answer["inclusion"]]
    merkle.verify_inclusion(merkle.leaf_hash(leaf), new.size - 1, new.size, inclusion, new.root)
    root = EpochLeaf.parse(leaf).map_root
    values = [
        keymap.verify(
            root=root,
            index=keymap.index_of(person.bytes),
            proof=MapProof.parse(from_base64url(found["proof"])),
        )
        for person, found in zip(asked, answer["people"], strict=True)
    ]
    hashes = [browser.chain[-1].statement.hash for browser in (first, second, third)]
    assert values == [*hashes, None]
    chains = [[from_base64url(each) for each in found["statements"]] for found in answer["people"]]
    assert [len(chain) for chain in chains] == [1, 1, 0, 0]
    assert SignedStatement.parse(chains[1][0]).statement.person == second.person.bytes
    assert [UUID(found["person"]) for found in answer["people"]] == asked
    path = first.get("transparency/consistency", first=old.size, second=new.size)["proof"]
    assert path == answer["consistency"]
    note = first.get("transparency/checkpoint")["checkpoint"]
    assert Checkpoint.parse(note.split("\n\n")[0] + "\n") == new


def test_only_cosigned_epochs_are_shown(fresh_database: TestDatabase, policy: Policy) -> None:
    browser = activated(1)
    assert_refused(browser.get("transparency/checkpoint"), "not_found")
    publish()
    late = activated(2)
    assert Publisher(LOG).step() is not None  # Signed, and nobody has cosigned it.
    answer = browser.post(
        "transparency/lookup", {"pinned": 0, "people": [{"person": str(late.person), "after": None}]}
    )
    root = EpochLeaf.parse(from_base64url(answer["epoch"])).map_root
    proof = MapProof.parse(from_base64url(answer["people"][0]["proof"]))
    assert keymap.verify(root=root, index=keymap.index_of(late.person.bytes), proof=proof) is None


def test_what_is_out_of_bounds_is_refused(fresh_database: TestDatabase, policy: Policy) -> None:
    browser = activated(1)
    publish()
    for first, second in ((0, 1), (1, 2), (2, 1)):
        assert_refused(browser.get("transparency/consistency", first=first, second=second), "range_refused")
    many = [{"person": str(uuid4()), "after": None}] * 101
    assert_refused(browser.post("transparency/lookup", {"pinned": 0, "people": many}), "bad_request")
    stranger = Browser(login="nobody")
    assert_refused(stranger.post("transparency/lookup", {"pinned": 0, "people": []}), "not_signed_in")
    ahead = browser.post("transparency/lookup", {"pinned": 99, "people": []})
    assert ahead["consistency"] == []


def test_who_asks_without_end_is_told_to_wait(
    fresh_database: TestDatabase, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = activated(1)
    publish()
    monkeypatch.setattr("accounts.transparency_api.CALLS_A_MINUTE", 2)
    with clock.stopped():
        for _ in range(2):
            assert not isinstance(browser.get("transparency/checkpoint"), Refused)
        assert_refused(browser.get("transparency/checkpoint"), "rate_limited")


def assert_refused(answer: object, code: str) -> None:
    assert isinstance(answer, Refused)
    assert answer.code == code
