"""Challenges that are signed to prove a key.

They are not stored: each carries its own MAC, and only answered ones are kept.

::

    challenge = u8 purpose ‖ u64 issued_at ‖ random[16] ‖ HMAC-SHA-256(key, purpose ‖ issued_at ‖ random ‖
    login)[32]

57 bytes, good for five minutes and for one right answer. A visitor who only asks leaves no row behind, and a
login that does not exist gets a challenge like any other.
"""

import hmac
import secrets
from datetime import timedelta
from enum import IntEnum
from hashlib import sha256
from typing import Final

from django.db import IntegrityError, transaction

from accounts import keys
from accounts.models import UsedChallenge
from accounts.pruning import prune
from beep import clock
from beep.errors import BeepError

LIFETIME: Final = timedelta(minutes=5)
BYTES: Final = 57
_HEAD: Final = 25


class ChallengePurpose(IntEnum):
    """Which request may answer it."""

    SIGN_IN = 1
    RECOVERY = 2
    CONSOLE = 3


def issue(*, purpose: ChallengePurpose, login: str) -> bytes:
    """A fresh challenge for a folded login, known or not."""
    head = bytes([purpose]) + clock.now_ms().to_bytes(8, "big") + secrets.token_bytes(16)
    return head + _mac(head, login)


def check(challenge: bytes, *, purpose: ChallengePurpose, login: str) -> None:
    """Raises BeepError `challenge_refused` unless `issue` made it for this purpose and login not long ago."""
    head, mac = challenge[:_HEAD], challenge[_HEAD:]
    if len(challenge) != BYTES or head[0] != purpose or not hmac.compare_digest(mac, _mac(head, login)):
        raise BeepError("challenge_refused")
    age = clock.now_ms() - int.from_bytes(head[1:9], "big")
    if not 0 <= age < LIFETIME / timedelta(milliseconds=1):
        raise BeepError("challenge_refused")


def spend(challenge: bytes) -> None:
    """Remember that it was answered rightly; raises BeepError `challenge_refused` the second time."""
    digest = sha256(challenge).digest()
    prune(UsedChallenge.objects.filter(expires_at__lt=clock.now()))
    try:
        with transaction.atomic():
            UsedChallenge.objects.create(digest=digest, expires_at=clock.now() + LIFETIME)
    except IntegrityError:
        raise BeepError("challenge_refused") from None


def _mac(head: bytes, login: str) -> bytes:
    return keys.mac(keys.Purpose.CHALLENGE, head, login.encode())
