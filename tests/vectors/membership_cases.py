"""Named cases of membership, with the answer that the rules must give: each rule's reason, as an attack.

A group of four unless a case says otherwise: person 1 is admin, 2 and 3 are members, 4 is invited. Persons,
devices and bases are small numbers (`make_membership`): device 10 · person, base 20 · person, and base
20 · person + 1 after a reset.
"""

from typing import Any, Final

Case = dict[str, Any]

NONE, MEMBER, ADMIN, INVITED = 0, 1, 2, 3
REMOVE, ADD, LEAVE = 1, 2, 3
DIRECT, GROUP, SELF = 1, 2, 3

R: Final = [[1, ADMIN, 20], [2, MEMBER, 40], [3, MEMBER, 60], [4, INVITED, 0]]
TREE: Final = [[0, 1, 10, 20], [1, 2, 20, 40], [2, 3, 30, 60]]
BASES: Final = [[1, [20, 21]], [2, [40, 41]], [3, [60, 61]], [4, [80]], [5, [100]]]


def commit(committer: int, answer: str | list[list[int]], **changes: Any) -> Case:
    """A commit in that group; `answer` is the membership after it or the rule that it breaks."""
    case: Case = {
        "kind": GROUP,
        "committer": committer,
        "before": R,
        "leaves": TREE,
        "removed": [],
        "added": [],
        "roles": [],
        "orders": [],
        "gone": [],
        "bases": BASES,
        **changes,
    }
    return {**case, ("rule" if isinstance(answer, str) else "after"): answer}


def begin(committer: int, answer: str | list[list[int]], **changes: Any) -> Case:
    """A successor of that group in which nothing changes, but for `changes`."""
    case: Case = {
        "kind": GROUP,
        "committer": committer,
        "before": R,
        "tree": [leaf[1:] for leaf in TREE],
        "roles": [[1, ADMIN], [4, INVITED]],
        "bases": BASES,
        **changes,
    }
    return {**case, ("rule" if isinstance(answer, str) else "after"): answer}


def after(*rows: list[int], without: tuple[int, ...] = ()) -> list[list[int]]:
    """R with `rows` in place of the same persons' and without some."""
    new = {row[0]: row for row in [*R, *rows] if row[0] not in without}
    return [new[one] for one in sorted(new)]


TWO_ADMINS: Final = after([2, ADMIN, 40])
NO_ADMIN_IN_TREE: Final = [[1, 2, 20, 40], [2, 3, 30, 60]]
PAIR: Final = [[1, MEMBER, 0], [2, MEMBER, 0]]
PAIR_TREE: Final = [[0, 1, 10, 20], [1, 2, 20, 40]]

COMMITS: Final[dict[str, Case]] = {
    "heal": commit(2, R),
    # role
    "role: a stranger commits": commit(5, "role"),
    "role: an invited person commits": commit(4, "role"),
    # roles
    "roles: a member makes itself admin": commit(2, "roles", roles=[[2, ADMIN]]),
    "roles: a member ends another's membership": commit(2, "roles", removed=[2], roles=[[3, NONE]]),
    "roles: a member demotes the admin": commit(2, "roles", roles=[[1, MEMBER]]),
    "roles: a member invites": commit(2, "roles", roles=[[5, INVITED]]),
    "roles: a member takes an invitation back": commit(2, "roles", roles=[[4, NONE]]),
    "roles: one person twice": commit(1, "roles", roles=[[2, ADMIN], [2, NONE]]),
    "roles: an admin made admin": commit(1, "roles", roles=[[1, ADMIN]]),
    "roles: a member made member": commit(1, "roles", roles=[[2, MEMBER]]),
    "roles: a stranger made admin from afar": commit(1, "roles", roles=[[5, ADMIN]]),
    "roles: an invited person made admin from afar": commit(1, "roles", roles=[[4, ADMIN]]),
    "roles: a member invited": commit(1, "roles", roles=[[2, INVITED]]),
    "roles: invited and added at once": commit(1, "roles", added=[[5, 50, 100]], roles=[[5, INVITED]]),
    "roles: ended, and a leaf stays": commit(1, "roles", roles=[[2, NONE]]),
    "roles: ended, and another device added": commit(
        1, "roles", removed=[1], added=[[2, 25, 40]], roles=[[2, NONE]]
    ),
    "roles: a stranger ended": commit(1, "roles", roles=[[5, NONE]]),
    "roles: the committer ends itself": commit(1, "roles", roles=[[1, NONE]], before=TWO_ADMINS),
    "an admin makes a member admin": commit(1, after([2, ADMIN, 40]), roles=[[2, ADMIN]]),
    "an admin hands over": commit(1, after([1, MEMBER, 20], [2, ADMIN, 40]), roles=[[1, MEMBER], [2, ADMIN]]),
    "an admin invites": commit(1, after([5, INVITED, 0]), roles=[[5, INVITED]]),
    "an admin takes an invitation back": commit(1, after(without=(4,)), roles=[[4, NONE]]),
    "an admin removes a member whole": commit(1, after(without=(2,)), removed=[1], roles=[[2, NONE]]),
    "an admin removes another admin whole": commit(
        1, after(without=(2,)), removed=[1], roles=[[2, NONE]], before=TWO_ADMINS
    ),
    "an admin ends a member without devices": commit(
        1, after(without=(2,)), leaves=[TREE[0], TREE[2]], roles=[[2, NONE]]
    ),
    # remove
    "remove: an admin removes one of two devices": commit(
        1, "remove", leaves=[*TREE, [3, 2, 21, 40]], removed=[1]
    ),
    "remove: an admin removes all devices but not the person": commit(1, "remove", removed=[1]),
    "remove: a member removes another": commit(2, "remove", removed=[2]),
    "remove: all devices of the committer": commit(2, "remove", removed=[1]),
    "remove: a leaf that is not there": commit(2, "remove", removed=[9]),
    "remove: the order names another device": commit(2, "remove", removed=[2], orders=[[REMOVE, 3, 31]]),
    "remove: the order names another person with this device": commit(
        2, "remove", removed=[2], orders=[[REMOVE, 5, 30]]
    ),
    "remove: another person has revoked this device id": commit(2, "remove", removed=[2], gone=[[5, 30]]),
    "remove: an Add order removes nobody": commit(
        2, "remove", removed=[2], added=[[3, 30, 60]], orders=[[ADD, 3, 30]]
    ),
    "own second device removed": commit(2, R, leaves=[*TREE, [3, 2, 21, 40]], removed=[3]),
    "a revoked device removed by anybody": commit(2, R, removed=[2], gone=[[3, 30]]),
    "a device removed by order": commit(2, R, removed=[2], orders=[[REMOVE, 3, 30]]),
    # stranger, reset
    "stranger: a member adds one": commit(2, "stranger", added=[[5, 50, 100]]),
    "stranger: brought by order, a member commits": commit(
        2, "stranger", added=[[5, 50, 100]], orders=[[ADD, 5, 50]]
    ),
    "stranger: brought by order, an admin commits": commit(
        1, "stranger", added=[[5, 50, 100]], orders=[[ADD, 5, 50]]
    ),
    "stranger: an invited person brought by order": commit(
        2, "stranger", added=[[4, 40, 80]], orders=[[ADD, 4, 40]]
    ),
    "an admin adds a stranger": commit(1, after([5, MEMBER, 100]), added=[[5, 50, 100]]),
    "an admin adds a stranger as admin": commit(
        1, after([5, ADMIN, 100]), added=[[5, 50, 100]], roles=[[5, ADMIN]]
    ),
    "a member adds who was invited": commit(2, after([4, MEMBER, 80]), added=[[4, 40, 80]]),
    "an admin adds who was invited as admin": commit(
        1, after([4, ADMIN, 80]), added=[[4, 40, 80]], roles=[[4, ADMIN]]
    ),
    "a member adds another's second device": commit(2, R, added=[[3, 31, 60]]),
    "reset: a member brings the person back": commit(
        2, "reset", removed=[2], added=[[3, 31, 61]], gone=[[3, 30]]
    ),
    "reset: an order brings the person back, an admin commits": commit(
        1, "reset", removed=[2], added=[[3, 31, 61]], gone=[[3, 30]], orders=[[ADD, 3, 31]]
    ),
    "reset: a leaf from before stays": commit(1, "reset", added=[[3, 31, 61]]),
    "reset: a device from before the reset returns": commit(
        1, "reset", before=after([3, MEMBER, 61]), leaves=TREE[:2], added=[[3, 30, 60]]
    ),
    "reset: a base that the chain never had": commit(1, "reset", leaves=TREE[:2], added=[[3, 31, 69]]),
    "reset: two bases at once": commit(1, "reset", leaves=TREE[:2], added=[[3, 30, 60], [3, 31, 61]]),
    "reset: a stranger with two bases": commit(1, "reset", added=[[5, 50, 100], [5, 51, 101]]),
    "reset: no base": commit(1, "reset", added=[[5, 50, 0]]),
    "an admin brings a person back after a reset": commit(
        1, after([3, MEMBER, 61]), removed=[2], added=[[3, 31, 61]], gone=[[3, 30]]
    ),
    "an admin keeps the role over a reset": commit(
        1,
        after([2, ADMIN, 41]),
        before=TWO_ADMINS,
        removed=[1],
        added=[[2, 21, 41]],
        gone=[[2, 20]],
    ),
    # orders
    "orders: Remove named, nothing removed": commit(2, "orders", orders=[[REMOVE, 3, 30]]),
    "orders: Add named, nobody added": commit(2, "orders", orders=[[ADD, 3, 31]]),
    "orders: Add names another device": commit(2, "orders", added=[[3, 31, 60]], orders=[[ADD, 3, 32]]),
    "orders: Leave named, nobody left": commit(2, "orders", orders=[[LEAVE, 3, 30]]),
    "orders: Leave names another": commit(
        1, "orders", removed=[1], roles=[[2, NONE]], orders=[[LEAVE, 3, 30]]
    ),
    "roles: Leave of one person does not cover another": commit(
        2, "roles", removed=[2], roles=[[3, NONE]], orders=[[LEAVE, 5, 30]]
    ),
    "roles: Leave, but a leaf stays": commit(
        2, "roles", leaves=[*TREE, [3, 3, 31, 60]], removed=[2], roles=[[3, NONE]], orders=[[LEAVE, 3, 30]]
    ),
    "a member leaves": commit(
        2, after(without=(3,)), removed=[2], roles=[[3, NONE]], orders=[[LEAVE, 3, 30]]
    ),
    "an invited person declines": commit(2, after(without=(4,)), roles=[[4, NONE]], orders=[[LEAVE, 4, 40]]),
    "a device rejoins: out and in by order": commit(
        2, R, removed=[2], added=[[3, 30, 60]], orders=[[REMOVE, 3, 30], [ADD, 3, 30]]
    ),
    "a member without devices rejoins by order": commit(
        2, R, leaves=TREE[:2], added=[[3, 31, 60]], orders=[[ADD, 3, 31]]
    ),
    # last_admin, succession, claim
    "last_admin: the only admin steps down": commit(1, "last_admin", roles=[[1, MEMBER]]),
    "last_admin: handed to a member without devices": commit(
        1, "last_admin", leaves=TREE[:2], roles=[[1, MEMBER], [3, ADMIN]]
    ),
    "the only admin leaves: the lowest leaf succeeds": commit(
        3, after([2, ADMIN, 40], without=(1,)), removed=[0], roles=[[1, NONE]], orders=[[LEAVE, 1, 10]]
    ),
    "one of two admins leaves: nobody succeeds": commit(
        3,
        after([2, ADMIN, 40], without=(1,)),
        before=TWO_ADMINS,
        removed=[0],
        roles=[[1, NONE]],
        orders=[[LEAVE, 1, 10]],
    ),
    "the only admin's device is removed: nobody succeeds": commit(
        2, R, removed=[0], orders=[[REMOVE, 1, 10]]
    ),
    "roles: removing the admin's device and claiming at once": commit(
        2, "roles", removed=[0], orders=[[REMOVE, 1, 10]], roles=[[2, ADMIN]]
    ),
    "claim: the lowest leaf": commit(3, after([2, ADMIN, 40]), leaves=NO_ADMIN_IN_TREE, roles=[[2, ADMIN]]),
    "roles: claim by another than the lowest leaf": commit(
        3, "roles", leaves=NO_ADMIN_IN_TREE, roles=[[3, ADMIN]]
    ),
    "roles: claim while the admin returns": commit(
        2, "roles", leaves=NO_ADMIN_IN_TREE, added=[[1, 11, 20]], orders=[[ADD, 1, 11]], roles=[[2, ADMIN]]
    ),
    "stranger: claim and use it at once": commit(
        2, "stranger", leaves=NO_ADMIN_IN_TREE, added=[[5, 50, 100]], roles=[[2, ADMIN]]
    ),
    # direct and self
    "direct: heal": commit(1, PAIR, kind=DIRECT, before=PAIR, leaves=PAIR_TREE),
    "direct: partner's revoked device replaced": commit(
        1, PAIR, kind=DIRECT, before=PAIR, leaves=PAIR_TREE, removed=[1], added=[[2, 21, 40]], gone=[[2, 20]]
    ),
    "direct: partner after a reset, added by the other": commit(
        1, PAIR, kind=DIRECT, before=PAIR, leaves=PAIR_TREE, removed=[1], added=[[2, 21, 41]], gone=[[2, 20]]
    ),
    "direct: reset, by order": commit(
        1,
        "reset",
        kind=DIRECT,
        before=PAIR,
        leaves=PAIR_TREE,
        removed=[1],
        added=[[2, 21, 41]],
        gone=[[2, 20]],
        orders=[[ADD, 2, 21]],
    ),
    "direct: a third person": commit(
        1, "person", kind=DIRECT, before=PAIR, leaves=PAIR_TREE, added=[[3, 30, 60]]
    ),
    "direct: a third person by order": commit(
        1,
        "person",
        kind=DIRECT,
        before=PAIR,
        leaves=PAIR_TREE,
        added=[[3, 30, 60]],
        orders=[[ADD, 3, 30]],
    ),
    "direct: roles": commit(1, "roles", kind=DIRECT, before=PAIR, leaves=PAIR_TREE, roles=[[1, ADMIN]]),
    "direct: the partner's living device": commit(
        1, "remove", kind=DIRECT, before=PAIR, leaves=[*PAIR_TREE, [2, 2, 21, 40]], removed=[1]
    ),
    "direct: the partner's last device": commit(
        1, "members", kind=DIRECT, before=PAIR, leaves=PAIR_TREE, removed=[1], gone=[[2, 20]]
    ),
    "direct: nobody leaves": commit(
        1, "orders", kind=DIRECT, before=PAIR, leaves=PAIR_TREE, orders=[[LEAVE, 2, 20]]
    ),
    "direct: an outsider commits": commit(3, "role", kind=DIRECT, before=PAIR, leaves=PAIR_TREE),
    "self: own device added": commit(
        1, PAIR[:1], kind=SELF, before=PAIR[:1], leaves=PAIR_TREE[:1], added=[[1, 11, 20]]
    ),
    "self: another person's device": commit(
        1, "person", kind=SELF, before=PAIR[:1], leaves=PAIR_TREE[:1], added=[[2, 20, 40]]
    ),
}

FIRST: Final[Case] = {"before": [], "roles": [[1, ADMIN]]}

BEGINS: Final[dict[str, Case]] = {
    "begin: first group": begin(1, [[1, ADMIN, 20], [2, MEMBER, 40], [3, MEMBER, 60]], **FIRST),
    "begin: first group, somebody invited": begin(
        1,
        [[1, ADMIN, 20], [2, MEMBER, 40], [3, MEMBER, 60], [4, INVITED, 0]],
        before=[],
    ),
    "begin: roles: first group without an admin": begin(1, "roles", before=[], roles=[]),
    "begin: roles: first group with another's admin": begin(1, "roles", before=[], roles=[[2, ADMIN]]),
    "begin: roles: first group with two admins": begin(1, "roles", before=[], roles=[[1, ADMIN], [2, ADMIN]]),
    "begin: roles: a member without a leaf in a first group": begin(
        1, "roles", before=[], roles=[[1, ADMIN], [5, MEMBER]]
    ),
    "begin: role: the founder is not in the tree": begin(5, "role", **FIRST),
    "begin: reset: two bases of one person": begin(
        1, "reset", **{**FIRST, "tree": [[1, 10, 20], [2, 20, 40], [2, 21, 41]]}
    ),
    "begin: successor": begin(1, R),
    "begin: a frozen group's successor by a member": begin(2, R),
    "begin: who was invited comes in": begin(
        2,
        after([4, MEMBER, 80]),
        tree=[[1, 10, 20], [2, 20, 40], [3, 30, 60], [4, 40, 80]],
        roles=[[1, ADMIN]],
    ),
    "begin: a member whose device is missing stays": begin(
        2, R, tree=[[1, 10, 20], [2, 20, 40]], roles=[[1, ADMIN], [3, MEMBER], [4, INVITED]]
    ),
    "begin: the admin's device is missing, the role stays": begin(2, R, tree=[[2, 20, 40], [3, 30, 60]]),
    "begin: an admin leaves a member out": begin(1, after(without=(3,)), tree=[[1, 10, 20], [2, 20, 40]]),
    "begin: an admin takes a person in after a reset": begin(
        1, after([3, MEMBER, 61]), tree=[[1, 10, 20], [2, 20, 40], [3, 31, 61]]
    ),
    "begin: roles: a member leaves the admin out": begin(
        2, "roles", tree=[[2, 20, 40], [3, 30, 60]], roles=[[4, INVITED]]
    ),
    "begin: roles: a member leaves a member out": begin(2, "roles", tree=[[1, 10, 20], [2, 20, 40]]),
    "begin: roles: a member makes itself admin": begin(
        2, "roles", roles=[[1, ADMIN], [2, ADMIN], [4, INVITED]]
    ),
    "begin: roles: an admin's role forgotten": begin(1, "roles", roles=[[4, INVITED]]),
    "begin: roles: a member is named": begin(1, "roles", roles=[[1, ADMIN], [2, MEMBER], [4, INVITED]]),
    "begin: roles: somebody new is invited": begin(
        1, "roles", roles=[[1, ADMIN], [4, INVITED], [5, INVITED]]
    ),
    "begin: roles: none": begin(1, "roles", roles=[[1, ADMIN], [4, INVITED], [5, NONE]]),
    "begin: stranger": begin(1, "stranger", tree=[[1, 10, 20], [5, 50, 100]]),
    "begin: role: by a stranger": begin(5, "role", tree=[[5, 50, 100]]),
    "begin: role: by an invited person": begin(4, "role", tree=[[1, 10, 20], [4, 40, 80]]),
    "begin: reset: a member takes a person in after a reset": begin(
        2, "reset", tree=[[1, 10, 20], [2, 20, 40], [3, 31, 61]]
    ),
    "begin: reset: back to before the reset": begin(1, "reset", before=after([3, MEMBER, 61])),
    "begin: direct": begin(1, PAIR, kind=DIRECT, before=PAIR, tree=[[1, 10, 20], [2, 20, 40]], roles=[]),
    "begin: direct: a third person": begin(
        1, "person", kind=DIRECT, before=PAIR, tree=[[1, 10, 20], [2, 20, 40], [3, 30, 60]], roles=[]
    ),
    "begin: direct: alone": begin(1, "members", kind=DIRECT, before=PAIR, tree=[[1, 10, 20]], roles=[]),
    "begin: direct: roles": begin(
        1, "roles", kind=DIRECT, before=PAIR, tree=[[1, 10, 20], [2, 20, 40]], roles=[[1, ADMIN]]
    ),
    "begin: self, alone": begin(1, PAIR[:1], kind=SELF, before=PAIR[:1], tree=[[1, 10, 20]], roles=[]),
    "begin: self: another person": begin(
        1, "person", kind=SELF, before=PAIR[:1], tree=[[1, 10, 20], [2, 20, 40]], roles=[]
    ),
}
