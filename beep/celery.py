"""Celery wakes work, it never holds it: what must happen is a row in PostgreSQL; losing Valkey loses only wake-ups."""

import os
import time
from typing import Final

import redis
from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beep.settings")

HEARTBEAT_KEY: Final = "beep:worker:heartbeat"
HEARTBEAT_INTERVAL: Final = 5.0
"""Seconds between two heartbeats."""
HEARTBEAT_TTL: Final = 20
"""Seconds after which a silent worker counts as gone: three missed beats and one of grace."""

app = Celery("beep")
app.conf.update(
    broker_url=settings.VALKEY_URL,
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    timezone="UTC",
    beat_schedule={
        # A beat that nobody picked up in time is worth nothing; do not let them pile up.
        "heartbeat": {
            "task": "beep.heartbeat",
            "schedule": HEARTBEAT_INTERVAL,
            "options": {"expires": HEARTBEAT_INTERVAL},
        },
    },
)
app.autodiscover_tasks()


@app.task(name="beep.heartbeat")
def heartbeat() -> None:
    """Tell /healthz that a worker takes tasks; the value is the Unix time in whole seconds."""
    with redis.Redis.from_url(settings.VALKEY_URL) as client:
        client.set(HEARTBEAT_KEY, int(time.time()), ex=HEARTBEAT_TTL)
