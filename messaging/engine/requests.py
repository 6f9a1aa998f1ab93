"""What each request asks of the database and the services, and its answer."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db import OperationalError
from psycopg_pool import PoolTimeout

from beep import clock
from beep.errors import BeepError
from messaging import conversations, mailbox, orders, petitions, protocol, reports, restore, slots
from messaging.engine import limits, reads, signals
from messaging.engine.database import AWAY
from messaging.engine.frames import Outgoing
from messaging.handshakes import LostEpochError

if TYPE_CHECKING:
    from messaging.engine.socket import Socket

UNAVAILABLE: Final = (*AWAY, PoolTimeout, OperationalError)
"""The database is away or has no connection left: worth another try."""


async def answer(socket: "Socket", frame: protocol.Request) -> protocol.Answer:
    """The answer to anything but `hello` and `send`. Raises BeepError for a refusal, and `UNAVAILABLE`."""
    match frame:
        case protocol.Resume():
            return await _resume(socket, frame)
        case protocol.Fetch():
            return await _fetch(socket, frame)
        case protocol.Hashes():
            return await _hashes(socket, frame)
        case protocol.Commit() | protocol.Begin():
            return await _handshake(socket, frame)
        case protocol.MailFetch():
            return await _mail(socket, frame)
        case protocol.MailAck():
            await socket.slowly(mailbox.ack, device=UUID(bytes=socket.device), seq=frame.seq)
        case protocol.SlotPut():
            await socket.slowly(
                slots.put, device=UUID(bytes=socket.device), frame=frame, now_ms=clock.now_ms()
            )
        case protocol.SlotsFetch():
            return await _slots(socket, frame)
        case protocol.OrdersFetch():
            return await _orders(socket, frame)
        case protocol.Rejoin() | protocol.Leave() | protocol.ReportCommit():
            await _petition(socket, frame)
        case protocol.Reupload():
            last_seq = await socket.slowly(
                restore.reupload, device=UUID(bytes=socket.device), frame=frame, now_ms=clock.now_ms()
            )
            return protocol.Reuploaded(re=frame.id, conversation=frame.conversation, last_seq=last_seq)
        case protocol.Ping():
            pass
        case _:
            raise AssertionError(type(frame))
    return protocol.Ok(re=frame.id)


def hello(socket: "Socket", frame: protocol.Hello) -> protocol.Ready | BeepError:
    """Who the device is, and what will be spoken. A socket that listens is registered from here on."""
    if socket.minor >= 0:
        return BeepError("bad_request", "This socket has said hello.")
    socket.minor = min(frame.minor, protocol.MINOR)
    if socket.listens:
        socket.engine.register(socket)
    return protocol.Ready(
        re=frame.id, minor=socket.minor, time=clock.now_ms(), person=socket.person, device=socket.device
    )


async def _resume(socket: "Socket", frame: protocol.Resume) -> protocol.Behind:
    """Join every conversation that the person is in, and name those that the cursors are behind in.

    The rooms are joined with what the same query said about each log's end, so that nothing can fall between
    `behind` and the first event: a room that knows less finds the rest by itself, one that knows more says so
    in `behind`, and the log of one that is new is looked at once more (`repair`).

    A conversation without an envelope is joined and not named: the partner of somebody who has only looked
    them up must not learn of it. Whoever opened it has it from the answer to that request.
    """
    database, cursors = socket.engine.database, {c.conversation: c.seq for c in frame.cursors}
    states, end = await asyncio.gather(
        reads.states(database, person=socket.person), reads.mailbox_end(database, device=socket.device)
    )
    if not socket.listens:
        raise BeepError("bad_request", "This socket only asks.")
    if socket.outlet.closed is None:
        join = socket.engine.hub.join
        states = [state if state.left else join(socket, state) for state in states]
    socket.mailbox = end
    behind = [s for s in states if s.blocked or s.orders or s.last_seq != cursors.get(s.conversation, 0)]
    first, rest = _what_fits(behind)
    if rest:
        # Behind the answer, which goes out when this one has returned.
        asyncio.get_running_loop().call_soon(_tell, socket, rest)
    return protocol.Behind(re=frame.id, conversations=first, mailbox=end)


def _what_fits(
    states: list[protocol.ConversationState],
) -> tuple[list[protocol.ConversationState], list[protocol.ConversationState]]:
    """As many states as one frame may carry, and the others."""
    room = protocol.MAX_FRAME - limits.STATE_BYTES
    for index, state in enumerate(states):
        room -= limits.STATE_BYTES + 18 * len(state.persons)
        if room < 0:
            return states[:index], states[index:]
    return states, []


def _tell(socket: "Socket", states: list[protocol.ConversationState]) -> None:
    for state in states:
        socket.event(Outgoing.of(protocol.ConversationChanged(state=state)))


async def _fetch(socket: "Socket", frame: protocol.Fetch) -> protocol.Page:
    async with socket.pages:
        await _readable(socket)
        envelopes, last_seq = await reads.page(
            socket.engine.database,
            conversation=frame.conversation,
            person=socket.person,
            device=socket.device,
            after=frame.after,
            limit=frame.limit,
        )
    return protocol.Page(re=frame.id, conversation=frame.conversation, envelopes=envelopes, last_seq=last_seq)


async def _readable(socket: "Socket") -> None:
    """Wait until the reader has taken most of what it was sent, so that pages do not pile up.

    Closes with 4408 when it takes nothing for `limits.PAGE_PATIENCE` seconds.
    """
    waited = 0.0
    while socket.outlet.buffered() > limits.BUFFER_LOW:
        if waited > limits.PAGE_PATIENCE:
            socket.close(protocol.CLOSE_TOO_SLOW)
            raise BeepError("busy", retry_after=limits.BUSY_RETRY)
        await asyncio.sleep(0.02)
        waited += 0.02


async def _hashes(socket: "Socket", frame: protocol.Hashes) -> protocol.HashList:
    found = await reads.hashes(
        socket.engine.database,
        conversation=frame.conversation,
        person=socket.person,
        after=frame.after,
        until=frame.until,
    )
    return protocol.HashList(re=frame.id, conversation=frame.conversation, after=frame.after, hashes=found)


async def _handshake(socket: "Socket", frame: protocol.Commit | protocol.Begin) -> protocol.Sent:
    device, now_ms = UUID(bytes=socket.device), clock.now_ms()
    if isinstance(frame, protocol.Commit):
        work = socket.slowly(conversations.commit, device=device, frame=frame, now_ms=now_ms)
    else:
        work = socket.slowly(conversations.begin, device=device, frame=frame, now_ms=now_ms)
    try:
        accepted = await work
    except LostEpochError as lost:
        if not lost.changes:
            raise
        ahead = socket.engine.contention.lost(frame.conversation, socket.device)
        detail = {**lost.detail, "ahead": ahead}
        wait = min(ahead * limits.COMMIT_STEP, limits.COMMIT_WAIT)
        raise BeepError(lost.code, detail=detail, retry_after=wait) from lost
    socket.engine.contention.won(frame.conversation, socket.device)
    return protocol.Sent(re=frame.id, seq=accepted.envelope.seq, time=accepted.envelope.time)


async def _mail(socket: "Socket", frame: protocol.MailFetch) -> protocol.MailPage:
    await _readable(socket)
    items, last = await socket.slowly(mailbox.fetch, device=UUID(bytes=socket.device), after=frame.after)
    return protocol.MailPage(re=frame.id, items=items, last=last)


async def _slots(socket: "Socket", frame: protocol.SlotsFetch) -> protocol.Slots:
    found, delivered = await socket.slowly(
        slots.fetch, person=UUID(bytes=socket.person), conversation=UUID(bytes=frame.conversation)
    )
    return protocol.Slots(re=frame.id, conversation=frame.conversation, slots=found, delivered=delivered)


async def _orders(socket: "Socket", frame: protocol.OrdersFetch) -> protocol.Orders:
    items = await socket.slowly(
        orders.fetch, person=UUID(bytes=socket.person), conversation=UUID(bytes=frame.conversation)
    )
    return protocol.Orders(re=frame.id, conversation=frame.conversation, items=items)


async def _petition(
    socket: "Socket", frame: protocol.Rejoin | protocol.Leave | protocol.ReportCommit
) -> None:
    device, now_ms, call = UUID(bytes=socket.device), clock.now_ms(), socket.slowly
    match frame:
        case protocol.Rejoin():
            await call(petitions.rejoin, device=device, frame=frame, now_ms=now_ms)
        case protocol.Leave():
            await call(petitions.leave, device=device, frame=frame, now_ms=now_ms)
        case protocol.ReportCommit():
            await call(reports.report_commit, device=device, frame=frame, now_ms=now_ms)


async def acknowledged(socket: "Socket", frame: protocol.Ack) -> None:
    """Note what a socket outside the hub has stored; the database says which conversations are its own.

    A note: what cannot be read is dropped, and the next one covers it.
    """
    wanted = [cursor.conversation for cursor in frame.cursors]
    with suppress(*UNAVAILABLE):
        own = await reads.own(socket.engine.database, person=socket.person, conversations=wanted)
        socket.engine.delivered.add(socket.device, [c for c in frame.cursors if c.conversation in own])


async def typing(socket: "Socket", frame: protocol.Typing) -> None:
    """Pass a sealed typing frame on to the members who can open it. A note: what is wrong is dropped.

    The leaf map is read once an epoch, not once a frame.
    """
    room = socket.engine.hub.rooms.get(frame.conversation)
    if room is None or room not in socket.rooms or room.large or not socket.live:
        return
    try:
        leaves = room.leaves or await reads.leaves(socket.engine.database, conversation=frame.conversation)
    except UNAVAILABLE:
        return
    room.leaves = leaves
    if (frame.generation, frame.epoch) != (leaves.generation, leaves.epoch):
        return
    if leaves.of.get(socket.device) != frame.leaf:
        return
    event = protocol.TypingEvent(
        conversation=frame.conversation,
        device=socket.device,
        generation=frame.generation,
        epoch=frame.epoch,
        leaf=frame.leaf,
        counter=frame.counter,
        body=frame.body,
    )
    socket.engine.typed(event)
    socket.engine.relay.notify(signals.encode(signals.Typed(event=event)))
