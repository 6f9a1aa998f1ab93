"""The server's picture of a group: its leaf map, and what a commit does to that and to mailboxes."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from beep.errors import BeepError
from messaging import mailbox
from messaging.mls import (
    CipherSuite,
    CommitFrame,
    KeyPackage,
    LeafInfo,
    MlsError,
    WelcomeParts,
    check_welcome,
    reference_of,
    split_welcome,
)
from messaging.models import Conversation, Group, GroupInfo, Leaf, Sender, Stay
from messaging.models import KeyPackage as StoredKeyPackage

MAX_LEAVES: Final[dict[int, int]] = {CipherSuite.HYBRID: 250, CipherSuite.CLASSICAL: 1_000}
"""Devices in one group. A hybrid commit in a larger one would pass `protocol.MAX_HANDSHAKE`, and a classical
one take a phone too long."""


@contextmanager
def refusing_frames() -> Iterator[None]:
    """Turns what `messaging.mls` refuses into BeepError `frame_refused` with the code as `detail.rule`."""
    try:
        yield
    except MlsError as error:
        raise frame_refused(error.code.value) from error


def frame_refused(rule: str) -> BeepError:
    """`frame_refused` for one of Beep's own rules."""
    return BeepError("frame_refused", detail={"rule": rule})


def leaf_map(group: Group) -> dict[int, LeafInfo]:
    """Who sits where in the current epoch."""
    return {
        leaf.leaf_index: LeafInfo(leaf.person_id, leaf.device_id, leaf.signature_key)
        for leaf in Leaf.objects.filter(group=group)
    }


def check_size(leaves: int, *, suite: int) -> None:
    """Refuses a group that its devices could not carry. Raises BeepError `frame_refused` (too_many)."""
    if leaves > MAX_LEAVES[suite]:
        raise frame_refused("too_many")


def store_leaves(
    *,
    conversation: Conversation,
    group: Group,
    before: Mapping[int, LeafInfo],
    after: Mapping[int, LeafInfo],
    seq: int,
) -> None:
    """Make the stored map `after`, and tell each sender's row whether its device has a leaf now.

    `before` is the map of this group, empty when it has just begun with the envelope at `seq`.
    """
    gone = [index for index, leaf in before.items() if after.get(index) != leaf]
    come = [index for index, leaf in after.items() if before.get(index) != leaf]
    Leaf.objects.filter(group=group, leaf_index__in=gone).delete()
    Leaf.objects.bulk_create(
        Leaf(
            group=group,
            leaf_index=index,
            device_id=after[index].device,
            person_id=after[index].person,
            signature_key=after[index].signature_key,
        )
        for index in come
    )
    seats = Sender.objects.filter(conversation_id=conversation.id)
    if before:
        seats.filter(device_id__in=[before[index].device for index in gone]).update(generation=0)
    else:
        seats.update(generation=0)
    Sender.objects.bulk_create(
        [
            Sender(conversation_id=conversation.id, device_id=device, generation=group.generation)
            for device in sorted(after[index].device for index in come)
        ],
        update_conflicts=True,
        unique_fields=["conversation_id", "device_id"],
        update_fields=["generation"],
    )
    _store_stays(conversation, come={after[index].device for index in come}, after=after, seq=seq)


def _store_stays(
    conversation: Conversation, *, come: set[UUID], after: Mapping[int, LeafInfo], seq: int
) -> None:
    """End the stay of every device that has lost its leaf, and begin that of every one that had none."""
    seated = {leaf.device for leaf in after.values()}
    stays = Stay.objects.filter(conversation_id=conversation.id, until_seq__isnull=True)
    stays.exclude(device_id__in=seated).update(until_seq=seq)
    staying = set(stays.filter(device_id__in=come).values_list("device_id", flat=True))
    Stay.objects.bulk_create(
        Stay(conversation_id=conversation.id, device_id=device, from_seq=seq)
        for device in sorted(come - staying)
    )


def read_welcome(data: bytes, *, suite: int, added: Iterable[KeyPackage]) -> WelcomeParts:
    """The parts of a Welcome that is for exactly `added`. Raises BeepError `frame_refused`."""
    with refusing_frames():
        parts = split_welcome(data)
        check_welcome(parts, suite=suite, added=added)
    return parts


def take_key_packages(*, commit: CommitFrame, committer: UUID) -> None:
    """Use up the KeyPackages of those whom `commit` adds.

    Each must be one that this server handed to the committer (a reference is a hash of the whole package):
    one that is used a second time, or that somebody else made or claimed, is refused. A last resort stays.
    Raises BeepError `frame_refused` with the rule key_package_not_claimed.
    """
    wanted = {reference_of(package) for package in commit.added}
    if not wanted:
        return
    rows = StoredKeyPackage.objects.select_for_update().filter(ref__in=list(wanted)).order_by("id")
    handed_over = [
        row
        for row in rows
        if row.claimed_at is not None and (row.last_resort or row.claimed_by_id == committer)
    ]
    if wanted != {row.ref for row in handed_over}:
        raise frame_refused("key_package_not_claimed")
    used = [row.id for row in handed_over if not row.last_resort]
    StoredKeyPackage.objects.filter(id__in=used).delete()


def deliver_welcome(
    *,
    conversation: Conversation,
    group: Group,
    epoch: int,
    log_seq: int,
    parts: WelcomeParts,
    added: Iterable[KeyPackage],
    after: Mapping[int, LeafInfo],
) -> list[tuple[bytes, int]]:
    """Put each newcomer's part into its mailbox; gives (device, its mailbox's new end) in order of device."""
    info = GroupInfo.objects.create(group=group, epoch=epoch, encrypted_group_info=parts.encrypted_group_info)
    by_key = {leaf.signature_key: leaf.device for leaf in after.values()}
    references = {by_key[package.leaf_node.signature_key]: reference_of(package) for package in added}
    return mailbox.deliver(
        [
            mailbox.Part(device=device, key_package_ref=reference, secrets=parts.secrets[reference])
            for device, reference in references.items()
        ],
        conversation=conversation,
        generation=group.generation,
        log_seq=log_seq,
        suite=parts.suite,
        group_info=info,
    )
