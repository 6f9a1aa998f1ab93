"""How the log is doing, as the server itself can tell: for a page and for alarms, never as proof."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings

from audit import evidence, log
from audit.asking import asking
from audit.merkle import EMPTY_ROOT
from audit.note import Checkpoint, split_note
from audit.policy import Policy, PolicyError
from beep import clock

STALE: Final = 3_600
"""Seconds after which a witness's last cosignature counts as old."""
LATE: Final = 10_000
"""Milliseconds that an event may wait before it is a failure."""
NEWEST: Final = 10_000
"""So many of the newest events are looked at for those that wait; older ones are the verifier's."""
WAITING: Final = """
SELECT count(*), min(i.at) FROM (SELECT id, at FROM audit_intake ORDER BY id DESC LIMIT %s) i
WHERE NOT EXISTS (SELECT FROM audit_taken t WHERE t.intake = i.id)
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Events that have happened and are not in the log yet, of the newest ten thousand."""

    count: int
    oldest: int | None
    """When the oldest of them happened, milliseconds UTC."""

    @property
    def whole(self) -> bool:
        """Whether these are all: of more than were looked at, older ones wait as well."""
        return self.count < NEWEST

    @property
    def lag_ms(self) -> int | None:
        """How long it has waited."""
        return None if self.oldest is None else clock.now_ms() - self.oldest


@dataclass(frozen=True, slots=True)
class WitnessState:
    """One witness of the policy; times in seconds."""

    name: str
    at: datetime | None
    age: int | None

    @property
    def fresh(self) -> bool:
        """Whether it has cosigned within the last hour."""
        return self.age is not None and self.age <= STALE


@dataclass(frozen=True, slots=True)
class Integrity:
    """What the page shows. Sizes are numbers of entries."""

    size: int
    root: str
    checkpoint_at: datetime | None
    witnessed: int
    """The size that the quorum has seen."""
    waiting: Waiting
    witnesses: list[WitnessState]
    failures: list[str]

    @property
    def sound(self) -> bool:
        """Whether there is nothing to do."""
        return not self.failures


def waiting() -> Waiting:
    """What a page of the log that is read after this may lack. Raises BeepError `busy`."""
    with asking() as cursor:
        return _waiting(cursor)


def look() -> Integrity:
    """Read everything at about one moment, at the same cost however long the log is.

    Raises BeepError `busy`.
    """
    policy, unreadable = _policy()
    with asking("The state of the log cannot be read in time; try again.") as cursor:
        size, root = log.head(cursor)
        cursor.execute("SELECT at, root FROM audit_checkpoint WHERE size = %s", (size,))
        newest = cursor.fetchone()
        late = _waiting(cursor)
        times = log.cosignature_times(cursor, policy.asked) if policy else {}
        note = log.witnessed_note(cursor, policy, origin=settings.LOG_ORIGIN) if policy else None
    witnessed = Checkpoint.parse(split_note(note)[0]).size if note else 0
    now = clock.now_ms()
    lag = late.lag_ms
    witnesses = [_state(name, times.get(name), now // 1000) for name in (policy.asked if policy else ())]
    failures = [unreadable] if unreadable else []
    if size and newest is None:
        failures.append("The newest entries have no checkpoint.")
    elif newest is not None and bytes(newest[1]) != root:
        failures.append("The newest checkpoint and the log's head name different roots.")
    if not size and root != EMPTY_ROOT:
        failures.append("The log is empty and has the root of another.")
    if lag is not None and lag > LATE:
        failures.append(
            f"{late.count} events wait, the oldest for {lag // 1000} s: is the integrator running?"
        )
    failures += [
        f"The witness {each.name} has not cosigned within an hour."
        for each in witnesses
        if not each.fresh and size
    ]
    if policy and size and not witnessed:
        failures.append("No checkpoint has the quorum of witnesses.")
    return Integrity(
        size=size,
        root=root.hex(),
        checkpoint_at=_moment(newest[0] / 1000) if newest else None,
        witnessed=witnessed,
        waiting=late,
        witnesses=witnesses,
        failures=failures,
    )


def _waiting(cursor: Any) -> Waiting:
    cursor.execute(WAITING, [NEWEST])
    return Waiting(*cursor.fetchone())


def _policy() -> tuple[Policy | None, str]:
    """The policy, None without one; and what to say when there should be one that cannot be read."""
    try:
        return (evidence.policy() if settings.WITNESSES is not None else None), ""
    except (OSError, PolicyError, UnicodeDecodeError):
        return None, "The policy of witnesses cannot be read."


def _state(name: str, at: int | None, now: int) -> WitnessState:
    return WitnessState(
        name, _moment(at) if at is not None else None, max(0, now - at) if at is not None else None
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
