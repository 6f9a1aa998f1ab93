"""`manage.py demo_seed`: makes the demonstration's directory and prints its letters as JSON."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import demo


class Command(BaseCommand):
    """Running it again changes nothing and prints the same."""

    help = (
        "Make the demonstration's directory (BEEP_DEMO=1 only) and print people and activation codes as JSON."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = demo.seed()
        except RuntimeError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(made, ensure_ascii=False))
