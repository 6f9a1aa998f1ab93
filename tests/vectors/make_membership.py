"""Makes membership.json: begins and commits, and what `messaging.membership` says of them.

`named`: cases that say which rule they are about, each with the expected answer written beside it here.
`generated`: worlds made at random from one seed, as the Python rules judge them; the web client must judge
alike. Persons, devices and bases are small numbers: n stands for 16 bytes (bases: 32) of the value n, base 0
for zeros. Roles are the wire's numbers (`messaging.formats.Role`), actions those of orders.
"""

import json
import random
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from messaging.formats import OrderAction, PolicyKind, Role, RoleChange
from messaging.membership import (
    Device,
    Executed,
    Leaf,
    Membership,
    MembershipRefusedError,
    Standing,
    judge,
    judge_begin,
)
from tests.vectors.membership_cases import BEGINS, COMMITS

ROUNDS: Final = 700
SEED: Final = 20_261_121

Case = dict[str, Any]


def person(number: int) -> UUID:
    """Person or device `number`."""
    return UUID(bytes=bytes([number] * 16))


def base(number: int) -> bytes:
    """Base `number`."""
    return bytes([number] * 32)


def membership(rows: list[list[int]]) -> dict[UUID, Standing]:
    """[person, role, base] each."""
    return {person(one): Standing(Role(role), base(number)) for one, role, number in rows}


def rows_of(found: Membership) -> list[list[int]]:
    """The reverse, ascending by person."""
    rows = [[one.bytes[0], int(standing.role), standing.base[0]] for one, standing in found.items()]
    return sorted(rows)


def device(row: list[int]) -> Device:
    """[person, device, base]."""
    return Device(person(row[0]), person(row[1]), base(row[2]))


def role_changes(case: Case) -> list[RoleChange]:
    """[person, role] each."""
    return [RoleChange(person(one), Role(role)) for one, role in case["roles"]]


def bases_of(case: Case) -> dict[UUID, list[bytes]]:
    """[person, [base, …]] each."""
    return {person(one): [base(number) for number in numbers] for one, numbers in case["bases"]}


def judged(case: Case) -> list[list[int]]:
    """What the rules say; raises MembershipRefusedError."""
    kind = PolicyKind(case["kind"])
    if "tree" in case:
        return rows_of(
            judge_begin(
                kind=kind,
                committer=person(case["committer"]),
                before=membership(case["before"]),
                tree=[device(row) for row in case["tree"]],
                roles=role_changes(case),
                bases=bases_of(case),
            )
        )
    return rows_of(
        judge(
            kind=kind,
            committer=person(case["committer"]),
            before=membership(case["before"]),
            leaves=[
                Leaf(person(one), person(number), base(under), index=index)
                for index, one, number, under in case["leaves"]
            ],
            removed=set(case["removed"]),
            added=[device(row) for row in case["added"]],
            roles=role_changes(case),
            orders=[
                Executed(OrderAction(action), person(one), person(number))
                for action, one, number in case["orders"]
            ],
            gone={(person(one), person(number)) for one, number in case["gone"]},
            bases=bases_of(case),
        )
    )


def answered(case: Case) -> Case:
    """The case with `after`, or with the `rule` that it breaks."""
    try:
        return {**case, "after": judged(case)}
    except MembershipRefusedError as error:
        return {**case, "rule": error.rule.value}


class World:
    """A random group: persons 1 to 6, device 10 · person + n, base 20 · person + resets."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.kind = chance.choices(list(PolicyKind), [2, 12, 1])[0]
        count = {PolicyKind.DIRECT: 2, PolicyKind.SELF: 1, PolicyKind.GROUP: chance.randint(2, 5)}[self.kind]
        self.before: list[list[int]] = []
        self.leaves: list[list[int]] = []
        self.bases: list[tuple[int, list[int]]] = [
            (one, [20 * one + reset for reset in range(chance.choice((1, 1, 2)))]) for one in range(1, 7)
        ]
        index = 0
        for one in range(1, count + 1):
            role = chance.choices((Role.MEMBER, Role.ADMIN, Role.INVITED), (5, 3, 1))[0]
            if self.kind is not PolicyKind.GROUP:
                role = Role.MEMBER
            first = 20 * one
            known = self.kind is PolicyKind.GROUP and role is not Role.INVITED
            self.before.append([one, int(role), first if known else 0])
            for number in range(chance.choice((0, 1, 1, 2)) if role is not Role.INVITED else 0):
                self.leaves.append([index, one, 10 * one + number, first])
                index += chance.choice((1, 1, 2))
        chance.shuffle(self.before)

    def newest(self, one: int) -> int:
        """A base of the person, mostly the newest."""
        return self.chance.choice((self.bases[one - 1][1][-1], self.bases[one - 1][1][-1], 20 * one))

    def commit(self) -> Case:
        """Mostly sensible, often not quite."""
        chance = self.chance
        committer = chance.choice([leaf[1] for leaf in self.leaves] * 6 + [1, 6])
        admins = [row[0] for row in self.before if row[1] == Role.ADMIN]
        if admins and chance.random() < 0.5:
            committer = chance.choice(admins)
        removed, added, roles, orders, gone = [], [], {}, [], []
        for _ in range(chance.choice((0, 1, 1, 2))):
            what, one = chance.randrange(8), chance.randint(1, 6)
            own = [leaf for leaf in self.leaves if leaf[1] == one]
            if what == 0:
                removed += [leaf[0] for leaf in own]
                roles[one] = Role.NONE
                if chance.random() < 0.3:
                    orders.append([int(OrderAction.LEAVE), one, 10 * one])
            elif what == 1 and own:
                leaf = chance.choice(own)
                removed.append(leaf[0])
                gone += [[leaf[1], leaf[2]]] if chance.random() < 0.7 else []
            elif what == 2 and own:
                leaf = chance.choice(own)
                removed.append(leaf[0])
                orders.append([int(OrderAction.REMOVE), leaf[1], leaf[2]])
                if chance.random() < 0.5:
                    added.append([leaf[1], leaf[2], leaf[3]])
                    orders.append([int(OrderAction.ADD), leaf[1], leaf[2]])
            elif what in (3, 4):
                added.append([one, 10 * one + 5, self.newest(one)])
                if chance.random() < 0.3:
                    orders.append([int(OrderAction.ADD), one, 10 * one + 5])
            elif what == 5:
                roles[one] = chance.choice(list(Role))
            elif what == 6:
                roles[one] = Role.ADMIN
            elif own:
                orders.append([chance.choice((1, 2, 3)), one, own[0][2]])
        return {
            "kind": int(self.kind),
            "committer": committer,
            "before": self.before,
            "leaves": self.leaves,
            "removed": sorted(set(removed)),
            "added": added,
            "roles": sorted([one, int(role)] for one, role in roles.items()),
            "orders": orders,
            "gone": gone,
            "bases": self.bases,
        }

    def begin(self) -> Case:
        """A successor of the world, or a first group where the world has nobody yet."""
        chance = self.chance
        first = self.kind is PolicyKind.GROUP and chance.random() < 0.3
        before: list[list[int]] = [] if first else self.before
        tree = [[leaf[1], leaf[2], leaf[3]] for leaf in self.leaves if chance.random() < 0.85]
        if chance.random() < 0.3:
            one = chance.randint(1, 6)
            tree.append([one, 10 * one + 5, self.newest(one)])
        committer = chance.choice([row[0] for row in tree] or [1])
        inside = {row[0] for row in tree}
        roles = {row[0]: row[1] for row in before if row[1] != Role.MEMBER or row[0] not in inside}
        if self.kind is not PolicyKind.GROUP:
            roles = {}
        elif first:
            roles = {committer: int(Role.ADMIN), 6: int(Role.INVITED)}
        if chance.random() < 0.25:
            roles[chance.randint(1, 6)] = int(chance.choice(list(Role)))
        if roles and chance.random() < 0.15:
            del roles[chance.choice(list(roles))]
        return {
            "kind": int(self.kind),
            "committer": committer,
            "before": before,
            "tree": tree,
            "roles": sorted([one, role] for one, role in roles.items()),
            "bases": self.bases,
        }


def generated() -> list[Case]:
    """Commits and begins from one seed."""
    chance = random.Random(SEED)
    cases = []
    for number in range(ROUNDS):
        world = World(chance)
        cases.append(answered(world.begin() if number % 5 == 0 else world.commit()))
    return cases


def main() -> None:
    """Write membership.json beside this script: one case a line, for there are many."""
    named = [{"name": name, **case} for name, case in {**COMMITS, **BEGINS}.items()]
    sections = {"named": named, "generated": generated()}
    parts = (
        f' "{title}": [\n' + ",\n".join(f"  {json.dumps(case)}" for case in cases) + "\n ]"
        for title, cases in sections.items()
    )
    Path(__file__).with_name("membership.json").write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    main()
