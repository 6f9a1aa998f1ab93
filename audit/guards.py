"""What in the database keeps the logs from being changed: triggers, their functions, the roles' rights.

All of it deters and none of it proves anything: whoever may alter tables may switch it off, write, and switch
it on again, and then the tree and the witnesses tell. But who left it weakened is found here, by name. Held
against this module: each trigger's table, moment, function and state, that no condition narrows it and no
other trigger or rule stands beside it, **the text of every function**, the tables' owner and kind, what every
role may do with them, what the roles themselves are and belong to, what is set for them, and that nothing
stands in another schema where a table of the log would be looked for.

A function's text is compared by its SHA-256; a migration that changes one changes the hash here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, LiteralString, Protocol

OWNER: Final = "beep_owner"
LOGINS: Final = ("beep_migrator", "beep_app", "beep_integrator", "beep_auditor")

# What PostgreSQL keeps in pg_trigger.tgtype.
ROW: Final = 1
BEFORE: Final = 2
INSERT: Final = 4
DELETE: Final = 8
UPDATE: Final = 16
TRUNCATE: Final = 32

ALWAYS: Final = "A"
"""Whatever session_replication_role says."""
ORIGIN: Final = "O"

REWRITES: Final = ROW | BEFORE | DELETE | UPDATE
EMPTYING: Final = BEFORE | TRUNCATE


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger: what it fires on, and which function of schema `public` it calls."""

    table: str
    name: str
    kind: int
    function: str
    state: str = ALWAYS


def _log_table(table: str, function: str = "audit_refuse_rewrite", kind: int = REWRITES) -> list[Trigger]:
    return [
        Trigger(table, f"{table}_rows", kind, function),
        Trigger(table, f"{table}_table", EMPTYING, "audit_refuse_rewrite"),
    ]


TRIGGERS: Final[tuple[Trigger, ...]] = (
    *(each for table in ("intake", "leaf", "taken", "tile", "row") for each in _log_table(f"audit_{table}")),
    *_log_table("audit_opening", kind=ROW | BEFORE | UPDATE),
    *_log_table("audit_checkpoint", "audit_checkpoint_thins"),
    *_log_table("audit_cosignature", "audit_cosignature_thins"),
    *_log_table("audit_head", "audit_head_grows", ROW | BEFORE | INSERT | DELETE | UPDATE),
    *(
        each
        for table in ("epoch", "change", "node", "tree", "cosigned")
        for each in _log_table(f"keys_{table}")
    ),
    Trigger("keys_queue", "keys_queue_rows", ROW | BEFORE | UPDATE, "audit_refuse_rewrite"),
    *(
        Trigger(f"accounts_{table}", f"{name}_append_only", REWRITES, "accounts_refuse_rewrite", ORIGIN)
        for table, name in (
            ("identitystatement", "statement"),
            ("revocation", "revocation"),
            ("keptcertificate", "kept_certificate"),
            ("resetsignature", "reset_signature"),
        )
    ),
)
TABLES: Final = tuple(sorted({each.table for each in TRIGGERS} | {"audit_hour", "audit_actor_hour"}))

FUNCTIONS: Final[dict[str, str]] = {
    "accounts_refuse_rewrite": "3cf579e157abb80adff120f73b5e4fb5f0223a58a21b1de6f95789e190e1369f",
    "audit_checkpoint_thins": "70dd09b4dc5baad77be145607ca79f8df5b2de687e78fd7bee9f7df326b1d2e4",
    "audit_cosignature_thins": "cd461dea17ba9aa8e2147712d0880c85edc41c98df766a7dfe0f102ba5eb2323",
    "audit_erase_opening": "d91b802319b0f4679d52bfd25acb90f6922a2034ecbc010b4886b71fcfde55d4",
    "audit_head_grows": "8dda09ea25db7b7815f58fece115e36ab224183ec170ebeb55e1d654c49d2610",
    "audit_refuse_rewrite": "8ebc08a1f938030ebb6e333c65d8edcb8bce14a69b607ceecf546a86cae9efe3",
    "audit_thin_checkpoints": "c2f0fa12b705518997c5541c173dbe1b5ffe7b6f5814e9abafbeec1f549f6e42",
}
"""Function of schema `public` → SHA-256 (hex) of what `_text_of` makes of it."""

_READS: Final = {("beep_auditor", "SELECT")}
_GROWS: Final = {("beep_integrator", "SELECT"), ("beep_integrator", "INSERT"), *_READS}
RIGHTS: Final[dict[str, set[tuple[str, str]]]] = {
    "audit_intake": {("beep_integrator", "SELECT"), *_READS},
    "audit_intake.at": {("beep_app", "INSERT")},
    "audit_intake.kind": {("beep_app", "INSERT")},
    "audit_intake.body": {("beep_app", "INSERT")},
    "audit_opening": {("beep_app", "INSERT"), *_READS},
    **{f"audit_{name}": _GROWS for name in ("leaf", "taken", "tile", "checkpoint", "cosignature", "row")},
    "audit_head": {("beep_integrator", "SELECT"), *_READS},
    "audit_head.size": {("beep_integrator", "UPDATE")},
    "audit_head.root": {("beep_integrator", "UPDATE")},
    **{f"audit_{name}": {("beep_integrator", "UPDATE"), *_GROWS} for name in ("hour", "actor_hour")},
    **{
        f"keys_{name}": {("beep_app", "SELECT"), *_GROWS}
        for name in ("epoch", "change", "node", "tree", "cosigned")
    },
    "keys_queue": {("beep_integrator", "SELECT"), ("beep_integrator", "DELETE"), *_READS},
    **{f"keys_queue.{name}": {("beep_app", "INSERT")} for name in ("person", "version", "prev_hash", "hash")},
    **{
        f"accounts_{name}": {("beep_app", "SELECT"), ("beep_app", "INSERT")}
        for name in ("revocation", "resetsignature")
    },
    **{
        f"accounts_{name}": {("beep_app", "SELECT"), ("beep_app", "INSERT"), *_READS}
        for name in ("identitystatement", "keptcertificate")
    },
    **{f"{name}()": {("beep_app", "EXECUTE")} for name in FUNCTIONS},
}
"""Table, table.column or function() → who, beside the owner, may do what."""

FOUND_TRIGGERS: Final[LiteralString] = """
SELECT c.relname, t.tgname, t.tgtype::integer, p.proname, t.tgenabled::text,
       t.tgqual IS NULL AND t.tgattr::text = '' AND t.tgnargs = 0 AND n.nspname = 'public'
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%s) AND NOT t.tgisinternal
ORDER BY c.relname, t.tgname
"""
FOUND_TABLES: Final[LiteralString] = """
SELECT c.relname, c.relowner::regrole::text, c.relkind::text || c.relpersistence::text, c.relrowsecurity,
       EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid),
       EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid OR i.inhrelid = c.oid)
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%s)
"""
FOUND_FUNCTIONS: Final[LiteralString] = """
SELECT p.proname, p.proowner::regrole::text, l.lanname, p.prosecdef, p.proconfig, p.prosrc
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'public'::regnamespace AND p.proname = ANY(%s) ORDER BY p.proname, p.oid
"""
FOUND_RIGHTS: Final[LiteralString] = """
SELECT c.relname::text, a.grantee, a.privilege_type, a.is_grantable
FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%(tables)s) AND a.grantee <> c.relowner
UNION ALL
SELECT c.relname || '.' || t.attname, a.grantee, a.privilege_type, a.is_grantable
FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%(tables)s) AND a.grantee <> c.relowner
UNION ALL
SELECT p.proname || '()', a.grantee, a.privilege_type, a.is_grantable
FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
WHERE p.pronamespace = 'public'::regnamespace AND p.proname = ANY(%(functions)s) AND a.grantee <> p.proowner
"""
ROLES: Final[LiteralString] = """
SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication, rolcanlogin FROM pg_roles
WHERE rolname = ANY(%s)
"""
SCHEMA: Final[LiteralString] = """
SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND has_schema_privilege(rolname, 'public', 'CREATE')
"""
SHADOWS: Final[LiteralString] = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = ANY(%s) AND n.nspname <> 'public' ORDER BY 1, 2
"""
DEFINERS: Final[LiteralString] = """
SELECT n.nspname || '.' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.prosecdef AND p.proowner::regrole::text = %s
  AND NOT (n.nspname = 'public' AND p.proname = ANY(%s)) ORDER BY 1
"""
SETTINGS: Final[LiteralString] = """
SELECT coalesce(r.rolname, 'everybody'), said
FROM pg_db_role_setting d LEFT JOIN pg_roles r ON r.oid = d.setrole, unnest(d.setconfig) said
WHERE d.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
  AND (d.setrole = 0 OR r.rolname = ANY(%s)) AND split_part(said, '=', 1) = ANY(%s) ORDER BY 1, 2
"""
MAY_SET: Final[LiteralString] = """
SELECT rolname FROM pg_roles
WHERE rolname = ANY(%s) AND has_parameter_privilege(rolname, 'session_replication_role', 'SET')
"""
WEAKENING: Final = ("session_replication_role", "search_path", "session_preload_libraries")
"""Settings by which a session's statements mean something else, or fire no triggers that are not ALWAYS."""
MEMBERS: Final[LiteralString] = """
SELECT m.member::regrole::text, m.roleid::regrole::text FROM pg_auth_members m
WHERE m.member::regrole::text = ANY(%s) OR m.roleid::regrole::text = ANY(%s)
"""


class Connection(Protocol):
    """What is needed of a psycopg connection."""

    def execute(self, query: LiteralString, params: Any = ..., /) -> Any:
        """Run one statement; iterates over its rows."""


def disabled(connection: Connection) -> Iterator[str]:
    """Triggers that are off, weakened or gone."""
    armed = {(row[0], row[1]): row[4] for row in connection.execute(FOUND_TRIGGERS, (list(TABLES),))}
    for each in TRIGGERS:
        if armed.get((each.table, each.name)) != each.state:
            yield each.name


def altered(connection: Connection) -> Iterator[str]:
    """Everything else of the guards that is not as the migrations made it, in words."""
    yield from _tables(connection)
    yield from _triggers(connection)
    yield from _functions(connection)
    yield from _rights(connection)
    yield from _roles(connection)
    yield from _settings(connection)
    yield from _beside(connection)


def _tables(connection: Connection) -> Iterator[str]:
    found = {row[0]: row[1:] for row in connection.execute(FOUND_TABLES, (list(TABLES),))}
    for table in TABLES:
        match found.get(table):
            case None:
                yield f"the table {table} is gone"
            case (str(owner), *_) if owner != OWNER:
                yield f"the table {table} belongs to {owner}"
            case (_, str(kind), *_) if kind != "rp":
                yield f"{table} is no ordinary, durable table"
            case (_, _, hides, rewrites, inherits) if hides or rewrites or inherits:
                yield f"{table} has a rule, a row policy or a parent"


def _triggers(connection: Connection) -> Iterator[str]:
    expected = {(each.table, each.name): each for each in TRIGGERS}
    for table, name, kind, function, _, plain in connection.execute(FOUND_TRIGGERS, (list(TABLES),)):
        each = expected.get((table, name))
        if each is None:
            yield f"the trigger {name} on {table} is not one of the log's"
        elif (kind, function) != (each.kind, each.function) or not plain:
            yield f"the trigger {name} fires otherwise, or calls another function ({function})"


def _functions(connection: Connection) -> Iterator[str]:
    found: dict[str, list[str]] = {}
    for name, *facts in connection.execute(FOUND_FUNCTIONS, (list(FUNCTIONS),)):
        found.setdefault(name, []).append(_text_of(*facts))
    for name, expected in FUNCTIONS.items():
        texts = found.get(name, [])
        if not texts:
            yield f"the function {name} is gone"
        elif len(texts) > 1:
            yield f"there is another function {name}"
        elif sha256(texts[0].encode()).hexdigest() != expected:
            yield f"the function {name} says something else"


def _text_of(owner: str, language: str, definer: bool, settings: list[str] | None, source: str) -> str:
    """What a function is, in one text: owner, language, whose rights, settings, source."""
    return "\n".join([owner, language, str(definer), *(settings or ()), source])


def _rights(connection: Connection) -> Iterator[str]:
    names = {str(oid): name for oid, name in connection.execute("SELECT oid::bigint, rolname FROM pg_roles")}
    asked = {"tables": list(TABLES), "functions": list(FUNCTIONS)}
    found: dict[str, set[tuple[str, str]]] = {}
    for what, grantee, right, onward in connection.execute(FOUND_RIGHTS, asked):
        name = names.get(str(grantee), "everybody")
        found.setdefault(what, set()).add((name, f"{right} with grant option" if onward else right))
    for what in sorted(found.keys() | RIGHTS.keys()):
        expected, given = RIGHTS.get(what, set()), found.get(what, set())
        for name, right in sorted(given - expected):
            yield f"{name} may {right} {what}"
        for name, right in sorted(expected - given):
            yield f"{name} may no more {right} {what}"


def _roles(connection: Connection) -> Iterator[str]:
    everybody = [OWNER, *LOGINS]
    for name, powerful, logs_in in connection.execute(ROLES, (everybody,)):
        if powerful or (name == OWNER and logs_in):
            yield f"the role {name} may do more than it should"
    for member, role in connection.execute(MEMBERS, (everybody, everybody)):
        if (member, role) != ("beep_migrator", OWNER):
            yield f"{member} is a member of {role}"


def _settings(connection: Connection) -> Iterator[str]:
    everybody = [OWNER, *LOGINS]
    for name, said in connection.execute(SETTINGS, (everybody, list(WEAKENING))):
        yield f"{said} is set for {name}"
    for (name,) in connection.execute(MAY_SET, (everybody,)):
        yield f"{name} may set session_replication_role"


def _beside(connection: Connection) -> Iterator[str]:
    """What stands beside the tables and functions, and is taken for them or acts with their rights."""
    for (name,) in connection.execute(SCHEMA, (list(LOGINS),)):
        yield f"{name} may create in the schema public"
    for schema, table in connection.execute(SHADOWS, (list(TABLES),)):
        yield f"there is another {table} in the schema {schema}"
    for (name,) in connection.execute(DEFINERS, (OWNER, list(FUNCTIONS))):
        yield f"the function {name} acts as {OWNER}"
