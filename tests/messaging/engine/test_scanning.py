"""The scanner and the library behind it take in the same as the library alone, however the bytes come."""

import os
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.speedups import apply_mask

from messaging.servers.scanning import Scanner

LIMIT = 3_000


def encoded(
    opcode: int, payload: bytes, *, fin: bool = True, reserved: int = 0, masked: bool = True
) -> bytes:
    """A client's frame, or what a hostile one sends instead."""
    size = len(payload)
    if size < 126:
        length = bytes((size,))
    else:
        length = struct.pack(">BH", 126, size) if size < 1 << 16 else struct.pack(">BQ", 127, size)
    head = bytes((fin << 7 | reserved | opcode, length[0] | masked << 7)) + length[1:]
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + apply_mask(payload, mask)


class Library:
    """websockets' protocol behind its handshake, as uvicorn drives it."""

    def __init__(self) -> None:
        self.protocol = ServerProtocol(max_size=LIMIT, state=State.OPEN)
        self.messages: list[bytes] = []
        self._parts: list[bytes] = []

    def take(self, data: bytes) -> None:
        self.protocol.receive_data(data)
        for event in self.protocol.events_received():
            assert isinstance(event, Frame)
            if event.opcode in (Opcode.CONT, Opcode.TEXT, Opcode.BINARY):
                self._parts.append(bytes(event.data))
                if event.fin:
                    self.messages.append(b"".join(self._parts))
                    self._parts = []

    def end(self) -> tuple[State, object, bytes]:
        """The connection's state, its close frame, and what is to be sent."""
        return self.protocol.state, self.protocol.close_sent, b"".join(self.protocol.data_to_send())


def whole(scanner: Scanner) -> Iterator[bytes]:
    """All messages that are there; the library gets everything else."""
    while (message := scanner.next()) is not None or scanner.more:
        if message is not None:
            yield message


frames = st.one_of(
    st.builds(encoded, st.just(2), st.binary(max_size=40)),
    st.builds(encoded, st.just(2), st.integers(100, 300).map(os.urandom)),
    st.builds(encoded, st.sampled_from([0, 1, 2]), st.binary(max_size=8), fin=st.booleans()),
    st.builds(encoded, st.sampled_from([9, 10]), st.binary(max_size=8)),
    # What ends a connection.
    st.builds(encoded, st.just(8), st.just(b"\x03\xe8")),
    st.builds(encoded, st.just(2), st.just(bytes(LIMIT + 1))),
    st.builds(encoded, st.integers(0, 15), st.binary(max_size=8), fin=st.booleans(), reserved=st.just(0x40)),
    st.builds(encoded, st.integers(0, 15), st.binary(max_size=8), masked=st.booleans()),
    st.binary(min_size=1, max_size=30),
)


@given(st.lists(frames, max_size=12), st.lists(st.integers(1, 200), min_size=1, max_size=40))
def test_it_takes_in_what_the_library_alone_takes_in(parts: list[bytes], steps: list[int]) -> None:
    data = b"".join(parts)
    alone, behind = Library(), Library()
    scanner = Scanner(behind.take, limit=LIMIT)
    at = turn = 0
    while at < len(data):
        step = steps[turn % len(steps)]
        alone.take(data[at : at + step])
        scanner.add(data[at : at + step])
        for message in whole(scanner):
            behind.messages.append(message)
        at, turn = at + step, turn + 1
    assert behind.messages == alone.messages
    assert behind.end() == alone.end()


def test_a_large_message_comes_whole_out_of_small_pieces() -> None:
    payload = os.urandom(1 << 20)
    frame = encoded(2, payload) + encoded(2, b"next")
    scanner, messages = Scanner(lambda data: None, limit=1 << 21), list[bytes]()
    for at in range(0, len(frame), 16):
        scanner.add(frame[at : at + 16])
        messages += whole(scanner)
    assert messages == [payload, b"next"]


def test_who_rests_keeps_no_room_for_what_was_read() -> None:
    scanner = Scanner(lambda data: None, limit=1 << 21)
    scanner.add(encoded(2, os.urandom(1 << 20)))
    assert len(list(whole(scanner))) == 1
    assert not len(scanner)
    scanner.add(encoded(8, b"\x03\xe8") + os.urandom(1_000))
    assert list(whole(scanner)) == []
    assert not len(scanner), "what is the library's is not kept here"


@pytest.mark.parametrize("head", [b"\x82\xfe\x00\x7d", b"\x82\xff" + (65_535).to_bytes(8, "big")])
def test_a_length_in_more_bytes_than_it_needs_is_the_librarys(head: bytes) -> None:
    """RFC 6455 §5.2 forbids it; Autobahn ends the connection over it."""
    given_on: list[bytes] = []
    scanner = Scanner(given_on.append, limit=1 << 20)
    scanner.add(head + bytes(4))
    assert list(whole(scanner)) == []
    assert b"".join(given_on) == head + bytes(4)
