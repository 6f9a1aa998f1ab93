"""Migrations are compatible with the code that still runs: they add first, and a later version removes.

During an upgrade the old workers go on while the new tables are there already (docs/operations.md). So what
the old code reads, writes or leaves out must go on working. Whatever may break it needs a reason here.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

FIRST: Final = {"accounts": 6, "audit": 2, "consoles": 1, "messaging": 4}
"""The first migration of each application that some deployment may run while it is served."""

HARMLESS: Final = (
    migrations.CreateModel,
    migrations.AlterModelOptions,
    migrations.AlterModelManagers,
    migrations.RunPython,
)
BREAKING_SQL: Final = re.compile(
    r"\b(DROP\s+(TABLE|COLUMN|FUNCTION|TYPE|VIEW|SCHEMA)|RENAME|TRUNCATE\s+(?!ON\b)\w+|SET\s+NOT\s+NULL"
    r"|ALTER\s+(COLUMN\s+)?\S+\s+(SET\s+DATA\s+)?TYPE)\b",
    re.IGNORECASE,
)
REVOKING: Final = re.compile(r"\bREVOKE\s[^;]*\bFROM\b[^;]*\bbeep_app\b", re.IGNORECASE)
CREATING: Final = re.compile(r"\bCREATE\s+(OR\s+REPLACE\s+)?(TABLE|VIEW)\b", re.IGNORECASE)
"""A new table or view takes back what roles get by default; an old one may be in use."""
REASONS: Final[dict[str, str]] = {}
"""`app.migration: operation` → why the running code bears it."""


def own_migrations() -> Iterator[tuple[str, migrations.Migration]]:
    for (app, name), migration in sorted(MigrationLoader(None).disk_migrations.items()):
        if app in FIRST and int(name.partition("_")[0]) >= FIRST[app]:
            yield f"{app}.{name}", migration


def breaking(operations: Iterable[Operation], created: set[str]) -> Iterator[str]:
    """What the running code may not bear; `created` are the models that the migration itself has made."""
    for operation in operations:
        model = str(getattr(operation, "model_name", "")).lower()
        match operation:
            case migrations.CreateModel():
                created.add(operation.name.lower())
            case migrations.SeparateDatabaseAndState():
                yield from breaking(operation.database_operations, created)
            case migrations.RunSQL():
                text = "\n".join(statements(operation.sql))
                if BREAKING_SQL.search(text) or (REVOKING.search(text) and not CREATING.search(text)):
                    yield "RunSQL"
            case migrations.AddField():
                # Django's default is not the database's: old code leaves the column out.
                if not (operation.field.null or has_db_default(operation.field) or model in created):
                    yield operation.describe()
            case _ if isinstance(operation, HARMLESS) or model in created:
                pass
            case _ if type(operation).__name__ == "AddIndexConcurrently":
                pass
            case _:
                yield operation.describe()


def has_db_default(field: "models.Field[Any, Any]") -> bool:
    return field.db_default is not models.NOT_PROVIDED or isinstance(field, models.ManyToManyField)


def statements(sql: Any) -> list[str]:
    """RunSQL takes a text, or a list of texts and of (text, parameters)."""
    listed = [sql] if isinstance(sql, str) else [each if isinstance(each, str) else each[0] for each in sql]
    return [re.sub(r"--[^\n]*", "", text) for text in listed]


@pytest.mark.parametrize(("name", "migration"), list(own_migrations()), ids=lambda value: str(value))
def test_the_code_that_runs_bears_the_new_tables(name: str, migration: migrations.Migration) -> None:
    found = [f"{name}: {each}" for each in breaking(migration.operations, set())]
    assert [each for each in found if each not in REASONS] == []


def test_reasons_are_given_for_what_exists() -> None:
    known = {
        f"{name}: {each}"
        for name, migration in own_migrations()
        for each in breaking(migration.operations, set())
    }
    assert known >= set(REASONS)


@pytest.mark.parametrize(
    "operation",
    [
        migrations.RemoveField("person", "login"),
        migrations.RenameField("person", "login", "name"),
        migrations.DeleteModel("Person"),
        migrations.RenameModel("Person", "Human"),
        migrations.AddField("person", "size", models.IntegerField(default=0)),
        migrations.AlterField("person", "size", models.IntegerField()),
        migrations.AddConstraint("person", models.UniqueConstraint(fields=["size"], name="once")),
        migrations.AddIndex("person", models.Index(fields=["size"], name="by_size")),
        migrations.RunSQL("ALTER TABLE accounts_person DROP COLUMN size"),
        migrations.RunSQL("ALTER TABLE accounts_person ALTER COLUMN size SET NOT NULL"),
        migrations.RunSQL(["SELECT 1", ("ALTER TABLE a RENAME TO b", None)]),
        migrations.RunSQL("TRUNCATE accounts_person"),
        migrations.RunSQL("REVOKE INSERT ON accounts_person FROM beep_app"),
        migrations.SeparateDatabaseAndState(database_operations=[migrations.DeleteModel("Person")]),
    ],
    ids=lambda operation: operation.describe(),
)
def test_what_breaks_running_code_is_found(operation: Operation) -> None:
    assert list(breaking([operation], set())) != []


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("person", "size", models.IntegerField(null=True)),
        migrations.AddField("person", "size", models.IntegerField(db_default=0)),
        migrations.RunSQL("CREATE TRIGGER t BEFORE TRUNCATE ON a EXECUTE FUNCTION f()"),
        migrations.RunSQL("CREATE TABLE a (b int); REVOKE ALL ON a FROM beep_app"),
        migrations.RunSQL("CREATE TABLE a (b int); GRANT SELECT ON a TO beep_app; -- DROP TABLE c"),
    ],
    ids=lambda operation: operation.describe(),
)
def test_what_only_adds_is_let_through(operation: Operation) -> None:
    assert list(breaking([operation], set())) == []
