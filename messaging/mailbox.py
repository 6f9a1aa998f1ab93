"""Device mailboxes: filled in the committing transaction, read by the device alone, emptied once stored."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from beep.errors import BeepError
from messaging import protocol
from messaging.mls import join_welcome
from messaging.models import Conversation, GroupInfo, Mail, Mailbox

PAGE_BYTES = protocol.MAX_FRAME // 2
"""A page ends before it would grow past this, unless its first item alone does."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a Welcome holds for one device alone."""

    device: UUID
    key_package_ref: bytes
    secrets: bytes


# The rows are locked in ascending order of device, as whoever fills several mailboxes must.
ADVANCE: Final = """
INSERT INTO messaging_mailbox (device_id, last_seq)
SELECT device, 1 FROM unnest(%s::uuid[]) AS i(device) ORDER BY device
ON CONFLICT (device_id) DO UPDATE SET last_seq = messaging_mailbox.last_seq + 1
RETURNING device_id, last_seq
"""


def deliver(
    parts: Collection[Part],
    *,
    conversation: Conversation,
    generation: int,
    log_seq: int,
    suite: int,
    group_info: GroupInfo,
) -> list[tuple[bytes, int]]:
    """Put each newcomer's part of a Welcome into its mailbox; gives (device, mailbox's new end), by device.

    Part of the commit's transaction; two statements however many they are. A mailbox's row lock keeps its seq
    dense.
    """
    with connection.cursor() as cursor:
        cursor.execute(ADVANCE, [sorted(part.device for part in parts)])
        ends: dict[UUID, int] = dict(cursor.fetchall())
    Mail.objects.bulk_create(
        Mail(
            device_id=part.device,
            seq=ends[part.device],
            conversation_id=conversation.id,
            generation=generation,
            log_seq=log_seq,
            key_package_ref=part.key_package_ref,
            suite=suite,
            secrets=part.secrets,
            group_info=group_info,
        )
        for part in parts
    )
    return [(device.bytes, last) for device, last in sorted(ends.items())]


def last_seq(*, device: UUID) -> int:
    """The end of the mailbox; 0 when nothing was ever delivered."""
    return Mailbox.objects.filter(device_id=device).values_list("last_seq", flat=True).first() or 0


def fetch(*, device: UUID, after: int) -> tuple[list[protocol.Mail], int]:
    """The items with seq above `after`, oldest first, one page of them, and the mailbox's end."""
    last = last_seq(device=device)
    rows = Mail.objects.filter(device_id=device, seq__gt=after).select_related("group_info").order_by("seq")
    items: list[protocol.Mail] = []
    size = 0
    for row in rows[: protocol.MAX_MAIL].iterator(chunk_size=8):
        welcome = join_welcome(
            suite=row.suite, secrets=row.secrets, encrypted_group_info=row.group_info.encrypted_group_info
        )
        size += len(welcome)
        if items and size > PAGE_BYTES:
            break
        items.append(
            protocol.Mail(
                seq=row.seq,
                conversation=row.conversation_id.bytes,
                generation=row.generation,
                log_seq=row.log_seq,
                key_package_ref=row.key_package_ref,
                welcome=welcome,
            )
        )
    return items, last


@transaction.atomic
def ack(*, device: UUID, seq: int) -> None:
    """The device has stored everything up to `seq`: delete it.

    Asking again changes nothing. Raises BeepError `range_refused` past the mailbox's end.
    """
    if seq > last_seq(device=device):
        raise BeepError("range_refused")
    _delete(device=device, up_to=seq)


@transaction.atomic
def empty(*, device: UUID) -> None:
    """Delete everything: the device is revoked and must not learn a group's secrets any more."""
    _delete(device=device, up_to=last_seq(device=device))


def _delete(*, device: UUID, up_to: int) -> None:
    rows = Mail.objects.filter(device_id=device, seq__lte=up_to)
    shared = sorted(set(rows.values_list("group_info_id", flat=True)))
    # The lock makes two devices that delete the last two mails wait for each other; else neither would see
    # that the group info is now nobody's.
    list(GroupInfo.objects.select_for_update().filter(id__in=shared).order_by("id").values_list("id"))
    rows.delete()
    unused = GroupInfo.objects.filter(id__in=shared).exclude(
        id__in=Mail.objects.filter(group_info_id__in=shared).values("group_info_id")
    )
    unused.delete()
