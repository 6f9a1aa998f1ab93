"""What an import would do, and doing it: compares rows with the directory, then writes in one transaction.

A plan is made twice, to be shown and to be applied, under a lock the second time; its hash tells whether both
are the same.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from accounts import lifecycle, people, retries
from accounts.csv_import import CsvError, Row
from accounts.lifecycle import NewPerson
from accounts.models import Admission, Membership, OrgUnit, Person, SyncRun
from accounts.signals import person_changed
from audit import canonical, events, intake
from audit.events import Actor
from beep import clock

SOURCE: Final = "csv"
LOCK: Final = 0x62656570_63737600
"""Advisory lock: one import at a time."""

FIELDS: Final = ("login", "name_latin", "name_local")
SHOWN: Final = frozenset({"name_latin", "name_local", "unit", "post_latin", "post_local"})
"""What colleagues see of a person and an import itself writes; states are moved by `lifecycle`."""


@dataclass(frozen=True, slots=True)
class UnitStep:
    """A unit to create or rename."""

    path: str
    latin: str
    local: str
    new: bool


@dataclass(frozen=True, slots=True)
class PersonStep:
    """What happens to one person."""

    row: Row
    person: UUID | None
    """None: comes in."""
    changes: Mapping[str, tuple[str, str]]
    """Field → (before, after). `unit`, `post_latin`, `post_local` and `state` beside the person's own."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that an import would write."""

    units: tuple[UnitStep, ...]
    people: tuple[PersonStep, ...]
    unchanged: int
    missing: tuple[str, ...]
    """Personnel numbers of people whom the source knew and the file leaves out; they stay as they are."""

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind, for the log: no personal data."""
        kinds = Counter("people_created" if step.person is None else "people_changed" for step in self.people)
        kinds.update("units_created" if step.new else "units_renamed" for step in self.units)
        return {**kinds, "unchanged": self.unchanged, "missing": len(self.missing)}

    @property
    def hash(self) -> bytes:
        """SHA-256 over all steps: two plans with one hash do the same."""
        return sha256(
            canonical.encode(
                {
                    "units": [[step.path, step.latin, step.local, step.new] for step in self.units],
                    "people": [
                        [
                            step.row.personnel_number,
                            str(step.person or ""),
                            {name: list(change) for name, change in step.changes.items()},
                        ]
                        for step in self.people
                    ],
                }
            )
        ).digest()

    def lines(self) -> list[str]:
        """The plan as a diff, for people."""
        shown = [f"{'+' if step.new else '~'} unit {step.path}  {step.latin}" for step in self.units]
        for step in self.people:
            who = f"{step.row.personnel_number} {step.row.login}"
            if step.person is None:
                shown.append(f"+ person {who}  {step.row.name_latin}, {step.row.path}, {step.row.state}")
            else:
                shown += [
                    f"~ person {who}  {name}: {before or '(none)'} → {after or '(none)'}"
                    for name, (before, after) in step.changes.items()
                ]
        shown += [f"? person {number}  is not in the file; nothing is done" for number in self.missing]
        return shown


@dataclass(slots=True)
class _Known:
    """The directory as it is, by what a row names."""

    units: dict[str, OrgUnit]
    people: dict[str, Person]
    by_login: dict[str, Person]
    posts: dict[UUID, Membership] = field(default_factory=dict)
    vouched: set[str] = field(default_factory=set)


def make(rows: Sequence[Row]) -> Plan:
    """The plan for `rows`; writes nothing.

    Raises CsvError where the directory and the file cannot both be right.
    """
    known = _load()
    units = _unit_steps(rows, known)
    problems: list[str] = []
    steps: list[PersonStep] = []
    for row in rows:
        person = known.people.get(row.personnel_number)
        other = known.by_login.get(row.login)
        if other and (person is None or other.id != person.id):
            problems.append(f"line {row.line}: login {row.login} belongs to {other.personnel_number}")
        if person is None and row.state != "active":
            problems.append(f"line {row.line}: a newcomer cannot be {row.state}")
        changes = _changes(row, person, known)
        if person is None or changes:
            steps.append(PersonStep(row=row, person=person.id if person else None, changes=changes))
    if problems:
        raise CsvError(problems)
    listed = {row.personnel_number for row in rows}
    return Plan(
        units=units,
        people=tuple(steps),
        unchanged=len(rows) - len(steps),
        missing=tuple(sorted(known.vouched - listed)),
    )


def apply(*, rows: Sequence[Row], actor: Actor, expected: bytes | None = None) -> Plan:
    """Bring the directory in line with `rows`; running it again changes nothing. Returns what was done.

    `expected` is the hash of the plan that somebody approved: CsvError when the directory has changed since.
    One import runs at a time; others wait. All of it in one transaction, which is run again when it and those
    who talk meanwhile have waited for each other.
    """
    return retries.whole(lambda: _apply(rows=rows, actor=actor, expected=expected))


@transaction.atomic
def _apply(*, rows: Sequence[Row], actor: Actor, expected: bytes | None) -> Plan:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    plan = make(rows)
    if expected is not None and plan.hash != expected:
        raise CsvError(["the directory has changed since this plan was shown; look again"])
    now = clock.now()
    run = SyncRun.objects.create(
        source=SOURCE,
        started_at=now,
        finished_at=now,
        outcome=SyncRun.Outcome.APPLIED,
        counts=plan.counts,
        plan_hash=plan.hash,
    )
    units = _write_units(plan.units)
    touched = [_write_person(step, units, actor) for step in plan.people]
    renamed = {step.path for step in plan.units if not step.new}
    affected = _people_below(renamed)
    people.index(persons={*touched, *affected})
    affected |= {step.person for step in plan.people if step.person and SHOWN & set(step.changes)}
    for person in sorted(affected):
        person_changed.send(sender=Person, person=person)
    intake.record(
        events.DirectoryApplied(
            actor=actor, target=run.id, source=SOURCE, plan_hash=plan.hash, counts=dict(plan.counts)
        )
    )
    return plan


def record_planned(plan: Plan, *, actor: Actor) -> None:
    """Say in the log that somebody asked what an import would change; a transaction of its own."""
    with transaction.atomic():
        intake.record(
            events.DirectoryPlanned(actor=actor, source=SOURCE, plan_hash=plan.hash, counts=dict(plan.counts))
        )


def _load() -> _Known:
    everybody = list(Person.objects.all())
    return _Known(
        units={unit.path: unit for unit in OrgUnit.objects.all()},
        people={person.personnel_number: person for person in everybody},
        by_login={person.login: person for person in everybody},
        posts={
            held.person_id: held for held in Membership.objects.filter(primary=True).select_related("unit")
        },
        vouched=set(
            Admission.objects.filter(source=SOURCE, ended_at__isnull=True).values_list(
                "external_id", flat=True
            )
        ),
    )


def _unit_steps(rows: Sequence[Row], known: _Known) -> tuple[UnitStep, ...]:
    """One step a path. The first row that gives a name decides; rows that leave it out agree with any."""
    names: dict[str, tuple[str, str]] = {}
    problems: list[str] = []
    for row in rows:
        for path, latin, local in row.units():
            before = names.setdefault(path, (latin, local))
            if before[0] and latin and (latin, local) != before:
                problems.append(f"line {row.line}: {path} has another name further up")
            if not before[0]:
                names[path] = (latin, local)
    steps = []
    for path, (latin, local) in sorted(names.items()):
        unit = known.units.get(path)
        if unit is None and not latin:
            problems.append(f"{path} is new and has no name")
        if unit is None or (latin and (unit.name_latin, unit.name_local) != (latin, local)):
            steps.append(UnitStep(path=path, latin=latin, local=local, new=unit is None))
    if problems:
        raise CsvError(problems)
    return tuple(steps)


def _changes(row: Row, person: Person | None, known: _Known) -> dict[str, tuple[str, str]]:
    held = known.posts.get(person.id) if person else None
    before = {name: getattr(person, name) if person else "" for name in FIELDS}
    before |= {
        "unit": held.unit.path if held else "",
        "post_latin": held.post_latin if held else "",
        "post_local": held.post_local if held else "",
        "state": person.state if person else "",
    }
    after = {name: getattr(row, name) for name in FIELDS}
    after |= {
        "unit": row.path,
        "post_latin": row.post_latin,
        "post_local": row.post_local,
        "state": row.state,
    }
    if person and (person.locked_by_admin or person.state == Person.State.PENDING):
        # An administrator's word outranks the file's, and a pending person waits for one.
        after["state"] = before["state"]
    if person and person.state == Person.State.LEFT and row.state == "active":
        after["state"] = Person.State.PENDING.value
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}


def _write_units(steps: Sequence[UnitStep]) -> dict[str, OrgUnit]:
    units = {unit.path: unit for unit in OrgUnit.objects.all()}
    for step in steps:  # Sorted by path, so a parent comes before its children.
        if not step.new:
            OrgUnit.objects.filter(path=step.path).update(name_latin=step.latin, name_local=step.local)
            continue
        *above, code = step.path.strip("/").split("/")
        parent = units["/" + "/".join(above) + "/"] if above else None
        units[step.path] = OrgUnit.objects.create(
            parent=parent,
            code=code,
            path=step.path,
            depth=len(above) + 1,
            name_latin=step.latin,
            name_local=step.local,
        )
    return units


def _write_person(step: PersonStep, units: Mapping[str, OrgUnit], actor: Actor) -> UUID:
    row, now = step.row, clock.now()
    if step.person is None:
        new = NewPerson(
            login=row.login,
            personnel_number=row.personnel_number,
            name_latin=row.name_latin,
            name_local=row.name_local,
        )
        id_ = lifecycle.admit(new=new, state=Person.State.ACTIVE, actor=actor).id
    else:
        id_ = step.person
        own = {name: after for name, (_, after) in step.changes.items() if name in FIELDS}
        if set(step.changes) - {"state"}:
            Person.objects.filter(id=id_).update(**own, changed_at=now)
            changed = sorted(set(step.changes) - {"state"})
            intake.record(events.PersonChanged(actor=actor, target=id_, changed=changed))
    Membership.objects.filter(person_id=id_, primary=True).exclude(unit=units[row.path]).delete()
    Membership.objects.update_or_create(
        person_id=id_,
        unit=units[row.path],
        defaults={"post_latin": row.post_latin, "post_local": row.post_local, "primary": True},
    )
    Admission.objects.update_or_create(
        source=SOURCE,
        external_id=row.personnel_number,
        defaults={
            "person_id": id_,
            "login": row.login,
            "digest": sha256(repr(row).encode()).digest(),
            "last_seen_at": now,
            "ended_at": None,
        },
        create_defaults={
            "person_id": id_,
            "login": row.login,
            "digest": sha256(repr(row).encode()).digest(),
            "first_seen_at": now,
            "last_seen_at": now,
        },
    )
    if step.person is not None and "state" in step.changes:
        _move(id_, step.changes["state"], actor)
    return id_


def _move(person: UUID, change: tuple[str, str], actor: Actor) -> None:
    reason = "directory file"
    match change[1]:
        case "left":
            lifecycle.leave(person=person, reason=reason, actor=actor)
        case "suspended":
            lifecycle.suspend(person=person, reason=reason, actor=actor)
        case "pending":
            lifecycle.bring_back(person=person, reason=reason, actor=actor)
        case _:
            lifecycle.activate(person=person, reason=reason, actor=actor)


def _people_below(paths: set[str]) -> set[UUID]:
    found: set[UUID] = set()
    for path in paths:
        below = Membership.objects.filter(unit__path__startswith=path)
        found |= set(below.values_list("person_id", flat=True))
    return found
