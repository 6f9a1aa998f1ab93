"""Everybody's statements so far go into the key log; whoever audits may read what they are checked against."""

from django.db import migrations

FORWARD = """
INSERT INTO keys_queue (person, version, prev_hash, hash)
    SELECT person_id, version, coalesce(prev_hash, decode(repeat('00', 32), 'hex')), hash
      FROM accounts_identitystatement ORDER BY person_id, version;
GRANT SELECT ON accounts_identitystatement, accounts_keptcertificate TO beep_auditor;
"""

BACKWARD = """
REVOKE SELECT ON accounts_identitystatement, accounts_keptcertificate FROM beep_auditor;
"""


class Migration(migrations.Migration):
    """Rows of one table into another's queue, and a right."""

    dependencies = [("accounts", "0006_console_sessions"), ("audit", "0002_transparency")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
