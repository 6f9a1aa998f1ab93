"""Long-poll: POSTs that are not as they should be, or take longer than they may."""

import asyncio
from collections.abc import Callable

import pytest

from accounts.models import Session
from beep import bodies, clock
from messaging import polling, protocol
from messaging.engine import limits, polls
from messaging.engine.runtime import Engine
from tests.messaging.engine.factory import Actor, Talk
from tests.messaging.engine.poller import Poller, Request

Pair = tuple[Actor, Actor, Talk]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the loop will bring about."""
    for _ in range(6_000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


PING = protocol.encode(protocol.Ping(id=2))
HELLO = protocol.encode(protocol.Hello(id=1, minor=0))
MANY = [protocol.encode(protocol.Ping(id=n)) for n in range(2, 66)]


BAD_BODIES = [
    (b"", (400, "bad_request")),
    (b"\0\0\0", (400, "bad_request")),
    (polls.pack([HELLO])[:-1], (400, "bad_request")),
    (polls.pack([HELLO, PING]) + b"\0", (400, "bad_request")),
    (b"\xff\xff\xff\xff" + HELLO, (400, "bad_request")),
    (polls.pack([HELLO, *MANY]), (413, "too_large")),
    (polls.pack([HELLO, bytes(protocol.MAX_FRAME + 1)]), (413, "too_large")),
    (bytes(polling.MAX_BYTES + 1), (413, "too_large")),
]


async def test_bad_bodies_are_refused_whole(engine: Engine, pair: Pair) -> None:
    for body_, refusal in BAD_BODIES:
        request = Poller(pair[0]).request()
        half = len(body_) // 2
        await request.say(body_[:half], more=True)
        await request.say(body_[half:])
        assert (await request.answer()).refusal == (*refusal, None), body_[:20]
    assert engine.connections == 0


BAD_HEADS = [
    ({"content-type": "application/json"}, 400),
    ({"content-type": ""}, 400),
    ({"origin": "https://evil.example"}, 403),
    ({"origin": ""}, 403),
    ({"origin": "null"}, 403),
    ({"cookie": ""}, 401),
    ({"cookie": "__Host-beep=" + "A" * 43}, 401),
    ({"content-length": "99999999999"}, 413),
    ({"content-length": "-1"}, 400),
    ({"beep-poll": "x"}, 400),
    ({"beep-hold": "1.5"}, 400),
    ({"beep-hold": "1000"}, 400),
    ({"beep-poll": "A" * 22 + ".01"}, 400),
    # A good name, and frames beside it.
    ({"beep-poll": "A" * 22 + ".1"}, 400),
]


async def test_bad_heads_are_refused(engine: Engine, pair: Pair) -> None:
    for headers, status in BAD_HEADS:
        request = Poller(pair[0]).request(**headers)
        await request.say(polls.pack([HELLO, PING]))
        assert (await request.answer()).status == status, headers


async def test_only_posts(engine: Engine, pair: Pair) -> None:
    poller = Poller(pair[0])
    request = Request({"cookie": poller.actor.cookie}, method="GET", origin=poller.origin)
    await request.say(b"")
    reply = await request.answer()
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


async def test_a_violation_is_answered_and_ends_the_line(engine: Engine, pair: Pair) -> None:
    """What comes behind it is not looked at: frames after the close."""
    for frames in ([PING, HELLO], [HELLO, b"\xc1", PING], [HELLO, PING, PING]):
        request = Poller(pair[0]).request()
        await request.say(polls.pack(frames))
        reply = await request.answer()
        assert reply.headers["beep-close"] == str(protocol.CLOSE_NOT_ALLOWED)
        refusals = [frame for frame in reply.frames if isinstance(frame, protocol.Refused)]
        assert [refusal.code for refusal in refusals] in (["protocol_violation"], ["hello_first"])


async def test_bodies_are_bounded_in_time_and_number(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    poller = Poller(pair[0])
    slow = [poller.request(**{"content-length": "10"}) for _ in range(polls.MAX_ASKING)]
    for request in slow:
        await request.say(b"\0", more=True)
    await until(lambda: engine.polls._asking.get(pair[0].device.bytes) == polls.MAX_ASKING)
    assert (await poller.post(protocol.Ping(id=2))).refusal[1] == "rate_limited"
    for request in slow:
        await request.hang_up()
    monkeypatch.setattr(bodies, "PATIENCE", 0.05)
    late = poller.request(**{"content-length": "10"})
    await late.say(b"\0", more=True)
    assert (await late.answer()).refusal[:2] == (400, "bad_request")
    assert (await poller.post(protocol.Ping(id=2))).status == 200


async def test_a_session_that_ends_while_the_body_comes_asks_nothing(
    engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "POLL", 0.05)
    one, _, _ = pair
    whole = polls.pack([HELLO, PING])
    request = Poller(one).request()
    await request.say(whole[:5], more=True)
    await until(lambda: engine.polls._asking.get(one.device.bytes) == 1)
    await Session.objects.filter(id=one.session).aupdate(ended_at=clock.now())
    await asyncio.sleep(2 * limits.POLL)
    await request.say(whole[5:])
    assert (await request.answer()).refusal[2] == protocol.CLOSE_REVOKED
    assert engine.polls._asking == {}
