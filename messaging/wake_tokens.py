"""Tokens for `beep.wake.v1`: what a shell keeps in the background instead of the session's cookie.

Made here from 32 random bytes, shown once to the session that asks, kept by its shell alone; stored as
SHA-256. A new one replaces the session's former one. It opens a socket that says "something waits" and no
more, and ends with its session, device and person, since each look-up asks for those as well.
"""

import secrets
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.models import Session
from accounts.pruning import prune
from beep import clock
from beep.errors import BeepError
from messaging.models import WakeToken

TOKEN_BYTES: Final = 32


@transaction.atomic
def issue(*, session: UUID) -> tuple[bytes, datetime]:
    """A new token of a living session, and when it ends at the latest. Raises BeepError `not_signed_in`."""
    row = Session.objects.filter(id=session, ended_at__isnull=True).first()
    if row is None:
        raise BeepError("not_signed_in")
    now = clock.now()
    prune(WakeToken.objects.filter(expires_at__lte=now))
    token = secrets.token_bytes(TOKEN_BYTES)
    facts = {"token_hash": sha256(token).digest(), "created_at": now, "expires_at": row.expires_at}
    WakeToken.objects.update_or_create(session_id=session, defaults=facts)
    return token, row.expires_at
