"""Waiting for what must come about, however long the machine takes for it."""

import asyncio

import psycopg

PATIENCE = 60.0
"""Seconds."""

BLOCKED = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def until_blocked(url: str) -> None:
    """Until somebody waits for a lock in the database of `url`, a superuser's. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as admin:
            while True:
                row = await (await admin.execute(BLOCKED)).fetchone()
                if row is not None and row[0]:
                    return
                await asyncio.sleep(0.01)
