"""`manage.py publish_keys`: the process that keeps the key log."""

import signal
from pathlib import Path
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from audit.note import Signer
from audit.policy import Policy, PolicyError
from audit.transparency.service import KeyLog
from beep import operations


class Command(BaseCommand):
    """Runs until SIGTERM; a second one beside it does no harm."""

    help = "Publish every accepted identity statement in the key log, cosigned by the witnesses."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.KEYS_LOG_KEY is None or settings.WITNESSES is None:
            raise CommandError("set BEEP_KEYS_LOG_KEY and BEEP_WITNESSES; see docs/operations.md")
        try:
            policy = Policy.parse(Path(settings.WITNESSES).read_text(encoding="utf-8"))
            keys = KeyLog(signer=Signer(settings.KEYS_ORIGIN, settings.KEYS_LOG_KEY), policy=policy)
        except (OSError, ValueError, PolicyError) as error:
            raise CommandError(f"BEEP_WITNESSES: {error}") from error
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        operations.start()
        keys.run(stop)
