"""Each workload once, tiny, on a real server: the figures exist, and the drivers themselves count deliveries.

What is measured at such sizes says nothing; that every envelope arrived is asserted in the drivers.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import beep, workloads
from tests.support.databases import TestDatabase

SIZES = workloads.Sizes(
    seconds=0.3, warm_up=0.1, members=4, pairs=2, connections=20, missed=30, storm=6, day=200
)


@pytest.fixture
def server(
    fresh_database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[beep.Beep]:
    """Stock Daphne's subclass, as operators run it."""
    for name, value in fresh_database.environment().items():
        monkeypatch.setenv(name, value)
    system = beep.Beep(tmp_path, kind="daphne")
    system.start()
    yield system
    system.stop()


def test_every_workload_brings_its_figures(server: beep.Beep) -> None:
    group = workloads.run(server, "W1", SIZES)
    assert group["window"] == 16
    assert group["all_deliveries"] >= group["window"] * SIZES.members
    assert 0 <= group["p50_ms"] <= group["p99_ms"]

    pairs = workloads.run(server, "W2", SIZES)
    assert pairs["all_deliveries"] >= pairs["window"] * 2 * SIZES.pairs
    assert 0 <= pairs["driver_idle"] <= 1

    idle = workloads.run(server, "W3", SIZES)
    assert idle["connections"] == SIZES.connections

    missed = workloads.run(server, "W4", SIZES)
    assert missed["envelopes"] == SIZES.missed
    assert missed["disk_bytes_each"] > SIZES.size

    day = workloads.run(server, "W6", SIZES)
    assert day["reads_count"] + day["sends_count"] == day["counted_actions"]
    assert day["deliveries_count"] > 0
    assert day["refused"] == day["unanswered"] == 0

    # Last, because it kills the server.
    storm = workloads.run(server, "W5", SIZES)
    assert storm["devices"] == SIZES.storm
    assert storm["all_current_s"] > 0
