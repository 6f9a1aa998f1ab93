"""One clock, in whole milliseconds, that a test can stop."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beep import clock


def test_stops_moves_and_runs_again() -> None:
    moment = datetime(2031, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)
    with clock.stopped(moment) as stopped:
        assert clock.now() == moment
        assert clock.now_ms() == 1_927_857_906_789
        stopped.advance(timedelta(hours=12, milliseconds=1))
        assert clock.now() == moment + timedelta(hours=12, milliseconds=1)
        with clock.stopped() as inner:
            inner.advance(timedelta(seconds=-5))
        assert clock.now() == moment + timedelta(hours=12, milliseconds=1)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


@given(st.integers(min_value=0, max_value=253_402_300_799_999))
def test_wire_times_survive_the_way_there_and_back(milliseconds: int) -> None:
    assert clock.to_ms(clock.from_ms(milliseconds)) == milliseconds


def test_other_zones_count_and_naive_times_do_not() -> None:
    assert clock.to_ms(datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))) == 0
    with pytest.raises(ValueError, match="naive"):
        clock.to_ms(datetime(2030, 1, 1))  # noqa: DTZ001  # that is the point
