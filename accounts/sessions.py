"""Sessions: a cookie's token leads to a session, its device and its person, in one query.

The token is 32 random bytes, made here, held by one browser as an HttpOnly cookie, stored as SHA-256. A
session ends when it is idle for 30 days, when it is ended, or with its device (revoked, or temporary and
expired) or person. Looking a hash up in
an index tells an attacker's clock nothing about the token, since no input leads to a chosen hash.
"""

import base64
import binascii
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid4

from django.db import connection, transaction

from accounts.callers import Caller, Visitor
from accounts.models import Device, Person, Revocation, Session
from audit import events, intake
from audit.events import Actor
from beep import clock
from beep.errors import BeepError

COOKIE: Final = "__Host-beep"
TOKEN_BYTES: Final = 32
IDLE: Final = timedelta(days=30)
TOUCH_EVERY: Final = timedelta(minutes=1)

LOOKUP: Final = """
SELECT s.id, s.person_id, s.device_id, s.last_used_at, d.expires_at
FROM accounts_session s
JOIN accounts_person p ON p.id = s.person_id
JOIN accounts_device d ON d.id = s.device_id AND d.person_id = s.person_id
WHERE s.token_hash = %s AND s.ended_at IS NULL AND s.expires_at > %s
  AND p.state = 'active' AND d.revoked_at IS NULL AND (d.expires_at IS NULL OR d.expires_at > %s)
"""
"""Who is this, and may they still speak:

parameters SHA-256 of the token, now, now (timestamptz); at most one row.

Written out, because callers without the ORM ask the same question; it and theirs must change together.
"""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that was just opened; `token` is for the cookie and nothing else."""

    token: bytes = field(repr=False)
    caller: Caller
    temporary: bool
    """The device is one that ends by itself."""


def begin(*, person: Person, device: Device, visitor: Visitor) -> SignedIn:
    """Open a session for a living device, in the current transaction.

    Earlier sessions of the same device end, sockets included: one device holds one cookie, and whoever has a
    copy of an older one is out.
    """
    now = clock.now()
    caller = Caller(session=uuid4(), person=person.id, device=device.id, address=visitor.address)
    for earlier in Session.objects.filter(device=device, ended_at__isnull=True).order_by("id"):
        end(session=earlier, reason=Revocation.Reason.SIGNED_OUT, actor=caller.actor())
    token = secrets.token_bytes(TOKEN_BYTES)
    Session.objects.create(
        id=caller.session,
        token_hash=sha256(token).digest(),
        person=person,
        device=device,
        created_at=now,
        last_used_at=now,
        expires_at=_until(now=now, device_expires_at=device.expires_at),
        address=visitor.address,
    )
    device.last_seen_at = now
    device.save(update_fields=["last_seen_at"])
    intake.record(events.SessionBegun(actor=caller.actor(), target=caller.session, device=device.id))
    return SignedIn(token=token, caller=caller, temporary=device.kind == Device.Kind.TEMPORARY)


def find(cookie: str | None, *, address: str | None) -> Caller | None:
    """The caller that a cookie's value stands for, or None; notes the use, at most once a minute."""
    token = token_of(cookie)
    if token is None:
        return None
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(LOOKUP, [sha256(token).digest(), now, now])
        row: tuple[UUID, UUID, UUID, datetime, datetime | None] | None = cursor.fetchone()
    if row is None:
        return None
    session, person, device, last_used_at, device_expires_at = row
    if now - last_used_at >= TOUCH_EVERY:
        _touch(
            session=session,
            device=device,
            now=now,
            until=_until(now=now, device_expires_at=device_expires_at),
        )
    return Caller(session=session, person=person, device=device, address=address)


def refusal(cookie: str | None) -> BeepError:
    """Why `find` knows no caller: `device_revoked` with `detail.reason`, or `not_signed_in`.

    Only the browser that held the session learns the reason: nobody else has a token with that hash.
    """
    token = token_of(cookie)
    device = (
        token
        and Device.objects.filter(
            sessions__token_hash=sha256(token).digest(), revoked_at__isnull=False
        ).first()
    )
    if not device:
        return BeepError("not_signed_in")
    last = Revocation.objects.filter(device=device).exclude(reason=Revocation.Reason.SIGNED_OUT).last()
    return BeepError("device_revoked", detail={"reason": last.reason if last else Revocation.Reason.REVOKED})


def end(*, session: Session, reason: Revocation.Reason, actor: Actor) -> None:
    """End one session in the current transaction; every process closes its socket within a second."""
    now = clock.now()
    if not Session.objects.filter(id=session.id, ended_at__isnull=True).update(ended_at=now):
        return
    Revocation.objects.create(
        person_id=session.person_id, device_id=session.device_id, session=session, at=now, reason=reason
    )
    intake.record(events.SessionEnded(actor=actor, target=session.id, reason=reason.value))


@transaction.atomic
def sign_out(*, caller: Caller) -> None:
    """End the caller's own session. The device stays listed in the person's identity chain."""
    session = Session.objects.get(id=caller.session)
    end(session=session, reason=Revocation.Reason.SIGNED_OUT, actor=caller.actor())


def cookie_value(token: bytes) -> str:
    """The cookie's value: base64url without padding, 43 characters."""
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode()


def token_of(cookie: str | None) -> bytes | None:
    """The 32 bytes that a cookie's value stands for; None unless it is `cookie_value` of some."""
    if cookie is None or len(cookie) != 43:
        return None
    try:
        token = base64.b64decode(cookie + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return token if cookie_value(token) == cookie else None


def _until(*, now: datetime, device_expires_at: datetime | None) -> datetime:
    """When a session that is used now ends if it is not used again."""
    return min(now + IDLE, device_expires_at) if device_expires_at else now + IDLE


def _touch(*, session: UUID, device: UUID, now: datetime, until: datetime) -> None:
    """Not in the caller's transaction and never waiting: of two requests at once, one may skip it."""
    with transaction.atomic():
        locked = Session.objects.select_for_update(skip_locked=True).filter(id=session, ended_at__isnull=True)
        if list(locked.values_list("id", flat=True)):
            Session.objects.filter(id=session).update(last_used_at=now, expires_at=until)
            Device.objects.filter(id=device).update(last_seen_at=now)
