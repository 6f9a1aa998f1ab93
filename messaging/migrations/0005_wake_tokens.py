"""Tokens for sockets that only say that something waits."""

import django.db.models.lookups
from django.db import migrations, models

import messaging.models.fields


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [
        ("messaging", "0004_reuploads"),
    ]

    operations = [
        migrations.CreateModel(
            name="WakeToken",
            fields=[
                ("session_id", models.UUIDField(primary_key=True, serialize=False)),
                ("token_hash", messaging.models.fields.BytesField(unique=True)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=django.db.models.lookups.Exact(
                            models.Func(
                                models.F("token_hash"),
                                function="octet_length",
                                output_field=models.IntegerField(),
                            ),
                            32,
                        ),
                        name="wake_token_hash_length",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))),
                        name="wake_token_ends_after_it_begins",
                    ),
                ],
            },
        ),
    ]
