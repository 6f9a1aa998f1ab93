"""Fixtures of the log's tests.

Imports stand inside: pytest reads this file before pytest-django has set Django up.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.audit.support import Crew
    from tests.support.databases import TestDatabase


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    """Three witnesses that run."""
    from tests.audit import support

    with support.crew(tmp_path / "witnesses") as made:
        yield made


@pytest.fixture
def database(fresh_database: TestDatabase, crew: Crew, monkeypatch: pytest.MonkeyPatch) -> TestDatabase:
    """With a witnessed log of some entries, about nothing that the applications would miss."""
    from audit import reconcile
    from tests.audit import stage, support

    monkeypatch.setattr(reconcile, "_REGISTERED", {})
    support.happen(stage.COUNT)
    stage.integrate(fresh_database)
    support.publish(fresh_database, crew)
    return fresh_database
