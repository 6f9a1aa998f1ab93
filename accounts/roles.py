"""Grants and ends duties; tells who has which.

The database refuses what must not be (granting oneself, auditing and provisioning, a scope where none
belongs); a refusal is written down like a grant.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts import attempts, people
from accounts.models import Membership, OrgUnit, Person, Role
from accounts.people import Card
from audit import events, intake
from audit.events import Actor
from beep import clock
from beep.errors import BeepError


def grant(
    *,
    person: UUID,
    duty: Role.Duty,
    scope: UUID | None = None,
    expires_at: datetime | None = None,
    granted_by: UUID | None,
    actor: Actor,
) -> Role:
    """Give an active person a duty; `granted_by` is None only on the operator's command line.

    Raises BeepError `not_found` for a person or unit that does not exist, `person_inactive`, and `forbidden`
    when the database refuses: granting oneself, a second time, auditor beside administrator, a scope missing
    or where none belongs.
    """

    def prepare() -> Person:
        row = Person.objects.select_for_update(no_key=True).filter(id=person).first()
        if row is None or (scope and not OrgUnit.objects.filter(id=scope).exists()):
            raise BeepError("not_found")
        if row.state != Person.State.ACTIVE:
            raise BeepError("person_inactive")
        return row

    def work(row: Person) -> Role:
        try:
            with transaction.atomic():
                role = Role.objects.create(
                    person=row,
                    duty=duty,
                    scope_id=scope,
                    granted_by_id=granted_by,
                    granted_at=clock.now(),
                    expires_at=expires_at,
                )
        except IntegrityError as error:
            raise BeepError("forbidden", "The rules on duties do not allow this.") from error
        intake.record(_granted())
        return role

    def refused(_: Person, error: BeepError) -> None:
        intake.record(_granted(error))

    def _granted(error: BeepError | None = None) -> events.RoleGranted:
        return events.RoleGranted(
            actor=actor,
            target=person,
            duty=duty.value,
            scope=scope,
            expires_at=clock.to_ms(expires_at) if expires_at else None,
            outcome="refused" if error else "done",
            error=error.code if error else None,
        )

    return attempts.attempt(prepare=prepare, work=work, refused=refused)


@transaction.atomic
def end(*, person: UUID, duty: Role.Duty, scope: UUID | None = None, actor: Actor) -> None:
    """End a duty now; raises BeepError `not_found` when the person does not have it."""
    role = (
        Role.objects.select_for_update()
        .filter(person_id=person, duty=duty, scope_id=scope, ended_at__isnull=True)
        .first()
    )
    if role is None:
        raise BeepError("not_found")
    role.ended_at = clock.now()
    role.save(update_fields=["ended_at"])
    intake.record(events.RoleEnded(actor=actor, target=person, duty=role.duty, scope=role.scope_id))


def duties(*, person: UUID) -> list[str]:
    """The duties that a person has now, each once, ascending."""
    return sorted(set(_living().filter(person_id=person).values_list("duty", flat=True)))


def moderators(*, person: UUID) -> Sequence[Card]:
    """Who receives this person's reports: active moderators of a unit that contains the person's primary one,
    the person aside; by name.
    """
    post = Membership.objects.filter(person_id=person, primary=True).select_related("unit").first()
    if post is None:
        return []
    parts = post.unit.path.strip("/").split("/")
    above = ["/" + "/".join(parts[:depth]) + "/" for depth in range(1, len(parts) + 1)]
    held = _living().filter(duty=Role.Duty.MODERATOR, scope__path__in=above)
    found = held.exclude(person_id=person).filter(person__state=Person.State.ACTIVE)
    return people.cards(persons=set(found.values_list("person_id", flat=True)))


def _living() -> QuerySet[Role]:
    future = Q(expires_at__isnull=True) | Q(expires_at__gt=clock.now())
    return Role.objects.filter(future, ended_at__isnull=True)
