"""The log itself: leaves, tiles, checkpoints and its one head; nothing of it can be changed or taken away."""

from django.db import migrations, models

FORWARD = """
CREATE TABLE audit_leaf (
    leaf_index bigint PRIMARY KEY CHECK (leaf_index >= 0),
    at         bigint NOT NULL CHECK (at >= 0),
    kind       text   NOT NULL,
    hash       bytea  NOT NULL CHECK (octet_length(hash) = 32),
    body       bytea  NOT NULL CHECK (octet_length(body) BETWEEN 15 AND 65535)
);
CREATE INDEX audit_leaf_at ON audit_leaf (at);
-- Which leaf tells of an intake row: its own, or for a batch of messages that of its second.
CREATE TABLE audit_taken (
    intake     bigint PRIMARY KEY,
    leaf_index bigint NOT NULL
);
CREATE INDEX audit_taken_leaf ON audit_taken (leaf_index);
-- Full tiles only; a partial one follows from the leaves or from the roots below it.
CREATE TABLE audit_tile (
    level  integer NOT NULL CHECK (level >= 0),
    tile   bigint  NOT NULL CHECK (tile >= 0),
    root   bytea   NOT NULL CHECK (octet_length(root) = 32),
    hashes bytea   NOT NULL CHECK (octet_length(hashes) = 8192),
    PRIMARY KEY (level, tile)
);
CREATE TABLE audit_checkpoint (
    size bigint PRIMARY KEY CHECK (size > 0),
    root bytea  NOT NULL CHECK (octet_length(root) = 32),
    at   bigint NOT NULL,
    note bytea  NOT NULL
);
CREATE TABLE audit_cosignature (
    size    bigint NOT NULL,
    witness text   NOT NULL,
    time    bigint NOT NULL,
    line    text   NOT NULL,
    PRIMARY KEY (size, witness, time)
);
CREATE TABLE audit_head (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    size bigint NOT NULL CHECK (size >= 0),
    root bytea  NOT NULL CHECK (octet_length(root) = 32)
);
INSERT INTO audit_head (size, root) VALUES (0, sha256(''));
ALTER TABLE audit_intake ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE audit_leaf ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE audit_tile ALTER COLUMN hashes SET STORAGE EXTERNAL;
-- The integrator takes rows in this order.
CREATE INDEX audit_intake_order ON audit_intake (transaction, id);

CREATE FUNCTION audit_head_grows() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR NEW.size <= OLD.size THEN
        RAISE EXCEPTION '% of % is refused: the audit log only grows', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER audit_head_rows BEFORE INSERT OR UPDATE OR DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION audit_head_grows();
CREATE TRIGGER audit_head_table BEFORE TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_rewrite();
ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_rows;
ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_table;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['leaf', 'taken', 'tile', 'checkpoint', 'cosignature'] LOOP
        EXECUTE format('CREATE TRIGGER audit_%1$s_rows BEFORE UPDATE OR DELETE ON audit_%1$s
                        FOR EACH ROW EXECUTE FUNCTION audit_refuse_rewrite()', name);
        EXECUTE format('CREATE TRIGGER audit_%1$s_table BEFORE TRUNCATE ON audit_%1$s
                        FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_rewrite()', name);
        EXECUTE format('ALTER TABLE audit_%1$s ENABLE ALWAYS TRIGGER audit_%1$s_rows', name);
        EXECUTE format('ALTER TABLE audit_%1$s ENABLE ALWAYS TRIGGER audit_%1$s_table', name);
    END LOOP;
END
$$;

-- An opening goes only together with the intake row that says so, in one call, and that row names it.
CREATE FUNCTION audit_erase_opening(erased bytea, at bigint, body bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    named text := rtrim(translate(encode(erased, 'base64'), '+/', '-_'), '=');
BEGIN
    IF position('"opening":"' || named || '"' IN convert_from(body, 'UTF8')) = 0 THEN
        RAISE EXCEPTION 'the audit row does not name the opening' USING ERRCODE = 'check_violation';
    END IF;
    DELETE FROM public.audit_opening WHERE commitment = erased;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO public.audit_intake (at, kind, body) VALUES (audit_erase_opening.at, 'opening.erased', body);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION audit_erase_opening(bytea, bigint, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_erase_opening(bytea, bigint, bytea) TO beep_app;

REVOKE ALL ON audit_leaf, audit_taken, audit_tile, audit_checkpoint, audit_cosignature, audit_head
    FROM PUBLIC, beep_app, beep_integrator, beep_auditor;
GRANT SELECT, INSERT ON audit_leaf, audit_taken, audit_tile, audit_checkpoint, audit_cosignature
    TO beep_integrator;
GRANT SELECT, UPDATE (size, root) ON audit_head TO beep_integrator;
GRANT SELECT ON audit_leaf, audit_taken, audit_tile, audit_checkpoint, audit_cosignature, audit_head
    TO beep_auditor;
"""

BACKWARD = """
DROP FUNCTION audit_erase_opening(bytea, bigint, bytea);
DROP INDEX audit_intake_order;
DROP TABLE audit_leaf, audit_taken, audit_tile, audit_checkpoint, audit_cosignature, audit_head;
DROP FUNCTION audit_head_grows();
"""


def unmanaged(name: str, table: str, **fields: "models.Field") -> migrations.CreateModel:  # type: ignore[type-arg]
    """A model whose table the SQL above has made."""
    return migrations.CreateModel(
        name=name, fields=list(fields.items()), options={"db_table": table, "managed": False}
    )


class Migration(migrations.Migration):
    """Tables by SQL; for Django they are unmanaged."""

    dependencies = [("audit", "0002_transparency")]
    operations = [
        migrations.RunSQL(
            FORWARD,
            BACKWARD,
            state_operations=[
                unmanaged(
                    "Leaf",
                    "audit_leaf",
                    leaf_index=models.BigIntegerField(primary_key=True, serialize=False),
                    at=models.BigIntegerField(),
                    kind=models.CharField(max_length=64),
                    hash=models.BinaryField(),
                    body=models.BinaryField(),
                ),
                unmanaged(
                    "Checkpoint",
                    "audit_checkpoint",
                    size=models.BigIntegerField(primary_key=True, serialize=False),
                    root=models.BinaryField(),
                    at=models.BigIntegerField(),
                    note=models.BinaryField(),
                ),
            ],
        )
    ]
