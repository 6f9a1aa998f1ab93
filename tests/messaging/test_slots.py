"""Slots: only a member at its own leaf puts them, signed, in the current epoch, with a rising counter."""

from typing import Any

import pytest

from accounts.signing import Label, sign
from beep import clock
from beep.errors import BeepError
from messaging import formats, notices, protocol, slots
from messaging.models import Sender, SlotRow
from tests.messaging.mls_factory import Client
from tests.messaging.world import Direct, Human, begun, direct, human

pytestmark = pytest.mark.django_db


def sealed(talk: Direct, client: Client, *, epoch: int, leaf: int, counter: int, group_id: bytes) -> bytes:
    nonce, ciphertext = bytes(12), bytes(24)
    associated = formats.slot_associated_data(
        label="read", group_id=group_id, epoch=epoch, leaf=leaf, counter=counter
    )
    content = formats.slot_signed(associated_data=associated, nonce=nonce, ciphertext=ciphertext)
    signature = sign(key=client.key, label=Label.SLOT, content=content)
    return formats.SlotBody(nonce, ciphertext, signature).encode()


def frame(talk: Direct, by: Human, **changes: Any) -> protocol.SlotPut:
    leaves = {leaf.device: index for index, leaf in talk.leaves.items()}
    place = {"epoch": talk.row.epoch, "leaf": leaves.get(by.client.device, 0), "counter": 1}
    place.update({name: changes.pop(name) for name in list(changes) if name in place})
    fields: dict[str, Any] = {
        "id": 1,
        "conversation": talk.id.bytes,
        "generation": talk.row.generation,
        "name": "read",
        "body": sealed(talk, by.client, **place, group_id=talk.group.group_id),
        **place,
        **changes,
    }
    return protocol.SlotPut(**fields)


def put(talk: Direct, by: Human, **changes: Any) -> protocol.Slot:
    return slots.put(device=by.client.device, frame=frame(talk, by, **changes), now_ms=clock.now_ms())


def refused(talk: Direct, by: Human, **changes: Any) -> str:
    before = talk.snapshot()
    with pytest.raises(BeepError) as error:
        put(talk, by, **changes)
    assert talk.snapshot() == before
    return error.value.code


def test_put_and_fetch() -> None:
    talk = begun()
    first = put(talk, talk.alice)
    newer = put(talk, talk.alice, counter=5)
    other = put(talk, talk.bob)
    assert first.counter == 1
    Sender.objects.filter(device_id=talk.bob.client.device).update(delivered_seq=1)
    stored, delivered = slots.fetch(person=talk.bob.id, conversation=talk.id)
    assert sorted(stored, key=lambda slot: slot.counter) == [other, newer]
    assert delivered == [protocol.DeliveredMark(device=talk.bob.client.device.bytes, seq=1)]


def test_the_counter_rises() -> None:
    talk = begun()
    put(talk, talk.alice, counter=5)
    assert refused(talk, talk.alice, counter=5) == "slot_old"
    assert refused(talk, talk.alice, counter=4) == "slot_old"
    assert put(talk, talk.alice, counter=6).counter == 6
    assert SlotRow.objects.count() == 1


def test_only_at_ones_own_leaf_in_the_current_group() -> None:
    talk = begun()
    assert refused(talk, talk.alice, leaf=1) == "forbidden"
    assert refused(talk, talk.alice, leaf=2) == "forbidden"
    assert refused(talk, talk.alice, generation=2) == "generation_conflict"
    assert refused(talk, talk.alice, epoch=0) == "epoch_conflict"
    talk.commit(talk.bob)
    assert refused(talk, talk.alice, epoch=1) == "epoch_conflict"
    assert put(talk, talk.alice).epoch == 2


def test_only_signed_by_the_device() -> None:
    talk = begun()
    forged = sealed(talk, talk.bob.client, epoch=1, leaf=0, counter=1, group_id=talk.group.group_id)
    assert refused(talk, talk.alice, body=forged) == "bad_request"
    moved = sealed(talk, talk.alice.client, epoch=1, leaf=0, counter=1, group_id=talk.group.group_id)
    assert refused(talk, talk.alice, counter=2, body=moved) == "bad_request"
    elsewhere = sealed(talk, talk.alice.client, epoch=1, leaf=0, counter=1, group_id=bytes(32))
    assert refused(talk, talk.alice, body=elsewhere) == "bad_request"
    assert refused(talk, talk.alice, body=moved + b"\0") == "bad_request"
    assert refused(talk, talk.alice, body=b"x") == "bad_request"
    put(talk, talk.alice)


def test_strangers() -> None:
    talk, mallory = begun(), human()
    assert refused(talk, mallory) == "not_a_member"
    with pytest.raises(BeepError) as error:
        slots.fetch(person=mallory.id, conversation=talk.id)
    assert error.value.code == "not_a_member"


def test_before_any_group() -> None:
    talk = direct()
    put_frame = protocol.SlotPut(
        id=1,
        conversation=talk.id.bytes,
        generation=1,
        epoch=1,
        leaf=0,
        name="read",
        counter=1,
        body=b"x",
    )
    with pytest.raises(BeepError) as error:
        slots.put(device=talk.alice.client.device, frame=put_frame, now_ms=clock.now_ms())
    assert error.value.code == "generation_conflict"
    assert slots.fetch(person=talk.alice.id, conversation=talk.id) == ([], [])


def test_the_others_hear_of_it(django_capture_on_commit_callbacks: Any) -> None:
    talk = begun()
    heard: list[notices.AnyNotice] = []
    former = notices.set_publisher(heard.append)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            slot = put(talk, talk.alice)
    finally:
        notices.set_publisher(former)
    assert heard == [notices.SlotChanged(conversation=talk.id.bytes, slot=slot)]
