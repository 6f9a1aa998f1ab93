"""The audit intake: tables that the application can write to and never change or read."""

from django.db import migrations, models

FORWARD = """
CREATE TABLE audit_intake (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction xid8   NOT NULL DEFAULT pg_current_xact_id(),
    at          bigint NOT NULL CHECK (at >= 0),
    kind        text   NOT NULL CHECK (kind ~ '^[a-z][a-z_.]{0,63}$'),
    body        bytea  NOT NULL CHECK (octet_length(body) BETWEEN 15 AND 65535)
);
CREATE TABLE audit_opening (
    commitment bytea PRIMARY KEY CHECK (octet_length(commitment) = 32),
    salt       bytea NOT NULL CHECK (octet_length(salt) = 32),
    value      text  NOT NULL
);

CREATE FUNCTION audit_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: the audit log only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER audit_intake_rows BEFORE UPDATE OR DELETE ON audit_intake
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_rewrite();
CREATE TRIGGER audit_intake_table BEFORE TRUNCATE ON audit_intake
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_rewrite();
CREATE TRIGGER audit_opening_rows BEFORE UPDATE ON audit_opening
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_rewrite();
CREATE TRIGGER audit_opening_table BEFORE TRUNCATE ON audit_opening
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_rewrite();
-- ALWAYS: session_replication_role = replica does not silence them.
ALTER TABLE audit_intake ENABLE ALWAYS TRIGGER audit_intake_rows;
ALTER TABLE audit_intake ENABLE ALWAYS TRIGGER audit_intake_table;
ALTER TABLE audit_opening ENABLE ALWAYS TRIGGER audit_opening_rows;
ALTER TABLE audit_opening ENABLE ALWAYS TRIGGER audit_opening_table;

-- The schema's default privileges gave the application every right on new tables; here it may only add.
REVOKE ALL ON audit_intake, audit_opening FROM PUBLIC, beep_app, beep_integrator, beep_auditor;
GRANT INSERT (at, kind, body) ON audit_intake TO beep_app;
GRANT INSERT ON audit_opening TO beep_app;
GRANT SELECT ON audit_intake TO beep_integrator;
GRANT SELECT ON audit_intake, audit_opening TO beep_auditor;
"""

BACKWARD = """
DROP TABLE audit_intake;
DROP TABLE audit_opening;
DROP FUNCTION audit_refuse_rewrite();
"""


class Migration(migrations.Migration):
    """Tables by SQL; for Django they are unmanaged."""

    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.RunSQL(
            FORWARD,
            BACKWARD,
            state_operations=[
                migrations.CreateModel(
                    name="Intake",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("transaction", models.BigIntegerField(editable=False)),
                        ("at", models.BigIntegerField()),
                        ("kind", models.CharField(max_length=64)),
                        ("body", models.BinaryField()),
                    ],
                    options={"db_table": "audit_intake", "managed": False},
                ),
                migrations.CreateModel(
                    name="Opening",
                    fields=[
                        ("commitment", models.BinaryField(primary_key=True, serialize=False)),
                        ("salt", models.BinaryField()),
                        ("value", models.TextField()),
                    ],
                    options={"db_table": "audit_opening", "managed": False},
                ),
            ],
        )
    ]
