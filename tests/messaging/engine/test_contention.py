"""Those whose commits lost an epoch stand in line, and are told how many are ahead."""

import msgspec
from asgiref.sync import sync_to_async

from messaging import protocol
from messaging.engine import limits
from messaging.engine.contention import Contention
from messaging.engine.runtime import Engine
from messaging.formats import Role
from tests.messaging.engine.client import Inside
from tests.messaging.engine.test_groups import commit, connected

HERE, THERE = b"c" * 16, b"d" * 16
STEP = limits.COMMIT_STEP


class Hand:
    """A clock that is set by hand, in seconds."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_each_stands_behind_those_who_lost_before() -> None:
    line = Contention(clock=Hand())
    assert [line.lost(HERE, device) for device in (b"a", b"b", b"c")] == [0, 1, 2]
    assert line.lost(THERE, b"a") == 0
    # Who lost again stands at the end.
    assert line.lost(HERE, b"a") == 2
    line.won(HERE, b"b")
    line.won(HERE, b"nobody")
    assert line.lost(HERE, b"d") == 2


def test_who_does_not_come_is_not_waited_for() -> None:
    clock = Hand()
    line = Contention(clock=clock)
    line.lost(HERE, b"a")
    line.lost(HERE, b"b")
    clock.now += 2 * STEP
    assert line.lost(HERE, b"c") == 1
    clock.now += STEP
    assert line.lost(HERE, b"d") == 1
    clock.now += 10 * STEP
    assert line.lost(HERE, b"e") == 0


def test_lines_are_bounded_and_the_oldest_goes_first() -> None:
    line = Contention(clock=Hand())
    for number in range(limits.LINES + 1):
        line.lost(number.to_bytes(16), b"a")
    assert line.lost((0).to_bytes(16), b"b") == 0
    assert line.lost((5).to_bytes(16), b"b") == 1


async def place(client: Inside, frame: protocol.Commit) -> tuple[object, float | None]:
    """Where the refused sender of a frame stands, and how long it waits at most."""
    id_ = client.next_id()
    await client.post(msgspec.structs.replace(frame, id=id_))
    answer = await client.answer(id_)
    assert isinstance(answer, protocol.Refused)
    assert answer.code == "epoch_conflict"
    return answer.detail.get("ahead"), answer.retry_after


async def test_losers_are_told_their_places(engine: Engine) -> None:
    async with connected(4) as (talk, clients):
        people = talk.people
        founder, *others = people
        answer = await commit(clients[0], talk, founder, roles={who.id: Role.ADMIN for who in others})
        assert isinstance(answer, protocol.Sent)
        heals = await sync_to_async(lambda: talk.commit_frame(others[2]))()
        frames = [
            await sync_to_async(lambda who=who: talk.commit_frame(who, roles={founder.id: Role.NONE}))()
            for who in others[:2]
        ]
        assert isinstance(await commit(clients[0], talk, founder), protocol.Sent)

        # One that only heals is not made anew: nobody waits for its sender.
        assert await place(clients[3], heals) == (None, None)
        assert await place(clients[1], frames[0]) == (0, 0.0)
        assert await place(clients[2], frames[1]) == (1, STEP)
        assert await place(clients[1], frames[0]) == (1, STEP)

        assert isinstance(await commit(clients[2], talk, others[1]), protocol.Sent)
        assert await place(clients[1], frames[0]) == (0, 0.0)
