"""Whose word has stopped a group."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("messaging", "0008_stays")]
    operations = [
        migrations.AddField(
            model_name="commitreport",
            name="froze",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
