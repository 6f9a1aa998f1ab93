"""Work that a timer wakes (`beep.celery`); each does no harm when it runs twice."""

from celery import shared_task

from audit import thinning, watch


@shared_task(name="audit.watch")
def look_after_witnesses() -> None:
    """`audit.watch.look`."""
    watch.look()


@shared_task(name="audit.thin_checkpoints")
def thin_checkpoints() -> None:
    """`audit.thinning.thin`."""
    thinning.thin()
