"""Checkpoints may be thinned, by a rule that stands in their trigger; what the watch has told last."""

from django.db import migrations, models

FORWARD = """
-- A checkpoint may go when it is older than a day and the next one is of the same minute and has been cosigned
-- by at least as many witnesses: so one a minute stays, and the newest always. Nothing else may, and nobody may
-- change one.
CREATE FUNCTION audit_checkpoint_thins() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    following record;
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < extract(epoch FROM now()) * 1000 - 86400000 THEN
        SELECT size, at INTO following FROM public.audit_checkpoint WHERE size > OLD.size ORDER BY size LIMIT 1;
        IF FOUND AND following.at / 60000 = OLD.at / 60000
            AND (SELECT count(DISTINCT witness) FROM public.audit_cosignature WHERE size = following.size)
                >= (SELECT count(DISTINCT witness) FROM public.audit_cosignature WHERE size = OLD.size)
        THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% of % is refused: the audit log only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
-- A cosignature goes after its checkpoint.
CREATE FUNCTION audit_cosignature_thins() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM public.audit_checkpoint WHERE size = OLD.size) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% of % is refused: the audit log only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
DROP TRIGGER audit_checkpoint_rows ON audit_checkpoint;
CREATE TRIGGER audit_checkpoint_rows BEFORE UPDATE OR DELETE ON audit_checkpoint
    FOR EACH ROW EXECUTE FUNCTION audit_checkpoint_thins();
ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER audit_checkpoint_rows;
DROP TRIGGER audit_cosignature_rows ON audit_cosignature;
CREATE TRIGGER audit_cosignature_rows BEFORE UPDATE OR DELETE ON audit_cosignature
    FOR EACH ROW EXECUTE FUNCTION audit_cosignature_thins();
ALTER TABLE audit_cosignature ENABLE ALWAYS TRIGGER audit_cosignature_rows;
-- When a witness was heard last.
CREATE INDEX audit_cosignature_witness ON audit_cosignature (witness, time);

-- The one way to thin: up to `most` checkpoints made since `since` (milliseconds UTC), oldest first, and what was
-- cosigned under them. A checkpoint without cosignatures may stand behind a cosigned one, which then goes in the
-- next call.
CREATE FUNCTION audit_thin_checkpoints(since bigint, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    gone bigint[];
BEGIN
    WITH counted AS (
        SELECT c.size, c.at, (
            SELECT count(DISTINCT witness) FROM public.audit_cosignature s WHERE s.size = c.size
        ) AS given
        FROM public.audit_checkpoint c
        WHERE c.at >= since AND c.at < extract(epoch FROM now()) * 1000 - 86400000
    ), followed AS (
        SELECT size, at, given, lead(at) OVER later AS next_at, lead(given) OVER later AS next_given
        FROM counted WINDOW later AS (ORDER BY size)
    )
    SELECT array_agg(chosen.size) INTO gone FROM (
        SELECT f.size FROM followed f
        WHERE f.next_at / 60000 = f.at / 60000 AND f.next_given >= f.given ORDER BY f.size LIMIT most
    ) chosen;
    IF gone IS NULL THEN
        RETURN 0;
    END IF;
    DELETE FROM public.audit_checkpoint WHERE size = ANY(gone);
    DELETE FROM public.audit_cosignature WHERE size = ANY(gone);
    RETURN cardinality(gone);
END
$$;
REVOKE ALL ON FUNCTION audit_thin_checkpoints(bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_thin_checkpoints(bigint, integer) TO beep_app;
"""

BACKWARD = """
DROP INDEX audit_cosignature_witness;
DROP FUNCTION audit_thin_checkpoints(bigint, integer);
DROP TRIGGER audit_checkpoint_rows ON audit_checkpoint;
DROP TRIGGER audit_cosignature_rows ON audit_cosignature;
DROP FUNCTION audit_checkpoint_thins();
DROP FUNCTION audit_cosignature_thins();
CREATE TRIGGER audit_checkpoint_rows BEFORE UPDATE OR DELETE ON audit_checkpoint
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_rewrite();
CREATE TRIGGER audit_cosignature_rows BEFORE UPDATE OR DELETE ON audit_cosignature
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_rewrite();
ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER audit_checkpoint_rows;
ALTER TABLE audit_cosignature ENABLE ALWAYS TRIGGER audit_cosignature_rows;
"""


class Migration(migrations.Migration):
    """Rules by SQL; the watch's memory by Django."""

    dependencies = [("audit", "0004_rows")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.CreateModel(
            name="Watched",
            fields=[
                ("name", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("value", models.CharField(max_length=100)),
            ],
        ),
    ]
