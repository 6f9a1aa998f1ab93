-- The database roles of Beep. Run once a cluster, as a superuser; running it again changes nothing.
-- Passwords are set apart (ALTER ROLE … PASSWORD), so that this file holds no secret.
--
--   beep_owner       owns every table; nobody can log in as it
--   beep_migrator    logs in for migrations and does SET ROLE beep_owner; inherits nothing by itself
--   beep_app         the application: what each migration grants, never DDL
--   beep_integrator  folds the audit intake into the log
--   beep_auditor     reads the audit log
DO $$
DECLARE
    login text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'beep_owner') THEN
        CREATE ROLE beep_owner NOLOGIN;
    END IF;
    FOREACH login IN ARRAY ARRAY['beep_migrator', 'beep_app', 'beep_integrator', 'beep_auditor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOINHERIT', login);
        END IF;
    END LOOP;
    GRANT beep_owner TO beep_migrator;
END
$$;
