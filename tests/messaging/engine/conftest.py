"""An engine on the test's own loop and database.

Imports stand inside: pytest reads this file before pytest-django has set Django up.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from asgiref.sync import sync_to_async

if TYPE_CHECKING:
    from messaging.engine.runtime import Engine
    from tests.messaging.engine.factory import Actor, Talk
    from tests.support.databases import TestDatabase


@pytest.fixture
async def engine(fresh_database: TestDatabase) -> AsyncIterator[Engine]:
    """The running loop's engine; it is stopped before its database goes."""
    from messaging.engine import runtime

    running = runtime.current()
    yield running
    if not running.draining:
        await running.drain()


@pytest.fixture
async def pair(engine: Engine) -> tuple[Actor, Actor, Talk]:
    """Two people and their direct conversation."""
    from tests.messaging.engine import factory

    def make() -> tuple[Actor, Actor, Talk]:
        one, two = factory.actors(2)
        return one, two, factory.talk([one, two])

    return await sync_to_async(make)()
