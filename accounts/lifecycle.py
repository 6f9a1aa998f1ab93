"""The only writer of a person's state: who comes in, who is suspended, who is out.

::

    (new) → active or pending        pending → active, left
    active → suspended, left         suspended → active, left         left → pending

A leaver is out at once: devices revoked, sessions dead, letters withdrawn, credentials erased, duties ended.
Somebody who returns waits as pending until a person approves, and then needs the recovery code.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from django.db import transaction

from accounts import credentials, devices, letters, resets, sessions
from accounts.models import Admission, Device, Person, Revocation, Role, Session, Ticket, TotpFactor
from accounts.signals import person_changed
from audit import events, intake
from audit.events import Actor, Personal
from beep import clock
from beep.errors import BeepError

State = Person.State

ALLOWED: Final = {
    State.PENDING: {State.ACTIVE, State.LEFT},
    State.ACTIVE: {State.SUSPENDED, State.LEFT},
    State.SUSPENDED: {State.ACTIVE, State.LEFT},
    State.LEFT: {State.PENDING},
}


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Who comes in; the texts are already in the directory's form."""

    login: str
    personnel_number: str
    name_latin: str
    name_local: str
    kind: Person.Kind = Person.Kind.EMPLOYEE


@transaction.atomic
def admit(*, new: NewPerson, state: Person.State, actor: Actor) -> Person:
    """Create a person, active or pending. The caller vouches with an Admission in the same transaction.

    Raises ValueError for any other state; the database refuses a login or personnel number that exists.
    """
    if state not in (State.ACTIVE, State.PENDING):
        raise ValueError(f"nobody comes in as {state}")
    now = clock.now()
    person = Person.objects.create(
        id=uuid4(),
        login=new.login,
        personnel_number=new.personnel_number,
        name_latin=new.name_latin,
        name_local=new.name_local,
        kind=new.kind,
        state=state,
        created_at=now,
        changed_at=now,
    )
    intake.record(
        events.PersonCreated(
            actor=actor,
            target=person.id,
            login=Personal(new.login),
            name=Personal(new.name_latin),
            after={"state": state.value},
        )
    )
    return person


@transaction.atomic
def activate(*, person: UUID, reason: str, actor: Actor) -> None:
    """Let a pending or suspended person work; raises BeepError `not_found`, `conflict`."""
    _move(_locked(person), State.ACTIVE, reason=reason, actor=actor)


@transaction.atomic
def suspend(*, person: UUID, reason: str, actor: Actor) -> None:
    """Shut an active person out for a while: sessions end, devices stay listed; raises as `activate`."""
    row = _locked(person)
    _move(row, State.SUSPENDED, reason=reason, actor=actor)
    for session in Session.objects.filter(person=row, ended_at__isnull=True).order_by("id"):
        sessions.end(session=session, reason=Revocation.Reason.SUSPENDED, actor=actor)
    credentials.end_console(person=row.id)


@transaction.atomic
def leave(*, person: UUID, reason: str, actor: Actor) -> None:
    """Put a person out for good; raises as `activate`."""
    row = _locked(person)
    now = clock.now()
    row.left_at = now
    row.signin_salt = row.signin_hash = None
    row.activated_at = None
    _move(row, State.LEFT, reason=reason, actor=actor)
    for device in Device.objects.filter(person=row, revoked_at__isnull=True).order_by("id"):
        devices.revoke(device=device, at=now, reason=Revocation.Reason.LEFT, actor=actor)
    letters.withdraw_open(person=row)
    resets.drop_open(person=row, reason="left", actor=actor)
    Ticket.objects.filter(person=row).delete()
    TotpFactor.objects.filter(user=row).delete()
    Admission.objects.filter(person=row, ended_at__isnull=True).update(ended_at=now)
    for role in Role.objects.filter(person=row, ended_at__isnull=True):
        role.ended_at = now
        role.save(update_fields=["ended_at"])
        intake.record(events.RoleEnded(actor=actor, target=row.id, duty=role.duty, scope=role.scope_id))


@transaction.atomic
def bring_back(*, person: UUID, reason: str, actor: Actor) -> None:
    """Somebody who had left is in the directory again: pending, until `activate`; raises as `activate`."""
    row = _locked(person)
    row.left_at = None
    _move(row, State.PENDING, reason=reason, actor=actor)


def _locked(person: UUID) -> Person:
    row = Person.objects.select_for_update(no_key=True).filter(id=person).first()
    if row is None:
        raise BeepError("not_found")
    return row


def _move(person: Person, to: Person.State, *, reason: str, actor: Actor) -> None:
    before = State(person.state)
    if to not in ALLOWED[before]:
        raise BeepError("conflict", f"A person who is {before} cannot become {to}.")
    person.state = to
    person.changed_at = clock.now()
    person.save(
        update_fields=["state", "changed_at", "left_at", "signin_salt", "signin_hash", "activated_at"]
    )
    intake.record(
        events.PersonStateChanged(
            actor=actor,
            target=person.id,
            reason=reason,
            before={"state": before.value},
            after={"state": to.value},
        )
    )
    person_changed.send(sender=Person, person=person.id)
