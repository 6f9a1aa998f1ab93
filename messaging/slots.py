"""Slots: one sealed value a device and name, the newest only; the server orders them and cannot read them."""

from uuid import UUID

from django.db import connection, transaction

from accounts.models import Device
from accounts.signing import Label, verify
from beep.errors import BeepError
from beep.tls import TlsError
from messaging import notices, protocol
from messaging.access import acting_device, conversation_of, current_group, is_large
from messaging.formats import SlotBody, slot_associated_data, slot_signed
from messaging.models import Leaf, Sender, SlotRow
from messaging.read_only import refuse_if_read_only

# One statement, so that of two puts the higher counter stays, whichever comes first.
REPLACE = """
INSERT INTO messaging_slotrow (conversation_id, device_id, name, generation, epoch, leaf, counter, body)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (conversation_id, device_id, name) DO UPDATE
SET generation = excluded.generation, epoch = excluded.epoch, leaf = excluded.leaf,
    counter = excluded.counter, body = excluded.body
WHERE messaging_slotrow.counter < excluded.counter
"""


@transaction.atomic
def put(*, device: UUID, frame: protocol.SlotPut, now_ms: int) -> protocol.Slot:
    """Replace the device's slot `frame.name`; afterwards the other members' sockets hear of it.

    The device must sit at the leaf that it names, in the current generation and epoch, and have signed what
    it puts: nobody seals in another one's name.

    Raises BeepError `read_only`, `device_unknown`, `device_revoked`, `person_inactive`, `not_a_member`,
    `generation_conflict`, `epoch_conflict`, `forbidden` (another's leaf), `bad_request` (the bytes, the
    signature) or `slot_old`.
    """
    refuse_if_read_only()
    acting = acting_device(device=device, now_ms=now_ms)
    conversation = conversation_of(conversation=UUID(bytes=frame.conversation), person=acting.person_id)
    detail = {"generation": conversation.generation, "epoch": conversation.epoch}
    group = current_group(conversation)
    if group is None or frame.generation != conversation.generation:
        raise BeepError("generation_conflict", detail=detail)
    if frame.epoch != conversation.epoch:
        raise BeepError("epoch_conflict", detail=detail)
    leaf = Leaf.objects.filter(group=group, leaf_index=frame.leaf, device_id=device).first()
    if leaf is None:
        raise BeepError("forbidden", "The slot names a leaf that is not this device's.")
    _check_signature(frame, group_id=group.group_id, signature_key=leaf.signature_key)
    with connection.cursor() as cursor:
        cursor.execute(
            REPLACE,
            [
                conversation.id,
                device,
                frame.name,
                frame.generation,
                frame.epoch,
                frame.leaf,
                frame.counter,
                frame.body,
            ],
        )
        if cursor.rowcount == 0:
            raise BeepError("slot_old")
    slot = protocol.Slot(
        device=device.bytes,
        generation=frame.generation,
        epoch=frame.epoch,
        leaf=frame.leaf,
        name=frame.name,
        counter=frame.counter,
        body=frame.body,
    )
    notices.slot_changed(frame.conversation, slot)
    return slot


def _check_signature(frame: protocol.SlotPut, *, group_id: bytes, signature_key: bytes) -> None:
    try:
        body = SlotBody.decode(frame.body)
    except TlsError as error:
        raise BeepError("bad_request", "The slot's bytes are not canonical.") from error
    associated = slot_associated_data(
        label=frame.name, group_id=group_id, epoch=frame.epoch, leaf=frame.leaf, counter=frame.counter
    )
    content = slot_signed(associated_data=associated, nonce=body.nonce, ciphertext=body.ciphertext)
    if not verify(public_key=signature_key, label=Label.SLOT, content=content, signature=body.signature):
        raise BeepError("bad_request", "The slot is not signed by this device.")


def fetch(*, person: UUID, conversation: UUID) -> tuple[list[protocol.Slot], list[protocol.DeliveredMark]]:
    """Every device's newest slot and what it has acknowledged, for one of the conversation's persons.

    In a large conversation nobody follows what a thousand others have read: only the person's own.

    Raises BeepError `not_a_member`.
    """
    row = conversation_of(conversation=conversation, person=person)
    kept = SlotRow.objects.filter(conversation_id=row.id)
    senders = Sender.objects.filter(conversation_id=row.id, delivered_seq__gt=0)
    if is_large(row):
        own = Device.objects.filter(person_id=person).values("id")
        kept, senders = kept.filter(device_id__in=own), senders.filter(device_id__in=own)
    slots = [
        protocol.Slot(
            device=slot.device_id.bytes,
            generation=slot.generation,
            epoch=slot.epoch,
            leaf=slot.leaf,
            name="read",
            counter=slot.counter,
            body=slot.body,
        )
        for slot in kept.order_by("device_id", "name")
    ]
    marks = senders.order_by("device_id").values_list("device_id", "delivered_seq")
    return slots, [protocol.DeliveredMark(device=device.bytes, seq=seq) for device, seq in marks]
