"""Connections of the audit's own roles outside Django's: one each, with psycopg's own types."""

from typing import Any

import psycopg
from django.db import connections

from audit.integrator import Connection


def connect(alias: str) -> Connection:
    """A new connection as Django's `alias` would make it. Raises psycopg.OperationalError."""
    parameters: dict[str, Any] = dict(connections[alias].get_connection_params())
    for name in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    return psycopg.connect(**parameters)
