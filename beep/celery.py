"""Celery wakes work, it never holds it: what must happen is a row in PostgreSQL; losing Valkey loses only
wake-ups.
"""

import os
import time
from typing import Any, Final

import redis
from celery import Celery, bootsteps
from celery.signals import task_postrun, task_prerun, worker_init
from django.conf import settings

from beep import metrics, operations, skew
from beep.watchdog import Watchdog

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
    # For as long as it takes: by default a worker gives up after a hundred attempts, some 50 minutes.
    broker_connection_max_retries=None,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    timezone="UTC",
)
app.autodiscover_tasks()


@app.task(name="beep.heartbeat")
def heartbeat() -> None:
    """Tell /healthz that a worker takes tasks; the value is the Unix time in whole seconds."""
    with redis.Redis.from_url(settings.VALKEY_URL) as client:
        client.set(HEARTBEAT_KEY, int(time.time()), ex=HEARTBEAT_TTL)


PERIODIC: Final[dict[str, float]] = {
    "beep.heartbeat": HEARTBEAT_INTERVAL,
    "accounts.delete_old_pairings": 3_600.0,
    "audit.watch": 60.0,
    "audit.thin_checkpoints": 3_600.0,
    "messaging.order_removals_of_unseen_devices": 3_600.0,
}
"""Task → seconds between two of them. A heartbeat proves that tasks are taken and done."""


class TimerStep(bootsteps.StartStopStep):
    """Each worker asks for the periodic tasks through the broker.

    The worker's own timer does it, so that no separate beat process has to be run and watched. With several
    workers a task is asked for more often than said, so each must do no harm when it runs twice.
    """

    requires = ("celery.worker.components:Timer",)

    def start(self, parent: Any) -> None:
        """Begin at once, then repeatedly; `parent` is Celery's WorkController."""
        self._timers = []
        for name, interval in PERIODIC.items():
            # Nobody needs one that was not picked up in time; do not let them pile up.
            ask = {"args": (name,), "kwargs": {"expires": interval}}
            self._timers.append(parent.timer.call_repeatedly(interval, app.send_task, **ask))
            app.send_task(name, expires=interval)

    def stop(self, parent: Any) -> None:
        """Send no more."""
        for timer in self._timers:
            timer.cancel()


app.steps["worker"].add(TimerStep)


watchdog: Final = Watchdog(settings.VALKEY_URL)


@worker_init.connect
def _watched(**_: Any) -> None:
    operations.start()
    skew.start(settings.ENVIRONMENT.database.line())
    watchdog.start()


@task_prerun.connect
def _begun(task: Any, **_: Any) -> None:
    task.request.begun = time.perf_counter()


@task_postrun.connect
def _ended(task: Any, state: str | None = None, **_: Any) -> None:
    """Count by the task's own name: what is not registered never runs, so the names are a closed list."""
    watchdog.task_ended()
    metrics.tasks.labels(task.name, (state or "unknown").lower()).inc()
    metrics.task_seconds.labels(task.name).observe(time.perf_counter() - task.request.begun)
