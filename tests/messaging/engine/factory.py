"""Rows for the engine's tests and benchmarks: people who are signed in, and conversations that have begun.

Written directly through the models. The identity chain, the KeyPackages and the MLS tree behind such a group
do not exist; the engine never looks at them. Bodies are PrivateMessages in framing only, with random
ciphertext.
"""

import base64
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from accounts.models import Device, Person, Session
from beep import clock
from messaging import formats, protocol
from messaging.models import (
    Conversation,
    ConversationKind,
    Envelope,
    Group,
    Leaf,
    Participant,
    Sender,
)
from tests.messaging.engine.bodies import body

__all__ = ["Actor", "Talk", "actors", "body", "fill", "talk", "talks", "typing_frame"]


@dataclass
class Actor:
    """A person with one device and one session. `token` is the cookie's 32 bytes."""

    person: UUID
    device: UUID
    session: UUID
    token: bytes
    counters: dict[bytes, int] = field(default_factory=dict)
    """Conversation → the counter that the device used last."""

    @property
    def cookie(self) -> str:
        """The `Cookie` header."""
        return "__Host-beep=" + base64.urlsafe_b64encode(self.token).rstrip(b"=").decode()

    def next_counter(self, conversation: bytes) -> int:
        """Take the next counter."""
        self.counters[conversation] = self.counters.get(conversation, 0) + 1
        return self.counters[conversation]


@dataclass(frozen=True)
class Talk:
    """A conversation in generation 1, epoch 1, with its begin at seq 1."""

    id: bytes
    group_id: bytes
    group_ref: int


def actors(count: int) -> list[Actor]:
    """That many people, each signed in on a device."""
    now = clock.now()
    made = [Actor(uuid4(), uuid4(), uuid4(), os.urandom(32)) for _ in range(count)]
    Person.objects.bulk_create(
        Person(
            id=a.person,
            login=f"p{a.person.hex[:20]}",
            personnel_number=f"N-{a.person.hex[:20].upper()}",
            name_latin="Some Person",
            state=Person.State.ACTIVE,
            created_at=now,
            changed_at=now,
        )
        for a in made
    )
    Device.objects.bulk_create(
        Device(
            id=a.device,
            person_id=a.person,
            name="browser",
            kind=Device.Kind.REGULAR,
            signature_key=os.urandom(32),
            listed_in=1,
            added_at=now,
        )
        for a in made
    )
    Session.objects.bulk_create(
        Session(
            id=a.session,
            token_hash=hashlib.sha256(a.token).digest(),
            person_id=a.person,
            device_id=a.device,
            created_at=now,
            last_used_at=now,
            expires_at=now + timedelta(days=30),
        )
        for a in made
    )
    return made


def talk(members: Sequence[Actor], *, kind: ConversationKind = ConversationKind.DIRECT) -> Talk:
    """A begun conversation of these people; `members[0]` began it with counter 1."""
    return talks([members], kind=kind)[0]


def talks(
    groups: Sequence[Sequence[Actor]], *, kind: ConversationKind = ConversationKind.DIRECT
) -> list[Talk]:
    """Many at once."""
    now, time_ms = clock.now(), clock.now_ms()
    ids = [uuid4() for _ in groups]
    pairs = [sorted((a.person for a in members), key=lambda p: p.bytes)[:2] for members in groups]
    direct = kind is ConversationKind.DIRECT
    Conversation.objects.bulk_create(
        Conversation(
            id=id_,
            kind=kind,
            person_a_id=low if direct else None,
            person_b_id=high if direct else None,
            last_seq=1,
            generation=1,
            epoch=1,
            created_at=now,
        )
        for id_, (low, high) in zip(ids, pairs, strict=True)
    )
    members_of = list(zip(ids, groups, strict=True))
    Participant.objects.bulk_create(
        Participant(conversation_id=id_, person_id=a.person, joined_at=now)
        for id_, members in members_of
        for a in members
    )
    rows = Group.objects.bulk_create(
        Group(
            conversation_id=id_,
            generation=1,
            group_id=os.urandom(32),
            policy=b"policy",
            suite=0x0053,
            begun_seq=1,
            created_by=members[0].device,
        )
        for id_, members in members_of
    )
    Leaf.objects.bulk_create(
        Leaf(
            group=row, leaf_index=index, device_id=a.device, signature_key=os.urandom(32), person_id=a.person
        )
        for row, members in zip(rows, groups, strict=True)
        for index, a in enumerate(members)
    )
    Sender.objects.bulk_create(
        Sender(
            conversation_id=id_,
            device_id=a.device,
            last_counter=1 if a is members[0] else 0,
            generation=1,
        )
        for id_, members in members_of
        for a in members
    )
    Envelope.objects.bulk_create(_begin(id_, members[0].device, time_ms) for id_, members in members_of)
    for id_, members in members_of:
        members[0].counters[id_.bytes] = 1
    return [Talk(id_.bytes, row.group_id, row.pk) for id_, row in zip(ids, rows, strict=True)]


def _begin(conversation: UUID, device: UUID, time_ms: int) -> Envelope:
    body = b"begin"
    body_hash = hashlib.sha256(body).digest()
    facts = {"generation": 1, "epoch": 0, "kind": protocol.BEGIN, "counter": 1, "time_ms": time_ms}
    hash_ = formats.envelope_hash(
        conversation=conversation.bytes, seq=1, device=device.bytes, body_hash=body_hash, **facts
    )
    return Envelope(
        conversation_id=conversation,
        seq=1,
        device_id=device,
        body=body,
        body_hash=body_hash,
        hash=hash_,
        **facts,
    )


def typing_frame(chat: Talk, *, leaf: int, epoch: int = 1) -> protocol.Typing:
    """A typing frame that the server takes for sealed."""
    return protocol.Typing(
        conversation=chat.id, generation=1, epoch=epoch, leaf=leaf, counter=1, body=b"sealed"
    )


def fill(chat: Talk, actor: Actor, *, count: int, size: int) -> None:
    """`count` envelopes from seq 2 on, written directly."""
    data = body(chat.group_id, size=size)
    Envelope.objects.bulk_create(
        Envelope(
            conversation_id=UUID(bytes=chat.id),
            seq=seq,
            generation=1,
            epoch=1,
            kind=1,
            device_id=actor.device,
            counter=seq,
            time_ms=seq,
            body=data,
            body_hash=bytes(32),
            hash=seq.to_bytes(32, "big"),
        )
        for seq in range(2, count + 2)
    )
    Conversation.objects.filter(id=UUID(bytes=chat.id)).update(last_seq=count + 1)
    Sender.objects.filter(device_id=actor.device).update(last_counter=count + 1)
