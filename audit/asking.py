"""Questions of people at a page: read as `beep_auditor`, none may keep the database busy for long."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import OperationalError, connections
from psycopg.errors import QueryCanceled

from beep.errors import BeepError

TIMEOUT: Final = "5s"
"""A question that PostgreSQL cannot answer in this time is refused, and everybody else goes on."""


@contextmanager
def asking(refusal: str = "This search takes too long; narrow its time.") -> Iterator[Any]:
    """A cursor of the auditor's, each of whose statements may not take longer than `TIMEOUT`.

    Raises BeepError `busy` with `refusal` when one does, and when the database is away.
    """
    try:
        with connections["auditor"].cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [TIMEOUT])
            yield cursor
    except OperationalError as error:
        text = refusal if isinstance(error.__cause__, QueryCanceled) else "The log cannot be read now."
        raise BeepError("busy", text, retry_after=1.0) from error
