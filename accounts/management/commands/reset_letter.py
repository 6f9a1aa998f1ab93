"""`manage.py reset_letter --login LOGIN`: a letter for somebody who lost everything."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import codes, resets
from accounts.models import Person
from audit.events import Actor
from beep.errors import BeepError

ACTOR = Actor(system="command reset_letter")


class Command(BaseCommand):
    """The code alone resets nobody: two officers must sign what is asked with it."""

    help = "Make a reset letter, after somebody saw the person; prints the code, which is stored nowhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--login", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        person = Person.objects.filter(login=options["login"]).first()
        if person is None:
            raise CommandError("nobody has this login")
        try:
            code = resets.issue(person=person.id, actor=ACTOR)
        except BeepError as error:
            raise CommandError(f"{error.code}: {error.message}") from error
        self.stdout.write(f"For {person.name_latin}, personnel number {person.personnel_number}:")
        self.stdout.write(f"    {codes.grouped(code)}")
        self.stdout.write(f"    /reset#{codes.grouped(code)}")
        self.stdout.write("Valid for 30 days, once. Hand it over in person.")
