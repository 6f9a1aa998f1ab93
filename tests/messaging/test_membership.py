"""Membership: the shared vectors, and what no member and no order may achieve whatever is tried."""

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.formats import OrderAction, Role
from messaging.membership import Device, MembershipRefusedError, Rule, Standing, check_snapshot
from tests.vectors.make_membership import World, answered, base, judged, person

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "membership.json").read_text()
)


@pytest.mark.parametrize("case", VECTORS["named"], ids=lambda case: case["name"])
def test_named_cases_are_answered_as_written(case: dict[str, Any]) -> None:
    if "rule" in case:
        with pytest.raises(MembershipRefusedError) as caught:
            judged(case)
        assert caught.value.rule == case["rule"]
    else:
        assert judged(case) == case["after"]


def test_generated_cases_are_answered_as_stored() -> None:
    for case in VECTORS["generated"]:
        asked = {name: value for name, value in case.items() if name not in {"after", "rule"}}
        assert answered(asked) == case


def test_every_rule_has_a_vector() -> None:
    assert {case["rule"] for case in VECTORS["named"] if "rule" in case} == set(Rule)
    counted = Counter(case.get("rule", "accepted") for case in VECTORS["generated"])
    assert counted["accepted"] > 200
    assert len(counted) >= 8


@given(st.integers(min_value=0, max_value=1 << 60))
def test_no_commit_achieves_what_its_committer_may_not(seed: int) -> None:
    world = World(random.Random(seed))
    case = world.commit()
    try:
        after = {row[0]: row for row in judged(case)}
    except MembershipRefusedError:
        return
    before = {row[0]: row for row in case["before"]}
    admin = before[case["committer"]][1] == Role.ADMIN
    here = {leaf[1] for leaf in case["leaves"]}
    admin_here = any(before[one][1] == Role.ADMIN for one in here if one in before)
    asked = {(order[1], order[2]) for order in case["orders"] if order[0] == OrderAction.ADD}
    left = {order[1] for order in case["orders"] if order[0] == OrderAction.LEAVE}
    lowest = min((leaf[0], leaf[1]) for leaf in case["leaves"] if leaf[0] not in case["removed"])[1]
    for one, row in after.items():
        if one not in before:
            assert admin, "only an admin lets strangers in"
            assert not any(named[0] == one for named in asked), "no order lets strangers in"
        elif before[one][2] != row[2] and before[one][1] != Role.INVITED:
            assert admin, "only an admin takes back after a reset"
            assert not any(named[0] == one for named in asked)
        if not admin and row[1] == Role.ADMIN and before[one][1] != Role.ADMIN:
            assert one == lowest, "nobody else succeeds or is claimed"
            assert not admin_here or any(before[gone][1] == Role.ADMIN for gone in left if gone in before)
    for one in before.keys() - after.keys():
        assert admin or one in left, "nobody is put out by a member"
    gone = {tuple(pair) for pair in case["gone"]}
    ordered = {(order[1], order[2]) for order in case["orders"] if order[0] == OrderAction.REMOVE}
    for leaf in case["leaves"]:
        if leaf[0] in case["removed"] and leaf[1] in after and leaf[1] != case["committer"]:
            assert (leaf[1], leaf[2]) in gone | ordered, (
                "a device goes with its person, by order or by itself"
            )


def test_a_newcomer_is_told_a_membership_that_fits_the_tree() -> None:
    members = {person(1): Standing(Role.ADMIN, base(20)), person(4): Standing(Role.INVITED, base(0))}
    tree = [Device(person(1), person(10), base(20))]
    check_snapshot(members, tree)
    for spoilt, devices in (
        (members, [*tree, Device(person(4), person(40), base(80))]),
        (members, [*tree, Device(person(5), person(50), base(100))]),
        (members, [Device(person(1), person(10), base(21))]),
        ({**members, person(4): Standing(Role.INVITED, base(1))}, tree),
        ({**members, person(2): Standing(Role.MEMBER, base(0))}, tree),
    ):
        with pytest.raises(MembershipRefusedError):
            check_snapshot(spoilt, devices)
