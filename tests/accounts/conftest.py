"""Fixtures of the tests of resets; where a file has others of these names, its own count."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings

from beep import clock
from beep.clock import StoppedClock

if TYPE_CHECKING:
    from tests.accounts.support import Browser

# Models are imported by the fixtures: this file is read before Django is set up.


@pytest.fixture
def time(settings: Settings) -> Iterator[StoppedClock]:
    """A clock that stands, and the usual delay of a reset."""
    from tests.accounts.resets import DELAY

    settings.RESET_DELAY = DELAY
    with clock.stopped(datetime(2026, 6, 1, 12, tzinfo=UTC)) as stopped:
        yield stopped


@pytest.fixture
def owner(db: None, time: StoppedClock) -> "Browser":
    """Somebody who came in half a minute ago: the one-time code of then is used up."""
    from tests.accounts.support import activated

    made = activated()
    time.advance(timedelta(seconds=30))
    return made
