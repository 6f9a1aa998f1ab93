"""Rules that a column check cannot express: append-only rows, single use, duties that exclude each other."""

from django.db import migrations

FORWARD = """
-- An identity chain is a line: each statement but the first follows one that is stored, and (by the unique constraint
-- on (person, prev_hash)) nothing is followed twice.
ALTER TABLE accounts_identitystatement
    ADD CONSTRAINT statement_follows_stored FOREIGN KEY (person_id, prev_hash)
    REFERENCES accounts_identitystatement (person_id, hash);

CREATE FUNCTION accounts_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER statement_append_only BEFORE UPDATE OR DELETE ON accounts_identitystatement
    FOR EACH ROW EXECUTE FUNCTION accounts_refuse_rewrite();
CREATE TRIGGER revocation_append_only BEFORE UPDATE OR DELETE ON accounts_revocation
    FOR EACH ROW EXECUTE FUNCTION accounts_refuse_rewrite();
REVOKE UPDATE, DELETE ON accounts_identitystatement, accounts_revocation FROM beep_app;

-- A letter that was used or withdrawn stays so.
CREATE FUNCTION accounts_refuse_reuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'this letter is closed' USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER activation_single_use BEFORE UPDATE ON accounts_activation
    FOR EACH ROW WHEN (OLD.used_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL)
    EXECUTE FUNCTION accounts_refuse_reuse();

-- What was revoked or has ended stays so; keys and owners never change.
CREATE TRIGGER device_revoked_for_good BEFORE UPDATE ON accounts_device
    FOR EACH ROW WHEN (
        (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
        OR NEW.signature_key <> OLD.signature_key OR NEW.person_id <> OLD.person_id
    )
    EXECUTE FUNCTION accounts_refuse_rewrite();
CREATE TRIGGER session_ended_for_good BEFORE UPDATE ON accounts_session
    FOR EACH ROW WHEN (
        (OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at)
        OR NEW.token_hash <> OLD.token_hash OR NEW.person_id <> OLD.person_id OR NEW.device_id <> OLD.device_id
    )
    EXECUTE FUNCTION accounts_refuse_rewrite();

-- An approval holds for the bytes that were approved.
CREATE TRIGGER change_fixed_once_asked BEFORE UPDATE ON accounts_change
    FOR EACH ROW WHEN (
        NEW.payload <> OLD.payload OR NEW.payload_hash <> OLD.payload_hash OR NEW.kind <> OLD.kind
        OR NEW.requested_by_id <> OLD.requested_by_id
        OR (OLD.approved_by_id IS NOT NULL AND NEW.approved_by_id IS DISTINCT FROM OLD.approved_by_id)
        OR (OLD.done_at IS NOT NULL AND NEW.done_at IS DISTINCT FROM OLD.done_at)
    )
    EXECUTE FUNCTION accounts_refuse_rewrite();

-- Nobody both provisions and audits. The lock makes two grants to one person wait for each other; without it each
-- would look before the other is there.
CREATE FUNCTION accounts_separate_duties() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM accounts_person WHERE id = NEW.person_id FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT FROM accounts_role AS other
        WHERE other.person_id = NEW.person_id AND other.id <> NEW.id AND other.ended_at IS NULL
        AND (other.duty = 'auditor' OR NEW.duty = 'auditor')
        AND (other.duty IN ('ministry_administrator', 'directory_administrator')
             OR NEW.duty IN ('ministry_administrator', 'directory_administrator'))
    ) THEN
        RAISE EXCEPTION 'an auditor cannot also provision' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER role_separate_duties BEFORE INSERT OR UPDATE ON accounts_role
    FOR EACH ROW WHEN (NEW.ended_at IS NULL) EXECUTE FUNCTION accounts_separate_duties();
"""

BACKWARD = """
DROP TRIGGER role_separate_duties ON accounts_role;
DROP TRIGGER change_fixed_once_asked ON accounts_change;
DROP TRIGGER session_ended_for_good ON accounts_session;
DROP TRIGGER device_revoked_for_good ON accounts_device;
DROP TRIGGER activation_single_use ON accounts_activation;
DROP TRIGGER revocation_append_only ON accounts_revocation;
DROP TRIGGER statement_append_only ON accounts_identitystatement;
DROP FUNCTION accounts_separate_duties();
DROP FUNCTION accounts_refuse_reuse();
DROP FUNCTION accounts_refuse_rewrite();
ALTER TABLE accounts_identitystatement DROP CONSTRAINT statement_follows_stored;
GRANT UPDATE, DELETE ON accounts_identitystatement, accounts_revocation TO beep_app;
"""


class Migration(migrations.Migration):
    """The rules, in plain SQL."""

    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
