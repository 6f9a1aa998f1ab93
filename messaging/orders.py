"""Orders of the directory authority: what the members of a group must do with a device that is out.

The authority cannot touch a group. It signs; the next committer carries the order out by value and names it
in `authenticated_data`.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from accounts import authority
from accounts.signing import Label
from audit import intake
from audit.events import Actor, OrderIssued
from beep.clock import to_ms
from beep.tls import Writer
from messaging.formats import OrderAction, UnsignedOrder
from messaging.models import Group, Order, OrderKind

LIFETIME: Final = timedelta(days=90)
"""How long an order may be carried out; as long as a KeyPackage may live."""


def issue_removals(
    *, person: UUID, device: UUID, groups: Sequence[Group], statement_hash: bytes, at: datetime
) -> list[Order]:
    """Sign and store a Remove of `device` for each of `groups`; one that is open stays as it is.

    `body` is the `messaging.formats.SignedOrder`.
    Without an authority key there are no orders: blocking the conversations does not depend on them.
    """
    if not authority.is_configured():
        return []
    open_already = set(
        Order.objects.filter(
            group__in=groups, kind=OrderKind.REMOVE, device_id=device, executed_seq__isnull=True
        ).values_list("group__pk", flat=True)
    )
    issued = Order.objects.bulk_create(
        _signed_removal(person=person, device=device, group=group, statement_hash=statement_hash, at=at)
        for group in groups
        if group.id not in open_already
    )
    for order in issued:
        intake.record(
            OrderIssued(
                actor=Actor(system="directory authority"),
                target=device,
                kind="remove",
                group=order.group.group_id,
                hash=order.hash,
            )
        )
    return issued


def _signed_removal(
    *, person: UUID, device: UUID, group: Group, statement_hash: bytes, at: datetime
) -> Order:
    expires_at = at + LIFETIME
    unsigned = UnsignedOrder(
        group_id=group.group_id,
        action=OrderAction.REMOVE,
        person=person,
        device=device,
        statement_hash=statement_hash,
        expires_at=to_ms(expires_at),
    ).encode()
    certificate, signature = authority.sign(label=Label.ORDER, content=unsigned)
    signed = Writer()
    signed.opaque(unsigned)
    signed.opaque(certificate)
    signed.fixed(signature)
    return Order(
        group=group,
        kind=OrderKind.REMOVE,
        person_id=person,
        device_id=device,
        statement_hash=statement_hash,
        expires_at=expires_at,
        body=signed.getvalue(),
        hash=hashlib.sha256(unsigned).digest(),
    )


def open_removals(*, group: Group, devices: Iterable[UUID]) -> list[Order]:
    """The open Remove orders about these devices: a commit that removes them must name all of them."""
    return list(
        Order.objects.filter(
            group=group, kind=OrderKind.REMOVE, device_id__in=list(devices), executed_seq__isnull=True
        ).order_by("hash")
    )


def execute(*, orders: Iterable[Order], seq: int) -> None:
    """Write down which envelope carried them out."""
    Order.objects.filter(id__in=[order.id for order in orders]).update(executed_seq=seq)


def supersede(*, group: Group, seq: int) -> None:
    """A successor has begun at `seq` without the leaves that had to go: nothing is left to do in `group`."""
    Order.objects.filter(group=group, executed_seq__isnull=True).update(executed_seq=seq)
