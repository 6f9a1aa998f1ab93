"""Which local socket belongs to whom, and the order in which a conversation's envelopes reach them.

A conversation with local sockets has a `Room`. It passes envelopes on in seq order: what comes from behind a
gap is held back for a moment, because the hint before it may only be late, and is then read from PostgreSQL.
What a room has passed on once is not passed on again.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

import msgspec

from beep import metrics
from messaging import protocol
from messaging.engine import limits
from messaging.engine.frames import Outgoing
from messaging.engine.reads import Leaves

WAKE: Final = b"wake:"
"""With a device's id behind it, the name of the socket that only wakes it (`messaging.wake`)."""


class Member(Protocol):
    """What the hub knows of a socket. Ids are 16 bytes."""

    person: bytes
    device: bytes
    """Its name here: the device's id, behind `WAKE` for one that only wakes."""
    session: bytes
    order: int
    """Of two sockets of a device the one with the higher stays (`precedence`)."""
    wakes: bool
    """It only says that something waits: no envelope reaches anybody through it."""
    rooms: "set[Room]"
    live: bool
    """It has resumed, and gets events."""

    def event(self, outgoing: Outgoing) -> None:
        """Give the socket an event, when it is live."""

    def close(self, code: int) -> None:
        """Close the socket."""


def without_envelope(state: protocol.ConversationState) -> tuple[bool, int, int | None]:
    """What of a state may change without an envelope, so that a cursor does not tell that it has."""
    return state.blocked, state.orders, state.frozen_seq


def is_large(state: protocol.ConversationState) -> bool:
    """Whether slots, marks and typing are left out: a state that names nobody is of a large one."""
    return not state.persons and not state.left


class Room:
    """The sockets of one conversation."""

    __slots__ = ("conversation", "held", "known", "large", "leaves", "members", "readers", "timer", "told")

    def __init__(self, state: protocol.ConversationState, known: int) -> None:
        self.conversation: Final = state.conversation
        self.told = without_envelope(state)
        """What the members were last told beside the log."""
        self.large = is_large(state)
        """Too many persons for what is only nice to know."""
        self.known = known
        """The last seq that was passed on."""
        self.members: Final[set[Member]] = set()
        self.readers = 0
        """Members that do more than wake somebody."""
        self.held: dict[int, tuple[int, Outgoing]] = {}
        """First seq → last seq and frame, behind a gap."""
        self.timer: asyncio.TimerHandle | None = None
        self.leaves: Leaves | None = None
        """Cache for typing; dropped with every change of epoch."""

    def enter(self, member: Member) -> None:
        """Take a socket in; does nothing for one that is in."""
        if member not in self.members:
            self.members.add(member)
            member.rooms.add(self)
            self.readers += not member.wakes

    def drop(self, member: Member) -> None:
        """Let a socket go; does nothing for one that is not in. Its own `rooms` the caller looks after."""
        if member in self.members:
            self.members.discard(member)
            self.readers -= not member.wakes

    def held_bytes(self) -> int:
        """Bytes behind the gap."""
        return sum(len(outgoing.payload) for _, outgoing in self.held.values())

    def pass_on(self, last: int, outgoing: Outgoing) -> None:
        """Give everybody the frame with the envelopes up to `last`."""
        metrics.total.delivered += (last - self.known) * self.readers
        self.known = last
        for member in self.members:
            member.event(outgoing)


class Hub:
    """All rooms of this process. `repair` is asked, once a room, to fetch what is missing behind `known`.

    `look_again` hears of each conversation that was joined with an older look at it: with True when its room
    is ahead of that, so that the socket may be out again, with False when the room begins with it.
    """

    def __init__(
        self,
        repair: Callable[[Room], None],
        *,
        look_again: Callable[[bytes, bool], None] = lambda conversation, ahead: None,
    ) -> None:
        self._repair: Final = repair
        self._look_again: Final = look_again
        self.rooms: Final[dict[bytes, Room]] = {}
        self.persons: Final[dict[bytes, set[Member]]] = {}
        self.devices: Final[dict[bytes, Member]] = {}

    def __len__(self) -> int:
        return len(self.devices)

    def members(self) -> list[Member]:
        """Every local socket."""
        return list(self.devices.values())

    def add(self, member: Member) -> Member | None:
        """Register a socket for its person and device; gives back the socket that it supersedes."""
        former = self.devices.get(member.device)
        if former is not None:
            self.remove(former)
        self.devices[member.device] = member
        self.persons.setdefault(member.person, set()).add(member)
        return former

    def remove(self, member: Member) -> None:
        """Forget a socket; does nothing the second time."""
        if self.devices.get(member.device) is member:
            del self.devices[member.device]
        own = self.persons.get(member.person)
        if own is not None:
            own.discard(member)
            if not own:
                del self.persons[member.person]
        for room in member.rooms:
            room.drop(member)
            if not room.members:
                self._close(room)
        member.rooms.clear()

    def join(self, member: Member, state: protocol.ConversationState) -> protocol.ConversationState:
        """Put a socket into a conversation, with its state as the database has just said it.

        Gives back the state with the log's end as the room knows it: what was committed after the state was
        read may have been passed on already, to everybody but this socket.
        """
        room = self.rooms.get(state.conversation)
        if room is None:
            room = Room(state, state.last_seq)
            self.rooms[state.conversation] = room
            self._look_again(state.conversation, False)
        elif state.last_seq > room.known:
            # The room has not heard of these yet; they are on their way or lost.
            self._expect(room)
        elif state.last_seq < room.known:
            self._look_again(state.conversation, True)
        room.enter(member)
        return state if room.known <= state.last_seq else msgspec.structs.replace(state, last_seq=room.known)

    def changed(self, state: protocol.ConversationState, persons: Iterable[bytes]) -> None:
        """A conversation is new or has another state: tell these persons, and take in who is not yet there.

        A room that begins with a notice begins one envelope before the log's end, so that an envelope which
        is announced together with the state is passed on too. Persons whose state says `left` go out of the
        room; what it has not passed on to them yet they fetch, because the state names their log's end.
        """
        outgoing = Outgoing.of(protocol.ConversationChanged(state=state))
        room = self.rooms.get(state.conversation)
        if state.left:
            for member in list(self._sockets(persons)):
                if room is not None:
                    self.leave(member, room)
                member.event(outgoing)
            return
        for member in self._sockets(persons):
            if room is None:
                room = Room(state, max(0, state.last_seq - 1))
                self.rooms[state.conversation] = room
            room.enter(member)
            member.event(outgoing)
        if room is not None:
            room.told, room.large = without_envelope(state), is_large(state)

    def leave(self, member: Member, room: Room) -> None:
        """Take a socket out of a conversation; does nothing for one that is not in it."""
        room.drop(member)
        member.rooms.discard(room)
        if not room.members:
            self._close(room)

    def deliver(self, conversation: bytes, first: int, last: int, outgoing: Outgoing) -> None:
        """Envelopes first..last have been committed; pass them on when their turn has come."""
        room = self.rooms.get(conversation)
        if room is None or last <= room.known:
            return
        if first > room.known + 1:
            room.held[first] = (last, outgoing)
            if len(room.held) > limits.HOLD or room.held_bytes() > limits.HOLD_BYTES:
                self.repair(room)
            else:
                self._expect(room)
            return
        # Overlap with what was passed on is harmless: a client goes by seq.
        room.pass_on(last, outgoing)
        if room.held:
            self._release(room)

    def _release(self, room: Room) -> None:
        """Pass on what was held back and has its turn now."""
        for first in sorted(room.held):
            if first > room.known + 1:
                return
            last, outgoing = room.held.pop(first)
            if last > room.known:
                room.pass_on(last, outgoing)
        if room.timer is not None:
            room.timer.cancel()
            room.timer = None

    def _expect(self, room: Room) -> None:
        if room.timer is None:
            loop = asyncio.get_running_loop()
            room.timer = loop.call_later(limits.HOLD_SECONDS, self.repair, room)

    def repair(self, room: Room) -> None:
        """Read the gap from the database; what is held back comes from there too."""
        if room.timer is not None:
            room.timer.cancel()
            room.timer = None
        room.held.clear()
        if room.members:
            self._repair(room)

    def _close(self, room: Room) -> None:
        if room.timer is not None:
            room.timer.cancel()
            room.timer = None
        # Not another one that has taken its place meanwhile.
        if self.rooms.get(room.conversation) is room:
            del self.rooms[room.conversation]

    def to_persons(self, persons: Iterable[bytes], event: protocol.Event) -> None:
        """An event for every local socket of these persons."""
        outgoing = Outgoing.of(event)
        for member in self._sockets(persons):
            member.event(outgoing)

    def _sockets(self, persons: Iterable[bytes]) -> Iterator[Member]:
        for person in persons:
            yield from self.persons.get(person, ())

    def to_device(self, device: bytes, event: protocol.Event) -> None:
        """An event for one device, when it is here."""
        outgoing = Outgoing.of(event)
        for member in self.of_device(device):
            member.event(outgoing)

    def of_device(self, device: bytes) -> list[Member]:
        """The sockets of a device: two at most."""
        names = (device, WAKE + device)
        return [member for name in names if (member := self.devices.get(name)) is not None]

    def to_room(self, conversation: bytes, event: protocol.Event, *, but: bytes | None = None) -> None:
        """A slot or mark for a conversation's local sockets, except device `but`; not in a large one."""
        room = self.rooms.get(conversation)
        if room is None or room.large:
            return
        outgoing = Outgoing.of(event)
        for member in room.members:
            if member.device != but:
                member.event(outgoing)
