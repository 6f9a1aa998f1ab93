"""`manage.py restore_mode on|off|status`: around the re-uploads after a restore to an older point."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from messaging import restore
from messaging.models import Reupload
from messaging.read_only import is_read_only


class Command(BaseCommand):
    """Turns the read-only mode on or off; `off` settles what waits."""

    help = "Read-only mode after a restore to an older point: clients re-upload, nobody writes."

    def add_arguments(self, parser: CommandParser) -> None:
        """One word."""
        parser.add_argument("mode", choices=["on", "off", "status"])

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say what is so now."""
        if options["mode"] == "on":
            restore.turn_on()
        elif options["mode"] == "off":
            for conversation, count in restore.turn_off().items():
                if count:
                    self.stdout.write(f"{conversation}: {count} envelopes that one person alone had seen")
        waiting = Reupload.objects.values("conversation_id", "seq").distinct().count()
        state = "read-only, taking re-uploads" if is_read_only() else "taking messages"
        self.stdout.write(f"{state}; {waiting} envelopes wait for a second copy")
