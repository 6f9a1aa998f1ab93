"""What an auditor may see of envelopes: that they are there, not what, from whom or where."""

from django.db import migrations

FORWARD = """
CREATE VIEW audit_accepted_envelope (time_ms, hash) AS SELECT time_ms, hash FROM messaging_envelope;
CREATE INDEX messaging_envelope_time ON messaging_envelope USING brin (time_ms);
REVOKE ALL ON audit_accepted_envelope FROM PUBLIC, beep_app;
GRANT SELECT ON audit_accepted_envelope TO beep_auditor;
"""

BACKWARD = """
DROP VIEW audit_accepted_envelope;
DROP INDEX messaging_envelope_time;
"""


class Migration(migrations.Migration):
    """A view that `audit.accepted` reads; the index is block ranges, since rows come in by time."""

    dependencies = [("messaging", "0005_wake_tokens")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
