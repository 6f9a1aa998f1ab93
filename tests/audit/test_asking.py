"""Questions of people at a page, where the database does not answer."""

import psycopg
import pytest
from django.db import connections
from psycopg import sql

from audit.asking import asking
from beep.errors import BeepError
from tests.support.databases import TestDatabase

ALLOW = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")


def test_a_database_that_is_away_is_busy_and_no_error_of_the_server(fresh_database: TestDatabase) -> None:
    connections["auditor"].close()
    name = sql.Identifier(fresh_database.name)
    outside = fresh_database.urls.superuser.rpartition("/")[0] + "/postgres"
    with psycopg.connect(outside, autocommit=True) as admin:
        admin.execute(ALLOW.format(name, sql.SQL("false")))
        with pytest.raises(BeepError) as refused, asking():
            pass
        admin.execute(ALLOW.format(name, sql.SQL("true")))
    assert refused.value.code == "busy"
    with asking() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
