"""A new device asks; a device that the person has approves.

The new side has proved passphrase and one-time code and holds the ticket of that sign-in; the old side has a
session. The server relays their messages, at most sixteen, without understanding them: that both sides hold
the same keys is compared by people, as digits or by QR, and judged by the approving client. What the server
checks is what it must: that the statement adds one device of the asked kind and that the one who opens the
session holds that device's key and the ticket.

::

    open → approved → finished        open → dead (refused, superseded)

Ten minutes from the beginning; approval gives ten more to finish. Rows are kept for the history that may
follow (`accounts.history`) and deleted 14 days later.
"""

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts import devices, identity_chain, sessions, signing, tickets
from accounts.callers import Caller, Visitor
from accounts.models import Device, Pairing, PairingMessage, Person, Revocation, Ticket
from accounts.pruning import prune
from accounts.sessions import SignedIn
from accounts.signals import pairing_waiting
from accounts.signing import Label
from accounts.statements import DeviceKind
from audit import events, intake
from beep import clock
from beep.errors import BeepError

LIFETIME: Final = timedelta(minutes=10)
KEPT: Final = timedelta(days=14)
MESSAGES: Final = 16
"""Messages that one pairing relays."""
A_TICKET: Final = 5
"""Pairings that one ticket may begin: mistyped digits and lost connections, not a flood of requests."""

State = Pairing.State
Side = PairingMessage.Side


@transaction.atomic
def begin(*, ticket: bytes, kind: DeviceKind, visitor: Visitor) -> Pairing:
    """Ask the person's devices; an earlier pairing of the same ticket is dead.

    Raises BeepError `ticket_refused`, `person_inactive`, or `rate_limited` after `A_TICKET` of them.
    """
    opened, person = tickets.open_(ticket, purpose=Ticket.Purpose.REPLACE)
    if person.state != Person.State.ACTIVE:
        raise BeepError("person_inactive")
    now = clock.now()
    prune(Pairing.objects.filter(created_at__lt=now - KEPT))
    earlier = Pairing.objects.filter(ticket_hash=_hash(ticket))
    if earlier.count() >= A_TICKET:
        raise BeepError("rate_limited", retry_after=(opened.expires_at - now).total_seconds())
    earlier.filter(state=State.OPEN).update(state=State.DEAD)
    pairing = Pairing.objects.create(
        person=person,
        ticket_hash=_hash(ticket),
        kind=int(kind),
        address=visitor.address,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    intake.record(
        events.PairingBegun(
            actor=visitor.actor(person=person.id),
            target=pairing.id,
            person=person.id,
            kind=kind.name.lower(),
        )
    )
    _tell(pairing)
    return pairing


def waiting(*, caller: Caller) -> Sequence[Pairing]:
    """The open pairings of the caller's person that no other device has taken on, the newest first."""
    mine = Q(approver__isnull=True) | Q(approver=caller.device)
    living = Pairing.objects.filter(mine, person=caller.person, state=State.OPEN, expires_at__gt=clock.now())
    return list(living.order_by("-created_at", "id"))


@transaction.atomic
def say(*, pairing: UUID, ticket: bytes | None, caller: Caller | None, body: bytes) -> int:
    """Relay a message and return its seq: from the new side with its `ticket`, from the old with its session.

    The first device that answers takes the pairing on. Raises BeepError `not_signed_in` with neither,
    `ticket_refused`, `not_found`, and `pairing_refused` when it has ended, is full, is another device's, or
    the device is a temporary one, which approves nobody.
    """
    row, side = _of(pairing=pairing, ticket=ticket, caller=caller, lock=True)
    _require(row.state in (State.OPEN, State.APPROVED) and row.expires_at > clock.now())
    claimed = False
    if side is Side.OLD and caller:
        claimed = _take_on(row, caller)
    seq = row.messages.count() + 1
    _require(seq <= MESSAGES)
    PairingMessage.objects.create(pairing=row, seq=seq, side=side, body=body)
    if claimed or side is Side.NEW:
        _tell(row)
    return seq


def heard(
    *, pairing: UUID, ticket: bytes | None, caller: Caller | None, after: int
) -> tuple[Sequence[PairingMessage], State]:
    """Messages with a seq above `after`, and the state: open, approved or dead; raises as `say`."""
    row, _ = _of(pairing=pairing, ticket=ticket, caller=caller, lock=False)
    said = list(row.messages.filter(seq__gt=after).order_by("seq"))
    if row.state in (State.APPROVED, State.FINISHED):
        return said, State.APPROVED
    return said, State.OPEN if row.state == State.OPEN and row.expires_at > clock.now() else State.DEAD


@transaction.atomic
def approve(*, pairing: UUID, caller: Caller, statement: bytes) -> None:
    """Append the caller's statement, which adds exactly the new device.

    Raises BeepError `not_found`, `pairing_refused`, and what `identity_chain.append` raises; beyond the
    chain's rules those of `identity_chain.adds_one`. A refused statement leaves the pairing open.
    """
    person = Person.objects.select_for_update(no_key=True).get(id=caller.person)
    row, _ = _of(pairing=pairing, ticket=None, caller=caller, lock=True)
    now = clock.now()
    _require(row.state == State.OPEN and row.expires_at > now)
    _take_on(row, caller)
    before = identity_chain.newest(person=person.id)
    appended = identity_chain.append(
        person=person,
        body=statement,
        reason=Revocation.Reason.REVOKED,
        actor=caller.actor(),
        also=identity_chain.adds_one(kind=DeviceKind(row.kind), approver=caller.device.bytes),
    )
    added = next(entry.id for entry in appended.devices if not before or not before.device(entry.id))
    row.state, row.device_id, row.approved_at = State.APPROVED, UUID(bytes=added), now
    row.expires_at = now + LIFETIME
    row.save(update_fields=["state", "device", "approver", "approved_at", "expires_at"])
    intake.record(
        events.PairingApproved(
            actor=caller.actor(), target=row.id, person=person.id, device=UUID(bytes=added)
        )
    )
    _tell(row)


@transaction.atomic
def fail(*, pairing: UUID, caller: Caller) -> None:
    """Refuse the new device, or give up after wrong digits; raises BeepError `not_found`, `pairing_refused`.

    Any device of the person may: refusing is the safe direction.
    """
    row, _ = _of(pairing=pairing, ticket=None, caller=caller, lock=True)
    _require(row.state == State.OPEN)
    row.state = State.DEAD
    row.save(update_fields=["state"])
    intake.record(events.PairingFailed(actor=caller.actor(), target=row.id, person=row.person_id))
    _tell(row)


@transaction.atomic
def finish(*, pairing: UUID, ticket: bytes, device_signature: bytes, visitor: Visitor) -> SignedIn:
    """Open the new device's session: it holds the ticket, and signs it (label SignIn) with the listed key.

    Passphrase and one-time code were proved when the ticket was given. Raises BeepError `ticket_refused`,
    `pairing_refused` (not approved, finished already, too late), `person_inactive`, `device_revoked`,
    `sign_in_refused` for a wrong signature.
    """
    owner = Pairing.objects.filter(id=pairing, ticket_hash=_hash(ticket)).values_list("person_id", flat=True)
    found = owner.first()
    if found is None:
        raise BeepError("ticket_refused")
    # The person first, as everywhere.
    person = Person.objects.select_for_update(no_key=True).get(id=found)
    row, _ = _of(pairing=pairing, ticket=ticket, caller=None, lock=True)
    _require(row.state == State.APPROVED and row.expires_at > clock.now())
    if person.state != Person.State.ACTIVE:
        raise BeepError("person_inactive")
    newest = identity_chain.newest(person=person.id)
    device = row.device
    entry = newest and device and devices.living(person=person, statement=newest, device=device.id)
    if not entry or not device:
        raise BeepError("device_revoked")
    content = signing.sign_in_content(challenge=ticket, device=entry.id)
    if not signing.verify(
        public_key=entry.signature_key, label=Label.SIGN_IN, content=content, signature=device_signature
    ):
        raise BeepError("sign_in_refused")
    row.state = State.FINISHED
    row.save(update_fields=["state"])
    tickets.discard(ticket)
    _tell(row)
    return sessions.begin(person=person, device=device, visitor=visitor)


@transaction.atomic
def delete_old() -> None:
    """Delete pairings past their time, with what was said and the history that nobody fetched."""
    while prune(Pairing.objects.filter(created_at__lt=clock.now() - KEPT - LIFETIME)):
        pass


def _of(
    *, pairing: UUID, ticket: bytes | None, caller: Caller | None, lock: bool
) -> tuple[Pairing, PairingMessage.Side]:
    """The pairing and which side asks: with a ticket the new one, else the caller."""
    rows = Pairing.objects.select_for_update() if lock else Pairing.objects.all()
    if ticket is not None:
        row = rows.filter(id=pairing, ticket_hash=_hash(ticket)).first()
        if row is None:
            raise BeepError("ticket_refused")
        return row, Side.NEW
    if caller is None:
        raise BeepError("not_signed_in")
    row = rows.filter(id=pairing, person=caller.person).first()
    if row is None:
        raise BeepError("not_found")
    return row, Side.OLD


def _take_on(row: Pairing, caller: Caller) -> bool:
    """Make the caller's device the approver; false when it was. Refuses another, and temporary devices."""
    _require(row.approver_id in (None, caller.device))
    _require(Device.objects.filter(id=caller.device, kind=Device.Kind.REGULAR).exists())
    if row.approver_id:
        return False
    row.approver_id = caller.device
    row.save(update_fields=["approver"])
    return True


def _hash(ticket: bytes) -> bytes:
    return sha256(ticket).digest()


def _tell(row: Pairing) -> None:
    pairing_waiting.send(sender=Pairing, pairing=row.id, person=row.person_id)


def _require(holds: bool) -> None:
    if not holds:
        raise BeepError("pairing_refused")
