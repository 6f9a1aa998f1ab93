"""What a device is handed of a log: what was said while it had a leaf, and nothing else."""

from typing import Any

from asgiref.sync import sync_to_async

from messaging import protocol
from messaging.engine.runtime import Engine
from messaging.formats import Role
from messaging.mls import leaf_info
from messaging.models import Sender, Stay
from tests.messaging.engine.client import Inside, inside
from tests.messaging.engine.test_groups import signed_in
from tests.messaging.party import Party, newcomer, party, rejoin
from tests.messaging.world import publish


async def fetched(client: Inside, talk: Party, after: int) -> Any:
    """The seqs of a page, or where that ends which may not be read."""
    answer = await client.ask(protocol.Fetch, conversation=talk.id.bytes, after=after, limit=100)
    if isinstance(answer, protocol.Refused):
        assert answer.code == "not_readable"
        assert int(answer.detail["last_seq"] or 0) > after
        return answer.detail["until"]
    return [envelope.seq for envelope in answer.envelopes]


async def hashes(client: Inside, talk: Party, *, until: int) -> int:
    answer = await client.ask(protocol.Hashes, conversation=talk.id.bytes, after=0, until=until)
    return len(answer.hashes) // 32


async def test_a_newcomer_reads_from_the_commit_that_let_it_in(engine: Engine) -> None:
    def make() -> Any:
        talk, late = party(2), newcomer()
        admin = talk.people[0]
        talk.commit(admin)
        talk.commit(admin, add=talk.packages(admin, late))
        talk.commit(admin)
        return talk, [signed_in(who) for who in (late, talk.people[1])]

    talk, (late, other) = await sync_to_async(make)()
    async with inside(late) as client:
        assert await fetched(client, talk, 0) == 2
        assert await fetched(client, talk, 1) == 2
        assert await fetched(client, talk, 2) == [3, 4]
        assert await fetched(client, talk, 4) == []
        # What it needs for the transcript that everybody has.
        assert await hashes(client, talk, until=2) == 2
    async with inside(other) as client:
        assert await fetched(client, talk, 0) == [1, 2, 3, 4]


async def test_nothing_of_the_time_without_a_leaf_and_all_of_before_it(engine: Engine) -> None:
    def make() -> Any:
        talk = party(3)
        admin, _, gone = talk.people
        talk.commit(admin, remove=[gone.client], roles={gone.id: Role.NONE})
        talk.commit(admin)
        publish(gone.client, 3)
        talk.commit(admin, add=talk.packages(admin, gone))
        talk.commit(admin, remove=[gone.client], roles={gone.id: Role.NONE})
        talk.commit(admin)
        return talk, signed_in(gone)

    talk, gone = await sync_to_async(make)()
    async with inside(gone) as client:
        assert await fetched(client, talk, 0) == [1, 2]
        assert await fetched(client, talk, 2) == 3
        assert await fetched(client, talk, 3) == [4, 5]
        # The person is out: their log ends there.
        answer = await client.ask(protocol.Fetch, conversation=talk.id.bytes, after=5, limit=100)
        assert (answer.envelopes, answer.last_seq) == ([], 5)


async def test_a_second_device_waits_outside_and_a_successor_goes_on(engine: Engine) -> None:
    def make() -> Any:
        talk = party(2)
        member = talk.people[1]
        first = signed_in(member)
        member.client = member.add_device()
        publish(member.client, 3)
        return talk, first, signed_in(member)

    talk, first, second = await sync_to_async(make)()
    admin, member = talk.people
    async with inside(second) as client:
        assert await fetched(client, talk, 0) == 1
        assert await fetched(client, talk, 1) == []

        def let_in() -> None:
            rejoin(talk, member)
            packages = talk.packages(admin, member)
            new = [package for package in packages if leaf_info(package).device == member.client.device]
            talk.commit(admin, add=new, orders=talk.orders())

        await sync_to_async(let_in)()
        assert await fetched(client, talk, 0) == 1
        assert await fetched(client, talk, 1) == [2]
    async with inside(first) as client:
        assert await fetched(client, talk, 0) == [1, 2]


async def test_a_seat_of_before_stays_were_written(engine: Engine) -> None:
    def make() -> Any:
        talk = party(2)
        Stay.objects.all().delete()
        return talk, signed_in(talk.people[1])

    talk, member = await sync_to_async(make)()
    async with inside(member) as client:
        assert await fetched(client, talk, 0) == [1]
        await Sender.objects.filter(device_id=member.device).aupdate(generation=0)
        assert await fetched(client, talk, 0) == 1
