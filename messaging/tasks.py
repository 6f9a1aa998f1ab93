"""Work that a timer wakes (`beep.celery`); each finds what is to do in the database."""

from celery import shared_task

from messaging import unseen


@shared_task(name="messaging.order_removals_of_unseen_devices")
def order_removals_of_unseen_devices() -> None:
    """`messaging.unseen.order_removals`."""
    unseen.order_removals()
