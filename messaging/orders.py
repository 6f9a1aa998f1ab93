"""Orders of the directory authority: what the members of a group must do with a device, or for a person.

The authority cannot touch a group. It signs; the next committer carries the order out by value and names it
in `authenticated_data`. An Add or Leave carries the device's own signature, so that the server alone brings
nobody in and ends nobody's membership.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts import authority
from accounts.signing import Label
from audit import intake
from audit.events import Actor, OrderIssued
from beep import clock
from beep.clock import from_ms, to_ms
from beep.errors import BeepError
from beep.tls import Writer
from messaging import protocol
from messaging.access import open_orders, state_for
from messaging.formats import OrderAction, UnsignedOrder
from messaging.groups import frame_refused
from messaging.membership import Executed, Standing
from messaging.mls import LeafInfo
from messaging.models import Group, KeyPackage, Order, OrderKind
from messaging.roster import Chain

LIFETIME: Final = timedelta(days=90)
"""How long an order may be carried out; as long as a KeyPackage may live."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What an order is to say. `request` is the device's signature over `messaging.formats.OrderRequest`."""

    action: OrderAction
    person: UUID
    device: UUID
    statement_hash: bytes
    expires_at: datetime
    request: bytes = b""


def issue_removals(
    *, person: UUID, device: UUID, groups: Sequence[Group], statement_hash: bytes, at: datetime
) -> list[Order]:
    """Sign and store a Remove of `device` for each of `groups`; one that is open stays as it is.

    Without an authority there are no orders: blocking the conversations does not depend on them.
    """
    if not authority.is_configured():
        return []
    wish = Wish(OrderAction.REMOVE, person, device, statement_hash, at + LIFETIME)
    return [order for group in groups if (order := issue(group, wish)) is not None]


def issue(group: Group, wish: Wish) -> Order | None:
    """Sign and store an order for `group`, whose conversation is locked; None when the same is open already.

    The stored `body` is a `messaging.formats.SignedOrder`. The caller has seen that there is an authority.
    """
    same = Order.objects.filter(group=group, kind=int(wish.action), executed_seq__isnull=True)
    # A Leave is about the person, whichever device asks.
    leave = wish.action is OrderAction.LEAVE
    same = same.filter(person_id=wish.person) if leave else same.filter(device_id=wish.device)
    # What has expired unexecuted can be asked for again.
    same.filter(expires_at__lte=clock.now()).delete()
    if same.exists():
        return None
    order = _signed(group, wish)
    order.save(force_insert=True)
    intake.record(
        OrderIssued(
            actor=Actor(system="directory authority"),
            target=wish.device,
            kind=wish.action.name.lower(),
            group=group.group_id,
            hash=order.hash,
        )
    )
    return order


def _signed(group: Group, wish: Wish) -> Order:
    unsigned = UnsignedOrder(
        group_id=group.group_id,
        action=wish.action,
        person=wish.person,
        device=wish.device,
        statement_hash=wish.statement_hash,
        expires_at=to_ms(wish.expires_at),
        request=wish.request,
    )
    content = unsigned.encode()
    certificate, signature = authority.sign(label=Label.ORDER, content=content)
    body = Writer()
    body.opaque(content)
    body.opaque(certificate)
    body.fixed(signature)
    return Order(
        group=group,
        kind=int(wish.action),
        person_id=wish.person,
        device_id=wish.device,
        statement_hash=wish.statement_hash,
        expires_at=wish.expires_at,
        body=body.getvalue(),
        hash=unsigned.hash,
    )


def has_served(group: Group, *, device: UUID, statement_hash: bytes) -> bool:
    """Whether a commit of `group` has carried out this very request to leave.

    Under one statement a device signs one such request a group, always the same bytes (Ed25519 is
    deterministic, RFC 8032 section 5.1.6). The members take it once, lest an old one ends a later stay.
    """
    done = Order.objects.filter(group=group, kind=OrderKind.LEAVE, executed_seq__isnull=False)
    return done.filter(device_id=device, statement_hash=statement_hash).exists()


class OpenOrders:
    """The open orders of a group while its conversation is locked, and what a commit makes of them."""

    def __init__(self, group: Group) -> None:
        self._group: Final = group
        self._open: Final = {order.hash: order for order in open_orders(group).order_by("id")}

    def named(self, hashes: Sequence[bytes]) -> list[Order]:
        """The orders that a commit names: open ones, each once. Raises BeepError `frame_refused` (orders)."""
        if len(set(hashes)) != len(hashes) or not set(hashes) <= self._open.keys():
            raise frame_refused("orders")
        return [self._open[hash_] for hash_ in hashes]

    def check_due(
        self,
        named: Collection[Order],
        *,
        committer: UUID,
        after: Collection[LeafInfo],
        members: Mapping[UUID, Standing],
        chains: Mapping[UUID, Chain],
        now_ms: int,
    ) -> None:
        """Nothing that can be carried out is left open.

        A Remove or Leave always can. An Add can while its device lives, its person is still a member and has
        not been reset since, and the committer can have a KeyPackage of the device. `after` and `members` are
        as the commit leaves them. Raises BeepError `removal_due` or `order_due`.
        """
        left = [order for order in self._open.values() if order not in named]
        if any(order.kind != OrderKind.ADD for order in left):
            raise BeepError("removal_due")
        seated = {leaf.device for leaf in after}
        wanted = [
            order.device_id
            for order in left
            if order.device_id not in seated
            and (chain := chains.get(order.person_id)) is not None
            and not chain.is_out(order.device_id, now_ms=now_ms)
            and may_return(members.get(order.person_id), chain, order.device_id)
        ]
        if wanted and _obtainable(wanted, suite=self._group.suite, committer=committer, now_ms=now_ms):
            raise BeepError("order_due")

    @property
    def persons_to_add(self) -> set[UUID]:
        """Whose devices the open Add orders are about."""
        return {order.person_id for order in self._open.values() if order.kind == OrderKind.ADD}


EXECUTED_LIMIT: Final = 1_000
"""Executed orders in one answer, the newest; together with the open ones they must fit into one frame."""


@transaction.atomic
def fetch(*, person: UUID, conversation: UUID) -> list[protocol.OrderItem]:
    """The open orders of the current group, oldest first, then those that its commits have carried out.

    For somebody who is out: of the group that they were in. Raises BeepError `not_a_member`.
    """
    state = state_for(conversation=conversation, person=person)
    group = Group.objects.filter(conversation_id=conversation, generation=state.generation).first()
    if group is None:
        return []
    done = Order.objects.filter(group=group, executed_seq__lte=state.last_seq).order_by(
        "-executed_seq", "-id"
    )
    rows = [] if state.left else list(open_orders(group).order_by("id")[:EXECUTED_LIMIT])
    rows += reversed(done[:EXECUTED_LIMIT])
    return [
        protocol.OrderItem(hash=row.hash, body=row.body, executed=row.executed_seq is not None)
        for row in rows
    ]


def may_return(standing: Standing | None, chain: Chain, device: UUID) -> bool:
    """Whether an order may let this device in: its person is a member and has not been reset since.

    A direct or self conversation keeps no base, and asks the leaves that are there.
    """
    return standing is not None and standing.base in (chain.base_of(device), bytes(32))


def _obtainable(devices: Collection[UUID], *, suite: int, committer: UUID, now_ms: int) -> bool:
    """Whether the committer has, or could have claimed, a KeyPackage of one of these devices."""
    found = KeyPackage.objects.filter(device_id__in=devices, suite=suite, not_after__gt=from_ms(now_ms))
    rows = found.values_list("last_resort", "claimed_at", "claimed_by_id")
    return any(last or at is None or by == committer for last, at, by in rows)


def as_executed(orders: Iterable[Order]) -> list[Executed]:
    """The orders as `messaging.membership` judges them."""
    return [Executed(OrderAction(order.kind), order.person_id, order.device_id) for order in orders]


def execute(*, orders: Iterable[Order], seq: int) -> None:
    """Write down which envelope carried them out."""
    Order.objects.filter(id__in=[order.id for order in orders]).update(executed_seq=seq)


def close_moot(
    *, group: Group, leaves: Collection[LeafInfo], members: Mapping[UUID, Standing], seq: int
) -> None:
    """Close the Add orders that the envelope at `seq` has made pointless.

    The device is in the group, without having been named, or its person is out.
    """
    seated = {leaf.device for leaf in leaves}
    adds = Order.objects.filter(group=group, kind=OrderKind.ADD, executed_seq__isnull=True)
    moot = [row.id for row in adds if row.device_id in seated or row.person_id not in members]
    Order.objects.filter(id__in=moot).update(executed_seq=seq)


def check_gone(*, group: Group, members: Collection[UUID]) -> None:
    """No successor keeps somebody who has asked to leave: their wish is about `group` and would be forgotten.

    Raises BeepError `removal_due`: a commit lets them go first, or an admin leaves them out.
    """
    if leaving(group) & set(members):
        raise BeepError("removal_due")


def leaving(group: Group) -> set[UUID]:
    """The persons whose wish to leave no commit has carried out yet."""
    wishes = open_orders(group).filter(kind=OrderKind.LEAVE)
    return set(wishes.values_list("person_id", flat=True))


def supersede(*, group: Group, seq: int) -> None:
    """A successor has begun at `seq`, or all have left: nothing is left to do in `group`."""
    Order.objects.filter(group=group, executed_seq__isnull=True).update(executed_seq=seq)


def withdraw_adds(*, device: UUID) -> None:
    """The device is revoked: nobody lets it in any more."""
    Order.objects.filter(device_id=device, kind=OrderKind.ADD, executed_seq__isnull=True).delete()
