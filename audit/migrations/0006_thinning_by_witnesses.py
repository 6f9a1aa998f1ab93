"""A checkpoint may only go for one that all of its own witnesses have cosigned, not merely as many."""

from django.db import migrations

FORWARD = """
-- By number alone {a, b} could go for {a, c}: where a policy wants a and b, the minute would lose its quorum. So
-- a later checkpoint of the same minute must have every witness of this one. Of each set of
-- witnesses a minute one stays at most, and the newest always.
CREATE OR REPLACE FUNCTION audit_checkpoint_thins() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    following record;
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < extract(epoch FROM now()) * 1000 - 86400000 THEN
        FOR following IN SELECT size, at FROM public.audit_checkpoint WHERE size > OLD.size ORDER BY size LOOP
            EXIT WHEN following.at / 60000 <> OLD.at / 60000;
            IF NOT EXISTS (
                SELECT witness FROM public.audit_cosignature WHERE size = OLD.size
                EXCEPT SELECT witness FROM public.audit_cosignature WHERE size = following.size
            ) THEN
                RETURN OLD;
            END IF;
        END LOOP;
    END IF;
    RAISE EXCEPTION '% of % is refused: the audit log only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
-- Chosen is what has one of the same witnesses later in its minute, or goes for the next one. Where the clock was
-- set back a minute may come twice, and each is one of its own, here as in the trigger.
CREATE OR REPLACE FUNCTION audit_thin_checkpoints(since bigint, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    gone bigint[];
BEGIN
    WITH placed AS (
        SELECT size, at, at / 60000 IS DISTINCT FROM lag(at / 60000) OVER (ORDER BY size) AS begins
        FROM public.audit_checkpoint
        WHERE size >= (SELECT min(size) FROM public.audit_checkpoint WHERE at >= since)
    ), minutes AS (
        SELECT size, at, count(*) FILTER (WHERE begins) OVER (ORDER BY size) AS minute FROM placed
    ), counted AS (
        SELECT m.size, m.minute, ARRAY(
            SELECT DISTINCT s.witness::text FROM public.audit_cosignature s WHERE s.size = m.size ORDER BY 1
        ) AS given
        FROM minutes m WHERE m.at < extract(epoch FROM now()) * 1000 - 86400000
    ), followed AS (
        SELECT size, given, lead(given) OVER (PARTITION BY minute ORDER BY size) AS next_given,
               lead(size) OVER (PARTITION BY minute, given ORDER BY size) AS same
        FROM counted
    )
    SELECT array_agg(chosen.size) INTO gone FROM (
        SELECT f.size FROM followed f WHERE f.same IS NOT NULL OR f.given <@ f.next_given ORDER BY f.size LIMIT most
    ) chosen;
    IF gone IS NULL THEN
        RETURN 0;
    END IF;
    DELETE FROM public.audit_checkpoint WHERE size = ANY(gone);
    DELETE FROM public.audit_cosignature WHERE size = ANY(gone);
    RETURN cardinality(gone);
END
$$;
"""


class Migration(migrations.Migration):
    """Only stricter than before, so the code that is still running is served, and going back leaves it."""

    dependencies = [("audit", "0005_guards")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
