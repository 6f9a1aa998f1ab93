"""/healthz: whether this process can do its work: database, Valkey, and a worker that takes tasks."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

import psycopg
import redis.asyncio
from django.conf import settings
from django.db import connections
from django.http import HttpRequest, JsonResponse

from beep.celery import HEARTBEAT_KEY

TIMEOUT: Final = 2.0
"""Seconds after which a silent part counts as bad."""

_looks: Final[dict[asyncio.AbstractEventLoop, asyncio.Task[dict[str, bool]]]] = {}
"""The look under way, by event loop."""


async def _database() -> bool:
    """Through a connection of its own, which can be given up in time; a thread in Django's pool cannot."""
    given = connections["default"].settings_dict
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    target = {name: given[key] for name, key in names.items()}
    async with await psycopg.AsyncConnection.connect(
        **target, sslmode=given["OPTIONS"]["sslmode"]
    ) as connection:
        cursor = await connection.execute("SELECT 1")
        return await cursor.fetchone() == (1,)


async def _valkey() -> tuple[bool, bool]:
    """Whether Valkey answers, and whether the worker's last heartbeat is still there."""
    async with redis.asyncio.Redis.from_url(settings.VALKEY_URL) as client:
        answers = await client.ping()
        return bool(answers), await client.exists(HEARTBEAT_KEY) == 1


async def _or_bad(check: Awaitable[Any], bad: Any) -> Any:
    try:
        return await asyncio.wait_for(check, TIMEOUT)
    except Exception:  # Whatever is wrong with a part, it is not healthy; its own log says why.
        return bad


async def _look() -> dict[str, bool]:
    database, (valkey, worker) = await asyncio.gather(
        _or_bad(_database(), False), _or_bad(_valkey(), (False, False))
    )
    return {"ok": database and valkey and worker, "database": database, "valkey": valkey, "worker": worker}


async def _look_together() -> dict[str, bool]:
    """One look at a time, shared by all who ask meanwhile: anybody may ask, and every look costs PostgreSQL a
    connection.
    """
    loop = asyncio.get_running_loop()
    look = _looks.get(loop)
    if look is None:
        look = _looks[loop] = loop.create_task(_look(), name="beep-health")
        look.add_done_callback(lambda _: _looks.pop(loop, None))
    # Shielded: whoever hangs up must not take the answer from the others.
    return await asyncio.shield(look)


async def healthz(request: HttpRequest) -> JsonResponse:
    """200 with `{"ok": true, "database": …, "valkey": …, "worker": …}`, or 503 when one of them is bad."""
    found = await _look_together()
    return JsonResponse(found, status=200 if found["ok"] else 503, headers={"Cache-Control": "no-store"})
