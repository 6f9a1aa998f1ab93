"""The hub alone: order, gaps, repeats, and who belongs where."""

import asyncio

from messaging import protocol
from messaging.engine import limits
from messaging.engine.frames import Outgoing, framed
from messaging.engine.hub import Hub, Room


class Listener:
    """A member that writes down what it hears."""

    def __init__(self, name: int, *, person: int | None = None) -> None:
        self.device = self.session = bytes([name]) * 16
        self.person = bytes([name if person is None else person]) * 16
        self.order = 0
        self.wakes = False
        self.rooms: set[Room] = set()
        self.live = True
        self.heard: list[bytes] = []
        self.code: int | None = None

    def event(self, outgoing: Outgoing) -> None:
        self.heard.append(outgoing.payload)

    def close(self, code: int) -> None:
        self.code = code


def state(conversation: bytes, last_seq: int) -> protocol.ConversationState:
    return protocol.ConversationState(
        conversation=conversation,
        kind="direct",
        persons=[],
        last_seq=last_seq,
        generation=1,
        epoch=1,
        group_id=bytes(32),
        blocked=False,
        orders=0,
        frozen_seq=None,
        left=False,
    )


CHAT = b"c" * 16


def hub_with(listener: Listener, *, last_seq: int = 1) -> tuple[Hub, list[Room]]:
    repaired: list[Room] = []
    hub = Hub(repaired.append)
    hub.add(listener)
    hub.join(listener, state(CHAT, last_seq))
    return hub, repaired


def deliver(hub: Hub, first: int, last: int | None = None) -> None:
    last = last or first
    hub.deliver(CHAT, first, last, Outgoing(f"{first}-{last}".encode()))


async def test_what_comes_early_waits_for_its_turn() -> None:
    listener = Listener(1)
    hub, repaired = hub_with(listener)
    deliver(hub, 4, 5)
    deliver(hub, 3)
    assert listener.heard == []
    deliver(hub, 2)
    assert listener.heard == [b"2-2", b"3-3", b"4-5"]
    await asyncio.sleep(limits.HOLD_SECONDS * 2)
    assert repaired == []


async def test_what_came_is_not_passed_on_again() -> None:
    listener = Listener(1)
    hub, _ = hub_with(listener, last_seq=3)
    for first, last in ((2, 2), (2, 3), (4, 4), (4, 4), (3, 4)):
        deliver(hub, first, last)
    assert listener.heard == [b"4-4"]


async def test_a_gap_that_stays_is_repaired_once() -> None:
    listener = Listener(1)
    hub, repaired = hub_with(listener)
    deliver(hub, 3)
    deliver(hub, 5)
    assert repaired == []
    await asyncio.sleep(limits.HOLD_SECONDS * 3)
    assert [room.conversation for room in repaired] == [CHAT]
    # What the repair reads comes in the same way.
    deliver(hub, 2, 5)
    assert listener.heard == [b"2-5"]


async def test_too_much_behind_a_gap_is_not_kept() -> None:
    listener = Listener(1)
    hub, repaired = hub_with(listener)
    for seq in range(3, limits.HOLD + 5):
        deliver(hub, seq)
    assert len(repaired) == 1
    assert len(hub.rooms[CHAT].held) < limits.HOLD


async def test_a_join_that_knows_more_repairs_the_room() -> None:
    first, second = Listener(1), Listener(2)
    hub, repaired = hub_with(first)
    hub.add(second)
    hub.join(second, state(CHAT, 4))
    await asyncio.sleep(limits.HOLD_SECONDS * 3)
    assert [room.conversation for room in repaired] == [CHAT]


async def test_rooms_end_with_their_last_member() -> None:
    first, second = Listener(1), Listener(2)
    hub, repaired = hub_with(first)
    hub.add(second)
    hub.join(second, state(CHAT, 1))
    deliver(hub, 3)
    hub.remove(first)
    hub.remove(first)
    assert list(hub.rooms) == [CHAT]
    hub.remove(second)
    assert (hub.rooms, hub.persons, hub.devices) == ({}, {}, {})
    await asyncio.sleep(limits.HOLD_SECONDS * 2)
    assert repaired == []


async def test_a_second_socket_of_a_device_takes_over() -> None:
    old, new, other = Listener(1), Listener(1), Listener(2, person=1)
    hub, _ = hub_with(old)
    hub.add(other)
    assert hub.add(new) is old
    hub.remove(old)
    assert hub.devices[new.device] is new
    hub.to_persons([new.person], protocol.MailWaiting(last=1))
    assert (len(old.heard), len(new.heard), len(other.heard)) == (0, 1, 1)


async def test_a_changed_conversation_takes_its_persons_in() -> None:
    listener, stranger = Listener(1), Listener(2)
    hub = Hub(lambda room: None)
    for member in (listener, stranger):
        hub.add(member)
    hub.changed(state(CHAT, 1), [listener.person, b"x" * 16])
    deliver(hub, 1)
    assert len(listener.heard) == 2
    assert stranger.heard == []


def test_headers_of_each_length() -> None:
    for size, header in ((0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)):
        data = framed(bytes(size))
        assert data[0] == 0x82
        assert len(data) == size + header
        length = data[1] if header == 2 else int.from_bytes(data[2:header], "big")
        assert length == size
