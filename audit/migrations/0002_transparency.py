"""Key transparency: the map of everybody's newest statement, and the log of its epochs."""

from django.db import migrations

FORWARD = """
-- The application asks, the publisher takes out: the one table here that shrinks.
CREATE TABLE keys_queue (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person    uuid   NOT NULL,
    version   bigint NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
    prev_hash bytea  NOT NULL CHECK (octet_length(prev_hash) = 32),
    hash      bytea  NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE TABLE keys_epoch (
    epoch    bigint PRIMARY KEY CHECK (epoch >= 0),
    time     bigint NOT NULL CHECK (time >= 0),
    map_root bytea  NOT NULL CHECK (octet_length(map_root) = 32),
    leaf     bytea  NOT NULL CHECK (octet_length(leaf) <= 512),
    note     bytea  NOT NULL CHECK (octet_length(note) <= 4096)
);
CREATE TABLE keys_change (
    person    uuid   NOT NULL,
    version   bigint NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
    epoch     bigint NOT NULL REFERENCES keys_epoch (epoch),
    prev_hash bytea  NOT NULL CHECK (octet_length(prev_hash) = 32),
    hash      bytea  NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (person, version)
);
CREATE INDEX keys_change_epoch ON keys_change (epoch);
-- Nodes of the map by their hash: a leaf's index and value, a parent's left and right.
CREATE TABLE keys_node (
    hash bytea   PRIMARY KEY CHECK (octet_length(hash) = 32),
    leaf boolean NOT NULL,
    a    bytea   NOT NULL CHECK (octet_length(a) = 32),
    b    bytea   NOT NULL CHECK (octet_length(b) = 32)
);
-- Complete subtrees of the log: 2^level leaves from position * 2^level on.
CREATE TABLE keys_tree (
    level    bigint NOT NULL CHECK (level BETWEEN 0 AND 62),
    position bigint NOT NULL CHECK (position >= 0),
    hash     bytea  NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, position)
);
CREATE TABLE keys_cosigned (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    size bigint NOT NULL CHECK (size > 0),
    note bytea  NOT NULL CHECK (octet_length(note) <= 262144),
    at   bigint NOT NULL CHECK (at >= 0)
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['keys_epoch', 'keys_change', 'keys_node', 'keys_tree', 'keys_cosigned'] LOOP
        EXECUTE format('CREATE TRIGGER %1$s_rows BEFORE UPDATE OR DELETE ON %1$s
            FOR EACH ROW EXECUTE FUNCTION audit_refuse_rewrite()', name);
        EXECUTE format('CREATE TRIGGER %1$s_table BEFORE TRUNCATE ON %1$s
            FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_rewrite()', name);
        -- ALWAYS: session_replication_role = replica does not silence them.
        EXECUTE format('ALTER TABLE %1$s ENABLE ALWAYS TRIGGER %1$s_rows', name);
        EXECUTE format('ALTER TABLE %1$s ENABLE ALWAYS TRIGGER %1$s_table', name);
        EXECUTE format('REVOKE ALL ON %1$s FROM PUBLIC, beep_app, beep_integrator, beep_auditor', name);
        EXECUTE format('GRANT SELECT ON %1$s TO beep_app, beep_auditor', name);
        EXECUTE format('GRANT SELECT, INSERT ON %1$s TO beep_integrator', name);
    END LOOP;
END
$$;
CREATE TRIGGER keys_queue_rows BEFORE UPDATE ON keys_queue
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_rewrite();
ALTER TABLE keys_queue ENABLE ALWAYS TRIGGER keys_queue_rows;
REVOKE ALL ON keys_queue FROM PUBLIC, beep_app, beep_integrator, beep_auditor;
GRANT INSERT (person, version, prev_hash, hash) ON keys_queue TO beep_app;
GRANT SELECT, DELETE ON keys_queue TO beep_integrator;
GRANT SELECT ON keys_queue TO beep_auditor;
"""

BACKWARD = """
DROP TABLE keys_cosigned, keys_tree, keys_node, keys_change, keys_epoch, keys_queue;
"""


class Migration(migrations.Migration):
    """Tables by SQL; nothing of Django's knows them."""

    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
