"""Fixtures of the console's tests.

Imports stand inside: pytest reads this file before pytest-django has set Django up.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_django import Settings

    from tests.consoles.support import Office
    from tests.support.databases import TestDatabase


@pytest.fixture
def office(fresh_database: TestDatabase, tmp_path: Path, settings: Settings) -> Iterator[Office]:
    """An auditor who has signed in, somebody else, and a witnessed log of what they did so far."""
    from beep import clock
    from tests.accounts.support import activated
    from tests.audit.support import crew
    from tests.consoles.support import Office, projecting, signed_in

    with clock.stopped(datetime(2026, 6, 1, 12, tzinfo=UTC)) as time, crew(tmp_path) as witnesses:
        policy = tmp_path / "policy"
        policy.write_text(witnesses.policy.format())
        settings.WITNESSES = str(policy)
        other = activated(2, ministry_code="health")
        desk = signed_in(activated(1), time)
        integrating = projecting(fresh_database)
        made = Office(desk, other, integrating, witnesses, time)
        made.settle()
        yield made
        integrating.close()
