"""The hot path's shortcuts say the same as the readers that they stand for."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beep.errors import BeepError
from beep.tls import TlsError
from messaging import formats, protocol
from messaging.engine import arrays
from messaging.engine.batch import application_hash
from messaging.engine.submission import Submission, _is_authenticated_data
from tests.messaging.engine.bodies import body

GOOD = formats.AuthenticatedData(7, bytes(range(32)), bytes(range(32)), ()).encode()


def by_the_reader(data: bytes) -> bool:
    try:
        read = formats.AuthenticatedData.decode(data)
    except TlsError:
        return False
    return len(read.franking_tag) == 32 and not read.order_hashes


@given(
    seen=st.integers(0, (1 << 64) - 1),
    place=st.integers(0, len(GOOD) - 1),
    value=st.integers(0, 255),
    cut=st.integers(0, 3),
    more=st.binary(max_size=2),
)
def test_authenticated_data_is_judged_as_the_reader_does(
    seen: int, place: int, value: int, cut: int, more: bytes
) -> None:
    spoilt = bytearray(GOOD)
    spoilt[2:10] = seen.to_bytes(8, "big")
    spoilt[place] = value
    for data in (bytes(spoilt), bytes(spoilt[: len(spoilt) - cut]) + more, GOOD[: len(GOOD) - cut] + more):
        assert _is_authenticated_data(data) == by_the_reader(data), data.hex()


def test_authenticated_data_of_other_shapes() -> None:
    for franking, orders in ((b"", ()), (bytes(32), (bytes(32),)), (b"", (bytes(32),))):
        data = formats.AuthenticatedData(7, bytes(32), franking, orders).encode()
        assert _is_authenticated_data(data) == by_the_reader(data)
    assert _is_authenticated_data(GOOD)


def test_the_envelope_hash_is_that_of_the_formats() -> None:
    group_id, device = os.urandom(32), os.urandom(16)
    frame = protocol.Send(
        id=1,
        conversation=os.urandom(16),
        generation=3,
        epoch=1,
        counter=(1 << 53) - 1,
        body=body(group_id),
    )
    submission = Submission(
        frame, device=device, person=os.urandom(16), session=bytes(16), resolve=lambda _: None
    )
    assert application_hash(submission, seq=9, time_ms=1_700_000_000_000) == formats.envelope_hash(
        conversation=frame.conversation,
        seq=9,
        generation=3,
        epoch=1,
        kind=protocol.APPLICATION,
        device=device,
        counter=frame.counter,
        time_ms=1_700_000_000_000,
        body_hash=submission.body_hash,
    )


@given(st.binary(max_size=400))
def test_bytes_at_random_are_refused_with_a_code(data: bytes) -> None:
    frame = protocol.Send(id=1, conversation=bytes(16), generation=1, epoch=1, counter=1, body=data)
    with pytest.raises(BeepError) as refused:
        Submission(frame, device=bytes(16), person=bytes(16), session=bytes(16), resolve=lambda _: None)
    assert refused.value.code == "frame_refused"
    assert refused.value.detail["rule"]


def test_columns_of_nothing() -> None:
    assert arrays.uuids([])[-8:-4] == bytes(4)
    assert arrays.ints([])[-8:-4] == bytes(4)
    assert arrays.byteas([])[-8:-4] == bytes(4)
