"""/healthz: whether this process can do its work: database, Valkey, and a worker that takes tasks.

Beside it, whether certificates of the offline root end soon: no reason to take the process out of service,
and one to hold the ceremony.
"""

import asyncio
from collections.abc import Awaitable
from datetime import date
from typing import Any, Final

import psycopg
import redis.asyncio
import structlog
from django.conf import settings
from django.db import connections
from django.http import HttpRequest, JsonResponse

from accounts import trust
from beep import clock
from beep.celery import HEARTBEAT_KEY

log = structlog.get_logger(__name__)

TIMEOUT: Final = 2.0
"""Seconds after which a silent part counts as bad."""

_looks: Final[dict[asyncio.AbstractEventLoop, asyncio.Task[dict[str, bool]]]] = {}
"""The look under way, by event loop."""
_complained: Final[dict[str, date]] = {}
"""The day of the last complaint about certificates."""


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
    return {
        "ok": database and valkey and worker,
        "database": database,
        "valkey": valkey,
        "worker": worker,
        "certificates": _certificates(),
    }


def _certificates() -> bool:
    """Whether all configured certificates hold for another 30 days; complained of in the log once a day."""
    ending = trust.ending()
    today = clock.now().date()
    if ending and _complained.get("day") != today:
        _complained["day"] = today
        for each in ending:
            log.warning("certificate_ends", name=each.name, not_after=each.not_after)
    return not ending


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
    """200 with `{"ok": true, "database": …, "valkey": …, "worker": …, "certificates": …}`, or 503 when one of
    the first three parts is bad.
    """
    found = await _look_together()
    return JsonResponse(found, status=200 if found["ok"] else 503, headers={"Cache-Control": "no-store"})
