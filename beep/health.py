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


async def healthz(request: HttpRequest) -> JsonResponse:
    """200 with `{"ok": true, "database": …, "valkey": …, "worker": …}`, or 503 when one of them is bad."""
    database, (valkey, worker) = await asyncio.gather(
        _or_bad(_database(), False), _or_bad(_valkey(), (False, False))
    )
    ok = database and valkey and worker
    body = {"ok": ok, "database": database, "valkey": valkey, "worker": worker}
    return JsonResponse(body, status=200 if ok else 503, headers={"Cache-Control": "no-store"})
