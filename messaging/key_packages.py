"""The pool of KeyPackages (RFC 9420 §10): devices fill it, others take from it, each package once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from accounts.models import Device
from beep.clock import from_ms
from beep.errors import BeepError
from messaging import rates
from messaging.access import acting_device, conversation_of, persons_of
from messaging.mls import (
    CipherSuite,
    LeafInfo,
    MlsError,
    check_key_package,
    decode_key_package,
    reference_of,
)
from messaging.models import KeyPackage
from messaging.roster import living_devices

MAX_POOL: Final = 200
"""Unclaimed packages of one device and suite."""
MAX_UPLOAD: Final = 100
"""Packages in one upload."""
CLAIMS_PER_MINUTE: Final = 60
SUITES: Final = tuple(int(suite) for suite in CipherSuite)


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
    return counts(device=device, now_ms=now_ms)


def counts(*, device: UUID, now_ms: int) -> dict[int, int]:
    """Suite → packages that others can still take; the last resort is not counted."""
    unclaimed = Q(claimed_at__isnull=True, last_resort=False, not_after__gt=from_ms(now_ms))
    rows = KeyPackage.objects.filter(unclaimed, device_id=device).values_list("suite").annotate(Count("id"))
    return {**dict.fromkeys(SUITES, 0), **dict(rows)}


@transaction.atomic
def claim(
    *, device: UUID, person: UUID, suite: int, conversation: UUID, now_ms: int
) -> list[tuple[UUID, bytes]]:
    """One KeyPackage of every living device of `person`, for `device` to add them to `conversation`.

    `person` is in the conversation, and so is the asker, whose own device is left out. A package is handed
    out once; when a pool is empty, the last resort is, to anybody. By device, ascending.
    Raises BeepError `device_unknown`, `device_revoked`, `person_inactive`, `not_a_member`, `rate_limited`, or
    `no_key_package` (`detail.device`, null when the person has no living device); then nothing is taken.
    """
    claimer = acting_device(device=device, now_ms=now_ms)
    row = conversation_of(conversation=conversation, person=claimer.person_id)
    if person not in persons_of(row):
        raise BeepError("not_a_member")
    rates.spend(key=f"claim:{device}", limit=CLAIMS_PER_MINUTE, seconds=60, now_ms=now_ms)
    listed = living_devices(persons=[claimer.person_id, person], now_ms=now_ms)
    if device not in listed:
        raise BeepError("device_unknown")
    wanted = sorted(
        leaf.device for leaf in listed.values() if leaf.person == person and leaf.device != device
    )
    if not wanted:
        raise BeepError("no_key_package", detail={"device": None})
    return [(owner, _take(owner=owner, suite=suite, claimer=device, now_ms=now_ms)) for owner in wanted]


def withdraw(*, device: UUID) -> None:
    """Delete everything that the device has published: it is revoked."""
    KeyPackage.objects.filter(device_id=device).delete()


def _take(*, owner: UUID, suite: int, claimer: UUID, now_ms: int) -> bytes:
    now = from_ms(now_ms)
    published = KeyPackage.objects.filter(device_id=owner, suite=suite, not_after__gt=now)
    # SKIP LOCKED: whoever claims at the same moment takes another one instead of waiting for this one. The
    # one that runs out first goes first.
    pool = published.filter(claimed_at__isnull=True, last_resort=False).order_by("not_after", "id")
    row = pool.select_for_update(skip_locked=True).first()
    if row is None:
        row = published.filter(last_resort=True).select_for_update().first()
    if row is None:
        raise BeepError("no_key_package", detail={"device": str(owner)})
    row.claimed_at = now
    row.claimed_by_id = claimer
    row.save(update_fields=["claimed_at", "claimed_by"])
    return row.body


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
