"""`manage.py import_people FILE`: shows what a CSV file would change; with `--apply`, changes it."""

import csv
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import activation, codes, csv_import, import_plan
from accounts.models import Person
from audit.events import Actor
from beep.errors import BeepError

ACTOR = Actor(system="command import_people")


class Command(BaseCommand):
    """See `accounts.csv_import` for the file's form."""

    help = (
        "Show what a CSV file would change in the directory; --apply does it. Columns: accounts/csv_import.py"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--dry-run", action="store_true", help="only show the plan (the default)")
        mode.add_argument("--apply", action="store_true", help="carry the plan out")
        parser.add_argument("--plan", help="with --apply: the hash of the plan that was approved")
        parser.add_argument(
            "--letters",
            type=Path,
            help="with --apply: make an activation letter for everybody in it who is not activated, and "
            "write the codes to this new file; keep it safe and delete it after printing",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = csv_import.read(options["file"].read_bytes())
            if options["apply"]:
                expected = bytes.fromhex(options["plan"]) if options["plan"] else None
                plan = import_plan.apply(rows=rows, actor=ACTOR, expected=expected)
            else:
                plan = import_plan.make(rows)
                import_plan.record_planned(plan, actor=ACTOR)
        except OSError as error:
            raise CommandError(str(error)) from error
        except ValueError as error:
            raise CommandError("--plan must be the hash that the dry run printed") from error
        except csv_import.CsvError as error:
            raise CommandError("Nothing was written.\n" + "\n".join(error.problems)) from error
        self.stdout.write("\n".join(plan.lines()))
        counts = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(plan.counts.items()))
        self.stdout.write(f"{'Done' if options['apply'] else 'Would do'}: {counts}. Plan {plan.hash.hex()}")
        if options["letters"]:
            if not options["apply"]:
                raise CommandError("--letters needs --apply")
            made = _write_letters(options["letters"], [row.personnel_number for row in rows])
            self.stdout.write(f"{made} letters are in {options['letters']}")


def _write_letters(path: Path, numbers: list[str]) -> int:
    """Codes for those who can be activated, in a new file that only its owner reads; returns how many."""
    waiting = Person.objects.filter(
        personnel_number__in=numbers, state=Person.State.ACTIVE, statement_version=0
    ).order_by("personnel_number")
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError as error:
        raise CommandError(f"{path} exists; letters are never written over others") from error
    made = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["personnel_number", "login", "code"])
        for person in waiting:
            try:
                code = activation.issue(person=person.id, actor=ACTOR)
            except BeepError:  # Somebody activated or left between the two queries.
                continue
            writer.writerow([person.personnel_number, person.login, codes.grouped(code)])
            made += 1
    return made
