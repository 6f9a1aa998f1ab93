"""Every event of the catalogue has an OCSF class, and what is made of it has what that class requires."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID, uuid4

import pytest

from audit import intake, merkle
from audit.events import (
    CATALOGUE,
    Actor,
    AuditViewed,
    CommitAccepted,
    Event,
    Personal,
    PersonStateChanged,
    SignIn,
)
from audit.siem import classes, ocsf
from audit.siem.ocsf import Leaf, convert

ORIGIN = "beep.example.gov/audit"
PERSON, DEVICE = uuid4(), uuid4()
ACTOR = Actor(person=PERSON, session=uuid4(), device=DEVICE, address=Personal("198.51.100.7"))

REQUIRED = {
    2004: ("finding_info",),
    3001: ("user",),
    3002: ("user", "service"),
    3004: ("entity",),
    3005: ("user", "privileges"),
    3006: ("group",),
    6003: ("actor", "api", "src_endpoint"),
    6005: ("actor", "database", "src_endpoint"),
}
"""OCSF 1.6.0: attributes that a class requires, or asks for one of."""
ALWAYS = (
    "activity_id",
    "category_uid",
    "class_uid",
    "metadata",
    "severity_id",
    "time",
    "type_uid",
)
SCHEMA = {
    2004: {1: "Create"},
    3001: {1: "Create", 2: "Enable", 4: "Password Reset", 5: "Disable", 6: "Delete", 99: "Other"},
    3002: {1: "Logon", 2: "Logoff", 99: "Other"},
    3004: {1: "Create", 2: "Read", 3: "Update", 4: "Delete", 6: "Enroll", 7: "Unenroll"},
    3005: {1: "Assign Privileges", 2: "Revoke Privileges", 99: "Other"},
    3006: {3: "Add User", 4: "Remove User", 6: "Create", 99: "Other"},
    6003: {1: "Create", 2: "Read", 3: "Update", 4: "Delete"},
    6005: {1: "Read", 4: "Query", 5: "Write", 7: "Delete"},
}
"""The activities used, as the schema's own files number and name them."""


def value_of(hint: Any) -> Any:
    """Something of that type."""
    if get_origin(hint) in (UnionType, Union):
        return value_of(next(each for each in get_args(hint) if each is not type(None)))
    if get_origin(hint) is list:
        return [value_of(get_args(hint)[0])]
    if get_origin(hint) is dict or hint is Mapping:
        return {"some": "thing"}
    made: dict[Any, Any] = {
        UUID: uuid4(),
        int: 7,
        str: "some \u2028 text",
        bool: True,
        bytes: b"\x01" * 32,
        Personal: Personal("نام"),
    }
    return made[hint]


def filled(kind: type[Event], *, whole: bool) -> Event:
    """An event of that class with every field of its own, or only with those that it must have."""
    shared = {item.name for item in fields(Event)}
    hints = get_type_hints(kind, localns={"Json": Any, "Mapping": Mapping})
    own = {
        item.name: value_of(hints[item.name])
        for item in fields(kind)
        if item.name not in shared
        and (whole or (item.default is MISSING and item.default_factory is MISSING))
    }
    return kind(actor=ACTOR if whole else Actor(), target=PERSON if whole else None, **own)


def leaf_of(event: Event, index: int = 41) -> tuple[Leaf, dict[str, str]]:
    encoded = intake.encode(event, at=1_772_323_200_123)
    at, action, body = encoded.row
    openings = {intake._base64url(commitment): text for commitment, _, text in encoded.openings}
    return Leaf(index, at, action, merkle.leaf_hash(body), body), openings


def event_of(event: Event, *, opened: bool = False) -> dict[str, Any]:
    leaf, openings = leaf_of(event)
    converted = convert(leaf, ORIGIN, openings if opened else {})
    assert "\n" not in converted.text
    assert "\u2028" not in converted.text
    found: dict[str, Any] = json.loads(converted.text)
    return found


def assert_conforms(event: dict[str, Any]) -> None:
    assert set(event) >= {*ALWAYS, *REQUIRED[event["class_uid"]]}
    assert event["category_uid"] == event["class_uid"] // 1000
    assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
    assert event["activity_name"] == SCHEMA[event["class_uid"]][event["activity_id"]]
    assert event["severity_id"] in range(1, 6)
    assert event["metadata"]["version"] == "1.6.0"
    assert event["metadata"]["product"]["name"] == "Beep"
    assert event["metadata"]["uid"]
    for name in ("user", "src_endpoint", "entity", "group", "actor"):
        assert event.get(name) != {}


def test_every_event_of_the_catalogue_has_a_mapping() -> None:
    assert set(classes.MAPPINGS) == set(CATALOGUE)
    for action, mapping in classes.MAPPINGS.items():
        assert mapping.activity in mapping.ocsf.activities, action
        assert len(action) <= 32, "MSGID is longer than RFC 5424 allows"


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "bare"])
@pytest.mark.parametrize("action", sorted(CATALOGUE))
def test_every_event_conforms(action: str, whole: bool) -> None:
    made = filled(CATALOGUE[action], whole=whole)
    event = event_of(made)
    assert_conforms(event)
    assert event["metadata"]["sequence"] == 41
    assert event["metadata"]["event_code"] == event["unmapped"]["action"] == action
    assert event["time"] == 1_772_323_200_123
    leaf, _ = leaf_of(made)
    # Nothing of the leaf is lost.
    content = ocsf.content_of(leaf.body)
    assert set(content) - {"at", "outcome", "error"} <= set(event["unmapped"])


@pytest.mark.parametrize("action", sorted(CATALOGUE))
def test_personal_texts_stay_closed_unless_opened(action: str) -> None:
    made = filled(CATALOGUE[action], whole=True)
    closed = json.dumps(event_of(made), ensure_ascii=False)
    assert "نام" not in closed
    assert "198.51.100.7" not in closed
    assert event_of(made, opened=True)["src_endpoint"]["ip"] == "198.51.100.7"


def test_a_refusal_is_a_failure_with_its_code() -> None:
    event = event_of(SignIn(actor=Actor(), outcome="refused", error="code_wrong", login=Personal("ayesha")))
    assert (event["status_id"], event["status_code"], event["severity_id"]) == (2, "code_wrong", 2)
    assert "name" not in event["user"]
    shown = event_of(SignIn(actor=Actor(), outcome="refused", login=Personal("ayesha")), opened=True)
    assert shown["user"]["name"] == "ayesha"


@pytest.mark.parametrize(("state", "activity"), [("active", 2), ("suspended", 5), ("left", 5), ("new", 99)])
def test_a_state_says_which_activity(state: str, activity: int) -> None:
    event = event_of(PersonStateChanged(actor=ACTOR, target=PERSON, reason="order", after={"state": state}))
    assert event["activity_id"] == activity


@pytest.mark.parametrize(
    ("added", "removed", "activity"), [([DEVICE], [], 3), ([], [DEVICE], 4), ([DEVICE], [PERSON], 99)]
)
def test_a_commit_says_which_activity(added: list[UUID], removed: list[UUID], activity: int) -> None:
    made = CommitAccepted(actor=ACTOR, target=uuid4(), generation=1, epoch=2, added=added, removed=removed)
    assert event_of(made)["activity_id"] == activity


def test_who_looked_at_whom() -> None:
    event = event_of(AuditViewed(actor=ACTOR, leaf=3, person=DEVICE, case="A-7"))
    assert event["actor"]["user"]["uid"] == str(PERSON)
    assert event["unmapped"]["parameters"]["case"] == "A-7"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"beep-audit/v1\n[1]",
        b"x\n" + b"[" * 60_000,
        b'x\n{"actor":' + b"[" * 500 + b"]" * 500 + b"}",
        b"\xff\n{}",
        b'y\n{"actor":7}',
    ],
)
def test_an_altered_leaf_is_sent_all_the_same(body: bytes) -> None:
    for action in ("sign_in", "role.granted", "device.added", "never.heard.of"):
        converted = convert(Leaf(3, 5, action, bytes(32), body), ORIGIN, {})
        assert_conforms(json.loads(converted.text))


def test_the_alarm_is_a_finding() -> None:
    found = ocsf.finding("leaf_altered", "entry 7", at=9, origin=ORIGIN, sequence=7)
    event = json.loads(found.text)
    assert_conforms(event)
    assert (event["class_uid"], found.severity) == (2004, classes.CRITICAL)
