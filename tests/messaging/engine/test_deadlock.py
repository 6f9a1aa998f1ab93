"""Whoever locks logs in another order than everybody makes PostgreSQL choose a victim. When that is the
writer, the batch is done again and nobody notices.
"""

from uuid import UUID

import psycopg
from asgiref.sync import sync_to_async

from messaging import protocol
from messaging.engine.runtime import Engine
from tests.messaging.engine.client import inside
from tests.messaging.engine.factory import actors, talks
from tests.messaging.engine.waiting import until_blocked
from tests.support.databases import TestDatabase

LOCK = "SELECT FROM messaging_conversation WHERE id = %s FOR NO KEY UPDATE"


def test_a_deadlock_is_worth_another_try() -> None:
    """What the writer repeats a batch for, and what the slow path answers with `busy`."""
    assert issubclass(psycopg.errors.DeadlockDetected, psycopg.OperationalError)


async def test_the_writer_survives_being_the_victim(engine: Engine, fresh_database: TestDatabase) -> None:
    one, two, three = await sync_to_async(actors)(3)
    chats = await sync_to_async(talks)([[one, two], [one, three]])
    first, second = sorted(chats, key=lambda chat: chat.id)
    async with inside(one) as client:
        other = await psycopg.AsyncConnection.connect(fresh_database.urls.superuser)
        async with other:
            # It waits as long as it takes, so that the writer finds the deadlock and is its victim.
            await other.execute("SET deadlock_timeout = '60s'")
            await other.execute(LOCK, [UUID(bytes=second.id)])
            frames = [client.message(first), client.message(second)]
            for frame in frames:
                await client.post(frame)
            # The writer holds the first one now, and waits for the second.
            await until_blocked(fresh_database.urls.superuser)
            await other.execute(LOCK, [UUID(bytes=first.id)])
            await other.commit()
        for frame in frames:
            answer = await client.answer(frame.id)
            assert isinstance(answer, protocol.Sent), answer
            assert answer.seq == 2
