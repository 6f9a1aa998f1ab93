"""Leaves of devices that nobody uses any more: not seen for 90 days, or temporary and run out.

Each is a door that stays open: whoever finds the laptop years later could still read. The device stays listed
by its person, for the server cannot change a chain; when it comes back, it asks to be let in again.

Devices that are revoked are ordered out when that happens (`messaging.receivers`). Here they get another
order when that one has run out, or could not be signed then: without any, a group whose admins are away stays
shut.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce

from accounts import authority
from accounts.models import Device, Person
from beep import clock
from messaging import removals
from messaging.models import Leaf, Order, OrderKind

UNSEEN_FOR: Final = timedelta(days=90)
AT_ONCE: Final = 500
"""Devices in one run: the rest comes with the next."""


def order_removals() -> int:
    """Order every such device out of the groups that it sits in; gives how many devices that were.

    One transaction a device, locks in the order of a revocation. Without a certified authority there can be
    no order, and nothing is done: a group would be blocked and could not go on.
    """
    if not authority.is_configured():
        return 0
    now = clock.now()
    ordered = Order.objects.filter(
        group=OuterRef("group"),
        kind=OrderKind.REMOVE,
        device_id=OuterRef("device_id"),
        executed_seq__isnull=True,
        expires_at__gt=now,
    )
    seated = Leaf.objects.filter(group__generation=F("group__conversation__generation")).exclude(
        Exists(ordered)
    )
    stale = Device.objects.filter(_to_go(), id__in=seated.values("device_id"))
    done = 0
    for device, person in list(stale.order_by("person_id", "id").values_list("id", "person_id")[:AT_ONCE]):
        done += _put_out(device=device, person=person)
    return done


def _to_go() -> Q:
    now = clock.now()
    seen = Device.objects.annotate(seen=Coalesce("last_seen_at", "added_at"))
    long_ago = seen.filter(kind=Device.Kind.REGULAR, seen__lt=now - UNSEEN_FOR)
    ran_out = Q(kind=Device.Kind.TEMPORARY, expires_at__lte=now)
    return Q(id__in=long_ago.values("id")) | ran_out | Q(revoked_at__isnull=False)


@transaction.atomic
def _put_out(*, device: UUID, person: UUID) -> int:
    Person.objects.select_for_update(no_key=True).get(id=person)
    # Asked once more under the lock: it may have come back this very moment.
    if not Device.objects.filter(_to_go(), id=device).exists():
        return 0
    removals.put_out(device=device, person=person, at=clock.now())
    return 1
