"""`manage.py siem_feed`: hand every entry of the audit log to a SIEM, in order, over syslog with TLS."""

import os
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from audit.database import connect
from audit.siem.configuration import Configuration, ConfigurationError
from audit.siem.feed import Feed
from audit.siem.reading import Reader
from audit.siem.sending import Link
from audit.siem.state import State, StateError
from beep import operations


class Command(BaseCommand):
    """Runs until it is stopped; run one. docs/operations.md, "SIEM feed"."""

    help = __doc__ or ""
    requires_system_checks = ()

    def handle(self, *_: Any, **__: Any) -> None:
        try:
            configuration = Configuration.of(os.environ)
            configuration.context()
            state = State(configuration.state, settings.LOG_ORIGIN)
        except (ConfigurationError, StateError) as error:
            raise CommandError(f"{error}; see docs/operations.md") from None
        feed = Feed(
            reader=Reader(lambda: connect("auditor"), openings=configuration.openings),
            # Made anew each time, so that a renewed certificate is taken without a restart.
            connect=lambda: Link(configuration, configuration.context()),
            state=state,
            origin=settings.LOG_ORIGIN,
            pen=configuration.pen,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: feed.stop())
        operations.start()
        try:
            feed.run()
        finally:
            state.close()
