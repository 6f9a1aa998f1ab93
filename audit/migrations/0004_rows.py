"""What auditors search: a row a leaf, counts by the hour; saved searches and reviewed alerts."""

import uuid

from django.db import migrations, models

FORWARD = """
CREATE TABLE audit_row (
    leaf         bigint   PRIMARY KEY CHECK (leaf >= 0),
    at           bigint   NOT NULL,
    action       text     NOT NULL,
    actor        uuid,
    actor_system text,
    address      bytea,
    target_kind  text,
    target       text,
    subject      uuid,
    ministry     text,
    outcome      smallint NOT NULL CHECK (outcome IN (1, 2)),
    error        text
);
-- Every filter has its own index in the order of the pages; time is the order itself.
CREATE INDEX audit_row_at ON audit_row (at, leaf);
CREATE INDEX audit_row_action ON audit_row (action, at, leaf);
CREATE INDEX audit_row_actor ON audit_row (actor, at, leaf) WHERE actor IS NOT NULL;
CREATE INDEX audit_row_system ON audit_row (actor_system, at, leaf) WHERE actor_system IS NOT NULL;
CREATE INDEX audit_row_target ON audit_row (target, at, leaf) WHERE target IS NOT NULL;
CREATE INDEX audit_row_subject ON audit_row (subject, at, leaf) WHERE subject IS NOT NULL;
CREATE INDEX audit_row_ministry ON audit_row (ministry, at, leaf) WHERE ministry IS NOT NULL;
CREATE INDEX audit_row_ministry_action ON audit_row (ministry, action, at, leaf) WHERE ministry IS NOT NULL;
CREATE INDEX audit_row_address ON audit_row (address) WHERE address IS NOT NULL;
CREATE INDEX audit_row_refused ON audit_row (at, leaf) WHERE outcome = 2;
-- What an address looks like in the clear is known to the openings alone.
CREATE INDEX audit_opening_value ON audit_opening (value);

CREATE TABLE audit_hour (
    hour    bigint   NOT NULL,
    action  text     NOT NULL,
    outcome smallint NOT NULL,
    count   bigint   NOT NULL CHECK (count > 0),
    PRIMARY KEY (hour, action, outcome)
);
CREATE TABLE audit_actor_hour (
    hour   bigint NOT NULL,
    actor  uuid   NOT NULL,
    action text   NOT NULL,
    count  bigint NOT NULL CHECK (count > 0),
    PRIMARY KEY (hour, actor, action)
);

CREATE TRIGGER audit_row_rows BEFORE UPDATE OR DELETE ON audit_row
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_rewrite();
CREATE TRIGGER audit_row_table BEFORE TRUNCATE ON audit_row
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_rewrite();
ALTER TABLE audit_row ENABLE ALWAYS TRIGGER audit_row_rows;
ALTER TABLE audit_row ENABLE ALWAYS TRIGGER audit_row_table;

REVOKE ALL ON audit_row, audit_hour, audit_actor_hour FROM PUBLIC, beep_app, beep_integrator, beep_auditor;
GRANT SELECT, INSERT ON audit_row TO beep_integrator;
GRANT SELECT, INSERT, UPDATE ON audit_hour, audit_actor_hour TO beep_integrator;
GRANT SELECT ON audit_row, audit_hour, audit_actor_hour TO beep_auditor;
"""

BACKWARD = """
DROP TABLE audit_row, audit_hour, audit_actor_hour;
DROP INDEX audit_opening_value;
"""


class Migration(migrations.Migration):
    """The derived tables by SQL, for the integrator alone writes them; what auditors keep, by Django."""

    dependencies = [("audit", "0003_log")]

    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.CreateModel(
            name="SavedSearch",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("person", models.UUIDField()),
                ("name", models.CharField(max_length=80)),
                ("filters", models.JSONField()),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("person", "name"), name="saved_search_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AlertReview",
            fields=[
                ("leaf", models.BigIntegerField(primary_key=True, serialize=False)),
                ("person", models.UUIDField()),
                ("note", models.CharField(max_length=500)),
                ("at", models.DateTimeField()),
            ],
        ),
    ]
