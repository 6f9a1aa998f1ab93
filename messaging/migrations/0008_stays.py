"""Since when, and until when, a device may read a conversation."""

from django.db import migrations, models

KNOWN = """
INSERT INTO messaging_stay (conversation_id, device_id, from_seq, until_seq)
SELECT s.conversation_id, s.device_id, COALESCE(p.joined_seq, 0),
       CASE WHEN s.generation > 0 THEN NULL ELSE GREATEST(c.last_seq, COALESCE(p.joined_seq, 0)) END
FROM messaging_sender s
JOIN messaging_conversation c ON c.id = s.conversation_id
LEFT JOIN accounts_device d ON d.id = s.device_id
LEFT JOIN messaging_participant p ON p.conversation_id = s.conversation_id AND p.person_id = d.person_id
"""
"""When each device came was not written down: what its person was admitted to, as it could read until now."""


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("messaging", "0007_admissions"), ("accounts", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="Stay",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("conversation_id", models.UUIDField()),
                ("device_id", models.UUIDField()),
                ("from_seq", models.BigIntegerField()),
                ("until_seq", models.BigIntegerField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("conversation_id", "device_id", "from_seq"), name="stay_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("until_seq__isnull", True)),
                        fields=("conversation_id", "device_id"),
                        name="stay_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("from_seq__gte", 0),
                            models.Q(
                                ("until_seq__isnull", True),
                                ("until_seq__gte", models.F("from_seq")),
                                _connector="OR",
                            ),
                        ),
                        name="stay_ends_after_it_begins",
                    ),
                ],
            },
        ),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
    ]
