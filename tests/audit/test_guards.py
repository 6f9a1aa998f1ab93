"""Attack 9: what keeps the log's tables from being changed, and that weakening it is told."""

import psycopg
import pytest

from audit import guards
from tests.audit import support
from tests.audit.support import Crew
from tests.support.databases import TestDatabase

REWRITES = [
    "UPDATE audit_leaf SET kind = 'x'",
    "DELETE FROM audit_leaf",
    "TRUNCATE audit_leaf",
    "UPDATE audit_taken SET leaf_index = 0",
    "DELETE FROM audit_tile",
    "UPDATE audit_checkpoint SET at = 0",
    "TRUNCATE audit_checkpoint",
    "DELETE FROM audit_cosignature",
    "UPDATE audit_head SET size = size - 1",
    "DELETE FROM audit_head",
    "TRUNCATE audit_head",
    "INSERT INTO audit_head SELECT false, 0, root FROM audit_head",
    "DELETE FROM audit_intake",
]


def test_9_replication_role_does_not_silence_the_triggers(database: TestDatabase) -> None:
    for role in ("origin", "replica", "local"):
        for statement in REWRITES:
            with support.superuser(database) as admin:
                admin.execute(f"SET session_replication_role = {role}")
                with pytest.raises(psycopg.errors.IntegrityError):
                    admin.execute(statement)


def test_9_triggers_that_were_weakened_are_told(database: TestDatabase, crew: Crew) -> None:
    for how in ("ENABLE TRIGGER", "DISABLE TRIGGER", "ENABLE REPLICA TRIGGER"):
        with support.superuser(database) as admin:
            admin.execute(f"ALTER TABLE audit_leaf {how} audit_leaf_rows")
        assert support.alarms(database, crew) == ["triggers_disabled"]


def test_the_key_log_is_watched_too(database: TestDatabase, crew: Crew) -> None:
    with support.superuser(database) as admin:
        admin.execute("ALTER TABLE keys_epoch DISABLE TRIGGER keys_epoch_table")
    assert support.alarms(database, crew) == ["triggers_disabled"]


LET_THROUGH = """
CREATE OR REPLACE FUNCTION {} RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RETURN NEW;
END
$$
"""
WEAKENINGS = [
    (LET_THROUGH.format("audit_refuse_rewrite()"), "the function audit_refuse_rewrite says something else"),
    (LET_THROUGH.format("audit_head_grows()"), "the function audit_head_grows says something else"),
    (LET_THROUGH.format("accounts_refuse_rewrite()"), "the function accounts_refuse_rewrite says something"),
    ("ALTER FUNCTION audit_refuse_rewrite() SET search_path = public", "audit_refuse_rewrite says something"),
    (
        (
            "DROP TRIGGER keys_tree_rows ON keys_tree; CREATE TRIGGER keys_tree_rows BEFORE UPDATE"
            " ON keys_tree FOR EACH ROW EXECUTE FUNCTION audit_refuse_rewrite();"
            " ALTER TABLE keys_tree ENABLE ALWAYS TRIGGER keys_tree_rows"
        ),
        "the trigger keys_tree_rows fires otherwise",
    ),
    (
        (
            "DROP TRIGGER audit_leaf_rows ON audit_leaf; CREATE TRIGGER audit_leaf_rows BEFORE UPDATE"
            " OR DELETE ON audit_leaf FOR EACH ROW WHEN (OLD.leaf_index < 0)"
            " EXECUTE FUNCTION audit_refuse_rewrite();"
            " ALTER TABLE audit_leaf ENABLE ALWAYS TRIGGER audit_leaf_rows"
        ),
        "the trigger audit_leaf_rows fires otherwise",
    ),
    (
        (
            "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
            " CREATE TRIGGER swallow BEFORE INSERT ON audit_intake FOR EACH ROW EXECUTE FUNCTION swallow()"
        ),
        "the trigger swallow on audit_intake is not one of the log's",
    ),
    ("CREATE RULE hush AS ON INSERT TO audit_intake DO INSTEAD NOTHING", "audit_intake has a rule"),
    ("ALTER TABLE audit_intake SET UNLOGGED", "audit_intake is no ordinary, durable table"),
    ("ALTER TABLE audit_leaf OWNER TO beep_app", "the table audit_leaf belongs to beep_app"),
    ("GRANT DELETE ON audit_leaf TO beep_integrator", "beep_integrator may DELETE audit_leaf"),
    ("GRANT UPDATE (body) ON audit_intake TO beep_app", "beep_app may UPDATE audit_intake.body"),
    ("GRANT SELECT ON audit_opening TO PUBLIC", "everybody may SELECT audit_opening"),
    ("REVOKE INSERT (body) ON audit_intake FROM beep_app", "beep_app may no more INSERT audit_intake.body"),
    ("GRANT UPDATE ON accounts_revocation TO beep_app", "beep_app may UPDATE accounts_revocation"),
    (
        "GRANT EXECUTE ON FUNCTION audit_erase_opening(bytea, bigint, bytea) TO beep_auditor",
        "beep_auditor may EXECUTE audit_erase_opening()",
    ),
    ("GRANT CREATE ON SCHEMA public TO beep_app", "beep_app may create in the schema public"),
    (
        "CREATE SCHEMA beep_auditor; CREATE VIEW beep_auditor.audit_leaf AS SELECT 1",
        "there is another audit_leaf in the schema beep_auditor",
    ),
    (
        (
            "CREATE FUNCTION tidy() RETURNS void LANGUAGE sql SECURITY DEFINER AS"
            " 'ALTER TABLE audit_leaf DISABLE TRIGGER USER'; ALTER FUNCTION tidy() OWNER TO beep_owner"
        ),
        "the function public.tidy acts as beep_owner",
    ),
]


def test_9_whatever_else_was_weakened_is_named(fresh_database: TestDatabase) -> None:
    """Each in a transaction of its own that is taken back: no trace of one hides behind another's."""
    with psycopg.connect(fresh_database.urls.superuser) as admin:
        assert [*guards.disabled(admin), *guards.altered(admin)] == []
        for statement, named in WEAKENINGS:
            admin.execute(statement)
            assert any(named in each for each in guards.altered(admin)), statement
            admin.rollback()


def test_9_a_function_that_was_replaced_is_told_by_the_verifiers_next_run(
    database: TestDatabase, crew: Crew
) -> None:
    """As the tables' owner, who needs no superuser: the triggers stand as they stood, and refuse nothing."""
    with psycopg.connect(database.urls.migrator) as owner:
        owner.execute("SET ROLE beep_owner")
        owner.execute(LET_THROUGH.format("audit_refuse_rewrite()"))
        owner.execute("UPDATE audit_tile SET root = root")
    assert support.alarms(database, crew) == ["guard_altered"]


def test_a_role_that_became_another(database: TestDatabase) -> None:
    """Roles belong to the whole cluster: taken back whatever happens."""
    with psycopg.connect(database.urls.superuser) as admin:
        admin.execute("GRANT beep_owner TO beep_app")
        assert "beep_app is a member of beep_owner" in list(guards.altered(admin))
        admin.execute("ALTER ROLE beep_auditor BYPASSRLS")
        assert "the role beep_auditor may do more than it should" in list(guards.altered(admin))
        admin.execute("GRANT pg_write_all_data TO beep_owner")
        assert "beep_owner is a member of pg_write_all_data" in list(guards.altered(admin))
        admin.rollback()


def test_9_what_is_set_for_a_role_or_the_database(fresh_database: TestDatabase) -> None:
    """From the role's next session on triggers that are not ALWAYS are silent, or names mean other things."""
    replica = "SET session_replication_role = replica"
    with psycopg.connect(fresh_database.urls.superuser) as admin:
        for statement, named in (
            (f"ALTER ROLE beep_app {replica}", "session_replication_role=replica is set for beep_app"),
            (
                f"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {replica}', current_database()); END $$",
                "session_replication_role=replica is set for everybody",
            ),
            ("ALTER ROLE beep_auditor SET search_path = x", "search_path=x is set for beep_auditor"),
            (
                "GRANT SET ON PARAMETER session_replication_role TO beep_app",
                "beep_app may set session_replication_role",
            ),
        ):
            admin.execute(statement)
            assert list(guards.altered(admin)) == [named]
            admin.rollback()


RIGHTS = [
    ("database", "SELECT * FROM audit_leaf"),
    ("database", "INSERT INTO audit_taken VALUES (1, 1)"),
    ("database", "UPDATE audit_head SET size = 9"),
    ("database", "DELETE FROM audit_opening"),
    ("integrator", "DELETE FROM audit_leaf"),
    ("integrator", "UPDATE audit_leaf SET kind = 'x'"),
    ("integrator", "INSERT INTO audit_head VALUES (true, 0, '')"),
    ("integrator", "INSERT INTO audit_intake (at, kind, body) VALUES (0, 'x', '')"),
    ("integrator", "SELECT audit_erase_opening('', 0, '')"),
    ("auditor", "INSERT INTO audit_leaf VALUES (0, 0, 'x', '', '')"),
    ("auditor", "SELECT * FROM audit_head FOR UPDATE"),
]


def test_each_role_has_only_what_it_needs(database: TestDatabase) -> None:
    for login, statement in RIGHTS:
        with (
            psycopg.connect(getattr(database.urls, login)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)
