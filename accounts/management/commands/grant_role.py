"""`manage.py grant_role`: gives somebody a duty, or ends it."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import roles
from accounts.models import OrgUnit, Person, Role
from audit.events import Actor
from beep import clock
from beep.errors import BeepError

ACTOR = Actor(system="command grant_role")


class Command(BaseCommand):
    """For the first ones; the console takes over, where one person cannot do it alone."""

    help = "Give a person a duty, or end it with --end."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--login", required=True)
        parser.add_argument("--duty", choices=Role.Duty.values, required=True)
        parser.add_argument("--scope", help="path of the unit, for example /finance/, where the duty has one")
        parser.add_argument("--days", type=int, help="how long it lasts; until it is ended, if left out")
        parser.add_argument("--by", help="login of who grants it; left out, the operator does")
        parser.add_argument("--end", action="store_true", help="end the duty instead")

    def handle(self, *args: Any, **options: Any) -> None:
        person = self._person(options["login"])
        duty = Role.Duty(options["duty"])
        scope = None
        if options["scope"]:
            scope = OrgUnit.objects.filter(path=options["scope"]).values_list("id", flat=True).first()
            if scope is None:
                raise CommandError("no unit has this path")
        if options["days"] is not None and not 1 <= options["days"] <= 3660:
            raise CommandError("--days must be from 1 to 3660")
        try:
            if options["end"]:
                roles.end(person=person.id, duty=duty, scope=scope, actor=ACTOR)
            else:
                roles.grant(
                    person=person.id,
                    duty=duty,
                    scope=scope,
                    expires_at=clock.now() + timedelta(days=options["days"]) if options["days"] else None,
                    granted_by=self._person(options["by"]).id if options["by"] else None,
                    actor=ACTOR,
                )
        except BeepError as error:
            raise CommandError(f"{error.code}: {error.message}") from error
        self.stdout.write(f"{'Ended' if options['end'] else 'Granted'}.")

    def _person(self, login: str) -> Person:
        person = Person.objects.filter(login=login).first()
        if person is None:
            raise CommandError(f"nobody has the login {login}")
        return person
