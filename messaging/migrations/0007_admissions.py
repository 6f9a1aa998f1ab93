"""The order in which sockets are let in, so that two hosts agree on the newest of a device without clocks."""

from django.db import migrations

FORWARD = """
CREATE SEQUENCE messaging_admission AS bigint NO CYCLE CACHE 1;
"""
"""CACHE 1, for numbers that a session keeps in stock would come late. The application's role may take numbers by
the default privileges of `deploy/database.sql`."""

BACKWARD = "DROP SEQUENCE messaging_admission;"


class Migration(migrations.Migration):
    """A sequence and no table: the number lives with the socket."""

    dependencies = [("messaging", "0006_accepted")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
