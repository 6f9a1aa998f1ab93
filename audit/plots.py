"""Counts for the console's plots, from the hourly sums that the integrator keeps: cheap at any log size."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from audit.asking import asking
from audit.projection import HOUR, REFUSED

HEAT_ACTORS: Final = 25


@dataclass(frozen=True, slots=True)
class Hours:
    """Columns of one plot: hours (seconds UTC, ascending, without gaps) and a series of counts a class."""

    times: list[int]
    series: dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Heat:
    """Counts by actor and action; rows and columns by their sums, largest first."""

    actors: list[UUID]
    actions: list[str]
    counts: dict[tuple[UUID, str], int]


def by_class(*, begin: int, end: int) -> Hours:
    """Events an hour by class (what stands before the first dot of the action); times in milliseconds."""
    sums: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for hour, action, _, count in _hours(begin, end):
        sums[action.partition(".")[0]][hour] += count
    return _dense(sums, begin, end)


def refused_ratio(*, begin: int, end: int) -> Hours:
    """Refusals and all events an hour, as the series `refused` and `all`."""
    sums: dict[str, dict[int, int]] = {"refused": defaultdict(int), "all": defaultdict(int)}
    for hour, _, outcome, count in _hours(begin, end):
        sums["all"][hour] += count
        if outcome == REFUSED:
            sums["refused"][hour] += count
    return _dense(sums, begin, end)


def actors(*, begin: int, end: int, among: list[UUID] | None = None) -> Heat:
    """Who did what how often: `among` these (administrators and auditors), or whoever did most."""
    query = """
        SELECT actor, action, sum(count)::bigint FROM audit_actor_hour
        WHERE hour >= %s AND hour < %s AND (%s::uuid[] IS NULL OR actor = ANY(%s))
        GROUP BY actor, action
    """
    with asking("This picture takes too long to count; choose a shorter time.") as cursor:
        cursor.execute(query, [begin // HOUR, -(-end // HOUR), among, among])
        found = {(actor, action): count for actor, action, count in cursor.fetchall()}
    by_actor: dict[UUID, int] = defaultdict(int)
    by_action: dict[str, int] = defaultdict(int)
    for (actor, action), count in found.items():
        by_actor[actor] += count
        by_action[action] += count
    return Heat(
        actors=sorted(by_actor, key=lambda actor: (-by_actor[actor], str(actor)))[:HEAT_ACTORS],
        actions=sorted(by_action, key=lambda action: (-by_action[action], action)),
        counts=found,
    )


def _hours(begin: int, end: int) -> list[tuple[int, str, int, int]]:
    with asking("This picture takes too long to count; choose a shorter time.") as cursor:
        cursor.execute(
            "SELECT hour, action, outcome, count FROM audit_hour WHERE hour >= %s AND hour < %s",
            [begin // HOUR, -(-end // HOUR)],
        )
        rows: list[tuple[int, str, int, int]] = cursor.fetchall()
        return rows


def _dense(sums: dict[str, dict[int, int]], begin: int, end: int) -> Hours:
    hours = range(begin // HOUR, -(-end // HOUR))
    series = {name: [counts.get(hour, 0) for hour in hours] for name, counts in sorted(sums.items())}
    return Hours(times=[hour * HOUR // 1000 for hour in hours], series=series)
