"""Work that a timer wakes; each finds what is to do in the database and does no harm when it runs twice."""

from celery import shared_task

from accounts import pairings


@shared_task(name="accounts.delete_old_pairings")
def delete_old_pairings() -> None:
    """`accounts.pairings.delete_old`."""
    pairings.delete_old()
