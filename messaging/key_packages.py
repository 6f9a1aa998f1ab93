"""The pool of KeyPackages (RFC 9420 §10): devices fill it, others take from it, each package once."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet

from accounts.models import Device
from beep import rates
from beep.clock import from_ms
from beep.errors import BeepError
from messaging import notices
from messaging.access import acting_device, conversation_of, persons_of
from messaging.mls import (
    CipherSuite,
    LeafInfo,
    MlsError,
    check_key_package,
    decode_key_package,
    reference_of,
)
from messaging.models import Conversation, ConversationKind, KeyPackage, Participant, ParticipantRole
from messaging.roster import living_devices

MAX_POOL: Final = 200
"""Unclaimed packages of one device and suite."""
MAX_UPLOAD: Final = 100
"""Packages in one upload."""
PERSONS_PER_MINUTE: Final = 300
"""Persons whose KeyPackages one device may claim."""
HELD: Final = 10
"""KeyPackages of one device and suite that devices of one person may have in hand and not use."""
HELD_FOR: Final = timedelta(days=1)
"""How long a claim counts for that."""
SUITES: Final = tuple(int(suite) for suite in CipherSuite)


class Claimed(NamedTuple):
    """`packages`: (person, device, MLSMessage with its KeyPackage), by device. `missing`: by person."""

    packages: list[tuple[UUID, UUID, bytes]]
    missing: list[UUID]


@transaction.atomic
def upload(
    *, device: UUID, suite: int, packages: Sequence[bytes], last_resort: bytes | None, now_ms: int
) -> dict[int, int]:
    """Add to the device's pool and replace its last resort; all of it or nothing. Gives `counts`.

    Each of `packages` is an MLSMessage with a KeyPackage, signed by the device under the key that its
    person's chain lists. Raises BeepError `device_unknown`, `device_revoked`, `person_inactive`,
    `key_package_pool_full` or `key_package_refused` (`detail.rule`, and `detail.index` in `packages`; -1 for
    the last resort, null when two are the same).
    """
    owner = acting_device(device=device, now_ms=now_ms)
    # The row's lock makes two uploads of one device take turns, so that the pool's limit holds.
    Device.objects.select_for_update(no_key=True).get(id=device)
    listed = living_devices(persons=[owner.person_id], now_ms=now_ms).get(device)
    if listed is None:
        raise BeepError("device_unknown")
    own = KeyPackage.objects.filter(device_id=device)
    own.filter(not_after__lte=from_ms(now_ms)).delete()
    if _unclaimed(own, suite=suite, now=from_ms(now_ms)).count() + len(packages) > MAX_POOL:
        raise BeepError("key_package_pool_full")
    rows = [
        _checked(package, index=index, suite=suite, listed=listed, now_ms=now_ms)
        for index, package in enumerate(packages)
    ]
    if last_resort is not None:
        _retire_last_resort(own, suite=suite)
        row = _checked(last_resort, index=-1, suite=suite, listed=listed, now_ms=now_ms)
        row.last_resort = True
        rows.append(row)
    _store(rows)
    _tell_inviters(owner.person_id)
    return counts(device=device, now_ms=now_ms)


def _tell_inviters(person: UUID) -> None:
    """Whoever is invited and has KeyPackages now can be added: tell the members of those groups."""
    invited = Participant.objects.filter(
        person_id=person, role=ParticipantRole.INVITED, left_at__isnull=True
    ).select_related("conversation")
    for row in invited:
        present = [member.bytes for member in persons_of(row.conversation)]
        notices.invited_ready(row.conversation.id.bytes, person.bytes, present)


def counts(*, device: UUID, now_ms: int) -> dict[int, int]:
    """Suite → packages that others can still take; the last resort is not counted."""
    unclaimed = Q(claimed_at__isnull=True, last_resort=False, not_after__gt=from_ms(now_ms))
    rows = KeyPackage.objects.filter(unclaimed, device_id=device).values_list("suite").annotate(Count("id"))
    return {**dict.fromkeys(SUITES, 0), **dict(rows)}


@transaction.atomic
def claim(
    *,
    device: UUID,
    persons: Collection[UUID],
    suite: int,
    conversation: UUID,
    devices: Collection[UUID] | None,
    now_ms: int,
) -> Claimed:
    """One KeyPackage of every living device of `persons`, for `device` to add them to `conversation`.

    `devices` narrows them down to these. The asker's own device is left out, and its person's others are not.
    A package is handed out once; when a pool is empty, the last resort is, to anybody, and to a person who
    holds `HELD` of a device already, so that nobody empties a pool by asking. Persons of whom there is
    nothing to have are in `missing`.

    The asker is a member. So must the persons be; an admin of a group, or who opens one, may take packages of
    anybody, because only admins may add strangers, and anybody those of the invited.
    Raises BeepError `device_unknown`, `device_revoked`, `person_inactive`, `not_a_member` or `rate_limited`.
    """
    claimer = acting_device(device=device, now_ms=now_ms)
    row = conversation_of(conversation=conversation, person=claimer.person_id)
    _check_concerned(row, claimer=claimer.person_id, persons=set(persons))
    rates.spend(
        key=f"claim:{device}", limit=PERSONS_PER_MINUTE, seconds=60, now_ms=now_ms, amount=len(set(persons))
    )
    listed = living_devices(persons={claimer.person_id, *persons}, now_ms=now_ms)
    if device not in listed:
        raise BeepError("device_unknown")
    wanted = sorted(
        leaf.device
        for leaf in listed.values()
        if leaf.person in persons and leaf.device != device and (devices is None or leaf.device in devices)
    )
    spared = _spared(wanted, suite=suite, claimer=claimer.person_id, now=from_ms(now_ms))
    taken = _take(wanted, spared=spared, suite=suite, claimer=device, now_ms=now_ms)
    packages = [(listed[owner].person, owner, taken[owner]) for owner in wanted if owner in taken]
    missing = sorted(set(persons) - {person for person, _, _ in packages})
    return Claimed(packages, missing)


def _check_concerned(conversation: Conversation, *, claimer: UUID, persons: set[UUID]) -> None:
    """Raises BeepError `not_a_member` when `claimer` has no business with one of these persons there."""
    if conversation.kind != ConversationKind.GROUP:
        if not persons <= set(persons_of(conversation)):
            raise BeepError("not_a_member")
        return
    concerned = {claimer, *persons}
    present = Participant.objects.filter(
        conversation=conversation, person_id__in=concerned, left_at__isnull=True
    )
    roles = dict(present.values_list("person_id", "role"))
    if roles.get(claimer) != ParticipantRole.ADMIN and not persons <= roles.keys():
        raise BeepError("not_a_member")


def withdraw(*, device: UUID) -> None:
    """Delete everything that the device has published: it is revoked."""
    KeyPackage.objects.filter(device_id=device).delete()


# SKIP LOCKED: whoever claims at the same moment takes another one instead of waiting for this one. The one
# that runs out first goes first. MATERIALIZED: as a plain subquery it may be run again for each row of the
# update, and would then pass over what this very statement has taken and take another one.
TAKE: Final = """
WITH chosen AS MATERIALIZED (
    SELECT one.id
    FROM unnest(%(devices)s::uuid[]) AS i(device)
    CROSS JOIN LATERAL (
        SELECT p.id FROM messaging_keypackage p
        WHERE p.device_id = i.device AND p.suite = %(suite)s AND p.not_after > %(now)s
          AND p.claimed_at IS NULL AND NOT p.last_resort
        ORDER BY p.not_after, p.id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) AS one
)
UPDATE messaging_keypackage k SET claimed_at = %(now)s, claimed_by_id = %(claimer)s
FROM chosen WHERE k.id = chosen.id
RETURNING k.device_id, k.body
"""


def _spared(devices: Sequence[UUID], *, suite: int, claimer: UUID, now: datetime) -> set[UUID]:
    """Those of whose packages devices of `claimer` hold as many as they may; what was used is not held."""
    held = KeyPackage.objects.filter(
        device_id__in=devices,
        suite=suite,
        last_resort=False,
        claimed_by__person_id=claimer,
        claimed_at__gt=now - HELD_FOR,
    )
    counted = held.values_list("device_id").annotate(held=Count("id")).filter(held__gte=HELD)
    return {device for device, _ in counted}


def _take(
    devices: Sequence[UUID], *, spared: Collection[UUID], suite: int, claimer: UUID, now_ms: int
) -> dict[UUID, bytes]:
    """A KeyPackage of each of these devices that has one, by device, of the `spared` the last resort; three
    statements at most.
    """
    if not devices:
        return {}
    now, pools = from_ms(now_ms), [device for device in devices if device not in spared]
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"now": now, "claimer": claimer, "devices": pools, "suite": suite})
        taken = {device: bytes(body) for device, body in cursor.fetchall()}
    rest = [device for device in devices if device not in taken]
    if rest:
        # By id, as whoever uses last resorts up locks them.
        published = KeyPackage.objects.filter(device_id__in=rest, suite=suite, not_after__gt=now)
        rows = list(published.filter(last_resort=True).select_for_update(no_key=True).order_by("id"))
        KeyPackage.objects.filter(id__in=[row.id for row in rows]).update(
            claimed_at=now, claimed_by_id=claimer
        )
        taken |= {row.device_id: row.body for row in rows}
    return taken


def _checked(data: bytes, *, index: int, suite: int, listed: LeafInfo, now_ms: int) -> KeyPackage:
    try:
        package = decode_key_package(data)
        check_key_package(
            package,
            suite=suite,
            person=listed.person,
            device=listed.device,
            signature_key=listed.signature_key,
            now_ms=now_ms,
        )
    except MlsError as error:
        raise _refused(error.code.value, index) from error
    assert package.leaf_node.lifetime is not None  # checked: the leaf was made for a key package
    return KeyPackage(
        device_id=listed.device,
        suite=suite,
        ref=reference_of(package),
        body=data,
        not_after=from_ms(package.leaf_node.lifetime.not_after * 1000),
    )


def _unclaimed(own: "QuerySet[KeyPackage]", *, suite: int, now: datetime) -> "QuerySet[KeyPackage]":
    return own.filter(suite=suite, claimed_at__isnull=True, last_resort=False, not_after__gt=now)


def _retire_last_resort(own: "QuerySet[KeyPackage]", *, suite: int) -> None:
    """Make room for another. Whoever claimed the old one last may still use it, like any that it claimed."""
    old = own.filter(suite=suite, last_resort=True)
    old.filter(claimed_at__isnull=True).delete()
    old.update(last_resort=False)


def _store(rows: Sequence[KeyPackage]) -> None:
    references = [row.ref for row in rows]
    if len(set(references)) != len(references) or KeyPackage.objects.filter(ref__in=references).exists():
        # A used package is gone from the table, so this cannot catch every repetition; the client that joins
        # with it has deleted its private half and says so.
        raise _refused("duplicate", None)
    KeyPackage.objects.bulk_create(rows)


def _refused(rule: str, index: int | None) -> BeepError:
    return BeepError("key_package_refused", detail={"rule": rule, "index": index})
