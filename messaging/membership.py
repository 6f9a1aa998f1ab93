"""Who is in a conversation, as what, and which begin or commit may change it. Pure: no Django, no clock.

A membership maps persons to a role and a base. The server keeps one a conversation, every client keeps one,
and both change it only by accepted begins and commits, through the two functions here; the same rules run in
the browser (`web/src/crypto/membership.ts`) on the same vectors (tests/vectors/membership.json). They decide
by nothing but their arguments, and all of those must be such that a client that returns after a month judges
as those did who were there:

- The *base* of a device is the hash of the statement 1 or reset under which its person's chain listed it.
  That never changes, unlike the person's current base. A reset revokes all devices before it, so a device has
  one base.
- `gone` holds what the person's own chain says is out: revoked, or expired at the commit's server time. What
  the directory alone has put out is not in it: that takes an order.
- Devices are always named with their person: a device makes its own id, and somebody else could list it too.

What the rules are for: no member raises itself, nobody but an admin lets a stranger or a person after a reset
in, and the server, which can make orders, can remove devices and bring back those that asked, and nothing
else. What they cannot prevent: a member repeating what it reads, and a server that removes a group's admins
and waits for the oldest member to claim the role, for all to see.
"""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from messaging.formats import ZERO_HASH, OrderAction, PolicyKind, Role, RoleChange


class Rule(StrEnum):
    """Rules of membership; the values are stable and stand in `detail.rule` of a refusal."""

    ROLE = "role"
    ROLES = "roles"
    REMOVE = "remove"
    PERSON = "person"
    STRANGER = "stranger"
    RESET = "reset"
    ORDERS = "orders"
    MEMBERS = "members"
    LAST_ADMIN = "last_admin"


class MembershipRefusedError(Exception):
    """A begin or commit breaks `rule`."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.value)
        self.rule: Final = rule


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's place: MEMBER, ADMIN or INVITED. `base`: 32 bytes, zeros while invited."""

    role: Role
    base: bytes


Membership = Mapping[UUID, Standing]


@dataclass(frozen=True, slots=True)
class Device:
    """A device with the base under which it was listed."""

    person: UUID
    device: UUID
    base: bytes


@dataclass(frozen=True, slots=True)
class Leaf(Device):
    """A device in the tree."""

    index: int


@dataclass(frozen=True, slots=True)
class Executed:
    """An order that a commit names: verified, and about this group (`messaging.formats.verify_order`)."""

    action: OrderAction
    person: UUID
    device: UUID


Bases = Mapping[UUID, Sequence[bytes]]
"""For each person concerned, the hashes of statement 1 and of every reset, oldest first."""


def fixed(persons: Collection[UUID]) -> dict[UUID, Standing]:
    """Membership of a direct or self conversation: its persons, for good."""
    return {person: Standing(Role.MEMBER, ZERO_HASH) for person in persons}


def judge(
    *,
    kind: PolicyKind,
    committer: UUID,
    before: Membership,
    leaves: Collection[Leaf],
    removed: AbstractSet[int],
    added: Sequence[Device],
    roles: Sequence[RoleChange],
    orders: Sequence[Executed],
    gone: AbstractSet[tuple[UUID, UUID]],
    bases: Bases,
) -> dict[UUID, Standing]:
    """The membership after a commit by a device of `committer`, or MembershipRefusedError.

    `leaves` is the tree before, `removed` are leaf indices in it, `roles` and `orders` are what the commit's
    authenticated data names, `gone` holds (person, device). In direct and self conversations `before` is
    `fixed(persons)` and comes back as it is.

    The order of the checks is part of the rules: role, roles, remove, person or stranger or reset, orders,
    members or last_admin.
    """
    commit = _Commit(committer, before, leaves, removed, added, roles, orders, gone)
    _require(_is_in(before.get(committer)), Rule.ROLE)
    if kind is PolicyKind.GROUP:
        commit.check_roles()
        commit.check_removed()
        after = commit.admit(bases)
        commit.check_orders()
        return commit.keep_an_admin(after)
    _require(not roles, Rule.ROLES)
    commit.check_removed()
    _require(commit.added_persons <= before.keys(), Rule.PERSON)
    # An order brings back who was there; after a reset the other person must do so.
    known = {(leaf.person, leaf.base) for leaf in leaves}
    for device in added:
        asked = Executed(OrderAction.ADD, device.person, device.device) in orders
        _require(not asked or (device.person, device.base) in known, Rule.RESET)
    commit.check_orders()
    _require(commit.staying_persons | commit.added_persons == before.keys(), Rule.MEMBERS)
    return dict(before)


class _Commit:
    """One commit in a group, and the questions that several rules ask of it."""

    def __init__(
        self,
        committer: UUID,
        before: Membership,
        leaves: Collection[Leaf],
        removed: AbstractSet[int],
        added: Sequence[Device],
        roles: Sequence[RoleChange],
        orders: Sequence[Executed],
        gone: AbstractSet[tuple[UUID, UUID]],
    ) -> None:
        self.committer, self.before, self.leaves, self.removed = committer, before, leaves, removed
        self.added, self.roles, self.orders, self.gone = added, roles, orders, gone
        self.admin = _is_admin(before.get(committer))
        self.removed_leaves = [leaf for leaf in leaves if leaf.index in removed]
        self.staying = sorted(
            (leaf for leaf in leaves if leaf.index not in removed), key=lambda leaf: leaf.index
        )
        self.staying_persons = {leaf.person for leaf in self.staying}
        self.added_persons = {device.person for device in added}
        self.ending = {change.person for change in roles if change.role is Role.NONE}

    def check_roles(self) -> None:
        """Who may change whom into what; a change that changes nothing is refused too."""
        _require(len({change.person for change in self.roles}) == len(self.roles), Rule.ROLES)
        leaving = {order.person for order in self.orders if order.action is OrderAction.LEAVE}
        for change in self.roles:
            person, role = change.person, self._role(change.person)
            joins, stays = person in self.added_persons, person in self.staying_persons
            if change.role is Role.NONE:
                _require(self.admin or person in leaving, Rule.ROLES)
                # Ended means out of the tree, in this very commit.
                _require(role is not Role.NONE and not joins and not stays, Rule.ROLES)
            elif change.role is Role.INVITED:
                _require(self.admin and role is Role.NONE and not joins, Rule.ROLES)
            elif change.role is Role.MEMBER:
                _require(self.admin and role is Role.ADMIN, Rule.ROLES)
            else:
                _require(role is Role.MEMBER or (role is not Role.ADMIN and joins), Rule.ROLES)
                _require(self.admin or self._may_claim(person), Rule.ROLES)

    def _role(self, person: UUID) -> Role:
        standing = self.before.get(person)
        return standing.role if standing else Role.NONE

    def _may_claim(self, person: UUID) -> bool:
        """Without an admin in the tree, the member at the lowest leaf may be made one: always the same.

        It is a deliberate act in a later commit, for an admin who has just lost the only device comes back by
        order.
        """
        here = {leaf.person for leaf in self.leaves} | self.added_persons
        if any(_is_admin(self.before.get(one)) for one in here):
            return False
        return person == self._oldest_member(self.before)

    def _oldest_member(self, membership: Membership) -> UUID | None:
        members = (leaf.person for leaf in self.staying if _is_in(membership.get(leaf.person)))
        return next(members, None)

    def check_removed(self) -> None:
        """One's own devices, those that are out, those that an order names, and persons who end here."""
        _require(self.removed <= {leaf.index for leaf in self.leaves}, Rule.REMOVE)
        _require(self.committer in self.staying_persons, Rule.REMOVE)
        for leaf in self.removed_leaves:
            allowed = (
                leaf.person == self.committer
                or (leaf.person, leaf.device) in self.gone
                or Executed(OrderAction.REMOVE, leaf.person, leaf.device) in self.orders
                # By an admin or a Leave order, as `check_roles` has seen to.
                or leaf.person in self.ending
            )
            _require(allowed, Rule.REMOVE)

    def admit(self, bases: Bases) -> dict[UUID, Standing]:
        """The membership with the role changes made and the added persons in."""
        after = dict(self.before)
        for device in self.added:
            person, standing = device.person, self.before.get(device.person)
            asked = Executed(OrderAction.ADD, person, device.device) in self.orders
            if standing is None or standing.role is Role.INVITED:
                # No order brings in somebody who is not a member.
                _require(not asked and (self.admin or standing is not None), Rule.STRANGER)
                _require(device.base != ZERO_HASH, Rule.RESET)
            elif standing.base != device.base:
                _require(self.admin and not asked, Rule.RESET)
                _require(_is_later(bases.get(person, ()), standing.base, device.base), Rule.RESET)
                # The person before the reset and the one after it are not in the tree together.
                _require(person not in self.staying_persons, Rule.RESET)
            admitted = after.get(person)
            first = admitted is standing  # else another device of this person was admitted by this commit
            _require(first or (admitted is not None and admitted.base == device.base), Rule.RESET)
            role = standing.role if _is_in(standing) and standing is not None else Role.MEMBER
            after[person] = Standing(role, device.base)
        for change in self.roles:
            if change.role is Role.NONE:
                del after[change.person]
            elif change.role is Role.INVITED:
                after[change.person] = Standing(Role.INVITED, ZERO_HASH)
            else:
                after[change.person] = replace(after[change.person], role=change.role)
        return after

    def check_orders(self) -> None:
        """Every order that the commit names is carried out by it."""
        coming = {(device.person, device.device) for device in self.added}
        going = {(leaf.person, leaf.device) for leaf in self.removed_leaves}
        for order in self.orders:
            named = (order.person, order.device)
            if order.action is OrderAction.ADD:
                _require(named in coming, Rule.ORDERS)
            elif order.action is OrderAction.REMOVE:
                _require(named in going, Rule.ORDERS)
            else:
                _require(order.person in self.ending, Rule.ORDERS)

    def keep_an_admin(self, after: dict[UUID, Standing]) -> dict[UUID, Standing]:
        """No admin gives the role up while no other is in the tree; when the last one leaves, the member at
        the lowest leaf succeeds.
        """
        if any(_is_admin(after.get(person)) for person in self.staying_persons | self.added_persons):
            return after
        # The committer stays in the tree: an admin without the role now has taken it from itself.
        _require(not self.admin, Rule.LAST_ADMIN)
        if any(_is_admin(self.before.get(person)) for person in self.ending):
            heir = self._oldest_member(after)
            if heir is not None:
                after[heir] = replace(after[heir], role=Role.ADMIN)
        return after


def judge_begin(
    *,
    kind: PolicyKind,
    committer: UUID,
    before: Membership,
    tree: Collection[Device],
    roles: Sequence[RoleChange],
    bases: Bases,
) -> dict[UUID, Standing]:
    """The membership that a begin by a device of `committer` makes, or MembershipRefusedError.

    `tree` are all devices of the new group, the founder's included. `before` is the membership of the
    generation before: empty in a group's first one; `fixed(persons)` in direct and self conversations.

    In a group, `roles` says what the tree cannot: every admin, everybody who is invited, and, in a successor,
    members who have no device in the tree. A successor changes no role. Only an admin may leave persons out,
    or take a person back in after a reset.
    """
    persons = {device.person for device in tree}
    if kind is not PolicyKind.GROUP:
        _require(committer in before and committer in persons, Rule.ROLE)
        _require(not roles, Rule.ROLES)
        _require(persons <= before.keys(), Rule.PERSON)
        _require(persons == before.keys(), Rule.MEMBERS)
        return dict(before)

    first = not before
    _require(committer in persons and (first or _is_in(before.get(committer))), Rule.ROLE)
    admin = first or _is_admin(before.get(committer))
    named = {change.person: change.role for change in roles}
    _require(len(named) == len(roles), Rule.ROLES)
    after: dict[UUID, Standing] = {}
    for device in tree:
        person, standing = device.person, before.get(device.person)
        _require(first or standing is not None, Rule.STRANGER)
        _require(device.base != ZERO_HASH, Rule.RESET)
        _require(person not in after or after[person].base == device.base, Rule.RESET)
        if _is_in(standing) and standing is not None and standing.base != device.base:
            later = _is_later(bases.get(person, ()), standing.base, device.base)
            _require(admin and later, Rule.RESET)
        after[person] = Standing(named.get(person, Role.MEMBER), device.base)
    for person, role in named.items():
        standing = before.get(person)
        if first:
            expected = Role.ADMIN if person == committer else Role.INVITED
        else:
            expected = standing.role if standing else Role.NONE
        # One spelling: who is in the tree and not named is a member.
        listed = role is Role.ADMIN if person in persons else role is not Role.NONE
        _require(role is expected and listed, Rule.ROLES)
        if person not in persons:
            after[person] = standing or Standing(Role.INVITED, ZERO_HASH)
    _require(not first or committer in named, Rule.ROLES)
    for person, standing in before.items():
        _require(standing.role is not Role.ADMIN or person not in persons or person in named, Rule.ROLES)
        _require(admin or person in after, Rule.ROLES)
    return after


def check_snapshot(membership: Membership, tree: Collection[Device]) -> None:
    """What a newcomer is told must fit the tree: every device's person is in, under that device's base.

    Raises MembershipRefusedError `members`.
    """
    for device in tree:
        standing = membership.get(device.person)
        _require(_is_in(standing) and standing is not None and standing.base == device.base, Rule.MEMBERS)
    for standing in membership.values():
        _require((standing.role is Role.INVITED) == (standing.base == ZERO_HASH), Rule.MEMBERS)


def _is_in(standing: Standing | None) -> bool:
    return standing is not None and standing.role in (Role.MEMBER, Role.ADMIN)


def _is_admin(standing: Standing | None) -> bool:
    return standing is not None and standing.role is Role.ADMIN


def _is_later(bases: Sequence[bytes], former: bytes, latter: bytes) -> bool:
    """Whether the chain had base `latter` after `former`: a device from before a reset never comes back."""
    return former in bases and latter in bases and bases.index(former) < bases.index(latter)


def _require(holds: bool, rule: Rule) -> None:
    if not holds:
        raise MembershipRefusedError(rule)
