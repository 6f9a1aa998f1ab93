"""The slow path's way into a conversation's log: counters, envelope, sender and audit in one transaction.

The delivery engine has its own way for application messages, in one statement for a whole batch; both keep
the same rules, and the database's constraints hold either to them.
"""

import hashlib
from typing import Literal
from uuid import UUID

from audit import intake
from beep.errors import BeepError
from messaging import formats, protocol
from messaging.models import Conversation, Envelope, Sender


def on_wire(row: Envelope) -> protocol.Envelope:
    """A stored envelope as it is sent."""
    kinds: dict[int, Literal[1, 2, 3]] = {1: 1, 2: 2, 3: 3}
    return protocol.Envelope(
        seq=row.seq,
        generation=row.generation,
        epoch=row.epoch,
        kind=kinds[row.kind],
        device=row.device_id.bytes,
        counter=row.counter,
        time=row.time_ms,
        body=row.body,
    )


def earlier_answer(
    *, conversation: Conversation, device: UUID, kind: int, counter: int, body: bytes
) -> Envelope | None:
    """The envelope that this very frame became when it was sent before; None when its counter is the next.

    `conversation` is locked. Raises BeepError `counter_old` (the counter was used for another body, or the
    device's state was rolled back) or `counter_gap`; `detail.last` is the counter of the device's last
    envelope.
    """
    sender = Sender.objects.filter(conversation_id=conversation.id, device_id=device).first()
    last = sender.last_counter if sender else 0
    if counter == last + 1:
        return None
    if counter > last:
        raise BeepError("counter_gap", detail={"last": last})
    stored = Envelope.objects.filter(
        conversation_id=conversation.id, device_id=device, counter=counter, kind=kind
    ).first()
    if stored is None or stored.body_hash != hashlib.sha256(body).digest():
        raise BeepError("counter_old", detail={"last": last})
    return stored


def append(
    *,
    conversation: Conversation,
    device: UUID,
    generation: int,
    epoch: int,
    kind: int,
    counter: int,
    body: bytes,
    now_ms: int,
) -> Envelope:
    """Write one envelope at the end of the log and take its counter.

    `conversation` is locked and its `last_seq` is raised here; the caller saves the row, with what else it
    changes. The counter was checked with `earlier_answer`.
    """
    conversation.last_seq += 1
    body_hash = hashlib.sha256(body).digest()
    row = Envelope(
        conversation_id=conversation.id,
        seq=conversation.last_seq,
        generation=generation,
        epoch=epoch,
        kind=kind,
        device_id=device,
        counter=counter,
        time_ms=now_ms,
        body=body,
        body_hash=body_hash,
        hash=formats.envelope_hash(
            conversation=conversation.id.bytes,
            seq=conversation.last_seq,
            generation=generation,
            epoch=epoch,
            kind=kind,
            device=device.bytes,
            counter=counter,
            time_ms=now_ms,
            body_hash=body_hash,
        ),
    )
    row.save(force_insert=True)
    intake.record_batch([row.hash], at=now_ms)
    Sender.objects.bulk_create(
        [
            Sender(
                conversation_id=conversation.id, device_id=device, last_counter=counter, generation=generation
            )
        ],
        update_conflicts=True,
        unique_fields=["conversation_id", "device_id"],
        update_fields=["last_counter", "generation"],
    )
    return row
