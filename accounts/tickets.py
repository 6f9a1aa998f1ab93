"""Tickets: what a person has proved, carried to the one request that must follow. Single use, ten minutes."""

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Final

from accounts.models import Pairing, Person, Ticket
from accounts.pruning import prune
from beep import clock
from beep.errors import BeepError

LIFETIME: Final = timedelta(minutes=10)
TOKEN_BYTES: Final = 32


def issue(*, person: Person, purpose: Ticket.Purpose, sealed_totp_seed: bytes | None = None) -> bytes:
    """A fresh ticket's token (32 random bytes); earlier open ones of the person for this purpose are void."""
    now = clock.now()
    prune(Ticket.objects.filter(expires_at__lt=now))
    Ticket.objects.filter(person=person, purpose=purpose, used_at__isnull=True).delete()
    token = secrets.token_bytes(TOKEN_BYTES)
    Ticket.objects.create(
        token_hash=sha256(token).digest(),
        person=person,
        purpose=purpose,
        sealed_totp_seed=sealed_totp_seed,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    return token


def open_(token: bytes, *, purpose: Ticket.Purpose) -> tuple[Ticket, Person]:
    """The ticket and its person, both locked until the transaction ends, the person first as everywhere.

    Raises BeepError `ticket_refused` when it is unknown, spent, too old or for something else.
    """
    living = Ticket.objects.filter(
        token_hash=sha256(token).digest(), purpose=purpose, used_at__isnull=True, expires_at__gt=clock.now()
    )
    found = living.values_list("person_id", flat=True).first()
    if found is None:
        raise BeepError("ticket_refused")
    person = Person.objects.select_for_update(no_key=True).get(id=found)
    # Again, under the lock: somebody may have spent it in between.
    ticket = living.select_for_update().first()
    if ticket is None:
        raise BeepError("ticket_refused")
    return ticket, person


def spend(ticket: Ticket) -> None:
    """Mark it used and erase what it carried."""
    ticket.used_at = clock.now()
    ticket.sealed_totp_seed = None
    ticket.save(update_fields=["used_at", "sealed_totp_seed"])


def discard(token: bytes) -> None:
    """The ticket behind this token, if it is still open, opens nothing any more."""
    Ticket.objects.filter(token_hash=sha256(token).digest(), used_at__isnull=True).update(
        used_at=clock.now(), sealed_totp_seed=None
    )


def void_all(*, person: Person) -> None:
    """What was proved with the person's former credentials opens nothing any more, nor do pairings that began
    with it. The person's row is locked.
    """
    Ticket.objects.filter(person=person, used_at__isnull=True).delete()
    running = Pairing.objects.filter(person=person, state__in=[Pairing.State.OPEN, Pairing.State.APPROVED])
    running.update(state=Pairing.State.DEAD)
