-- Rights inside one Beep database, which beep_owner owns. Run as a superuser after `CREATE DATABASE … OWNER beep_owner`
-- and before the first migration; running it again changes nothing.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I TO beep_migrator, beep_app, beep_integrator, beep_auditor', current_database()
    );
END
$$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO beep_owner;
GRANT USAGE ON SCHEMA public TO beep_app, beep_integrator, beep_auditor;
-- The application may use ordinary tables; the audit migrations take this back from theirs and grant one by one.
-- No TRUNCATE, no REFERENCES, no TRIGGER.
ALTER DEFAULT PRIVILEGES FOR ROLE beep_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO beep_app;
ALTER DEFAULT PRIVILEGES FOR ROLE beep_owner IN SCHEMA public
    GRANT USAGE ON SEQUENCES TO beep_app;
-- Functions are executable by everybody unless said otherwise.
ALTER DEFAULT PRIVILEGES FOR ROLE beep_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE beep_owner IN SCHEMA public
    GRANT EXECUTE ON FUNCTIONS TO beep_app;
