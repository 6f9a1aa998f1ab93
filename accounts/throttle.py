"""Growing delays after failures, for each account, address and known device. Never a hard lock.

An account waits 1, 2, 4, … seconds after its fourth failure and at most 15 minutes; an address only after 20
failures and at most one minute, because a whole ministry may sit behind it. A request that is signed by a
living device of the person is delayed by that device's own failures alone, and one that the recovery key has
signed by nobody's: strangers who guess at an account cannot keep its owner out. Failures are forgotten after
a day without one, an account's and a device's also with a success.

The keys are HMACs, so the table tells nobody who tried from where. Logins that do not exist are counted
alike.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import connection

from accounts import keys
from accounts.keys import Purpose
from accounts.models import Throttle
from accounts.pruning import prune
from beep import clock
from beep.errors import BeepError

FORGET_AFTER: Final = timedelta(days=1)

LOCK: Final = "SELECT pg_advisory_xact_lock(%s)"


@dataclass(frozen=True, slots=True)
class Limits:
    """After `free` failures the delay is one second and doubles with each up to `longest`."""

    free: int
    longest: timedelta

    def delay(self, failures: int) -> timedelta:
        """How long to wait after that many failures."""
        beyond = failures - self.free
        if beyond <= 0:
            return timedelta(0)
        return min(timedelta(seconds=1 << min(beyond - 1, 20)), self.longest)


LIMITS: Final = {
    Throttle.Scope.ACCOUNT: Limits(free=3, longest=timedelta(minutes=15)),
    Throttle.Scope.DEVICE: Limits(free=3, longest=timedelta(minutes=15)),
    Throttle.Scope.ADDRESS: Limits(free=20, longest=timedelta(minutes=1)),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing whose failures are counted."""

    scope: Throttle.Scope
    key: bytes


def account(*, kind: str, name: str) -> Subject:
    """An account by what names it: a folded login or a personnel number. `kind` keeps their counts apart."""
    return Subject(Throttle.Scope.ACCOUNT, keys.mac(Purpose.THROTTLE, kind.encode(), name.encode()))


def address(value: str | None) -> Subject:
    """A client's IPv4 address or IPv6 network; all clients whose address is unknown share one.

    One subscriber has 2^64 IPv6 addresses, so that only the first 64 bits say who it is; an IPv4 address in
    IPv6 form counts as what it is.
    """
    return Subject(Throttle.Scope.ADDRESS, keys.mac(Purpose.THROTTLE, b"address", network(value).encode()))


def network(value: str | None) -> str:
    """What of an address says who it is: an IPv4 address, the first 64 bits of an IPv6 one, "" for none."""
    if not value:
        return ""
    parsed = ipaddress.ip_address(value)
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), 64), strict=False))


def device(id_: UUID) -> Subject:
    """A known device."""
    return Subject(Throttle.Scope.DEVICE, keys.mac(Purpose.THROTTLE, b"device", id_.bytes))


def check(subjects: Sequence[Subject]) -> None:
    """Let an attempt through, or raise BeepError `rate_limited` with the seconds to wait.

    Attempts at one account wait for each other until their transactions end: otherwise a hundred guesses sent
    at once would all be let through before the first failure is counted. Addresses do not wait: they are
    shared.
    """
    with connection.cursor() as cursor:
        for subject in _in_order(subjects):
            if subject.scope != Throttle.Scope.ADDRESS:
                cursor.execute(LOCK, [int.from_bytes(subject.key[:8], "big", signed=True)])
    now = clock.now()
    waits = [
        row.blocked_until - now
        for row in Throttle.objects.filter(key__in=[subject.key for subject in subjects])
        if row.blocked_until > now
    ]
    if waits:
        seconds = max(waits).total_seconds()
        raise BeepError("rate_limited", retry_after=seconds)


def failed(subjects: Iterable[Subject]) -> None:
    """Count a failure of each subject and set how long it must wait."""
    now = clock.now()
    prune(Throttle.objects.filter(last_failure_at__lt=now - FORGET_AFTER))
    for subject in _in_order(subjects):
        Throttle.objects.bulk_create(
            [
                Throttle(
                    scope=subject.scope, key=subject.key, failures=0, last_failure_at=now, blocked_until=now
                )
            ],
            ignore_conflicts=True,
        )
        row = Throttle.objects.select_for_update().get(scope=subject.scope, key=subject.key)
        failures = 1 if now - row.last_failure_at >= FORGET_AFTER else row.failures + 1
        row.failures, row.last_failure_at = failures, now
        row.blocked_until = now + LIMITS[subject.scope].delay(failures)
        row.save(update_fields=["failures", "last_failure_at", "blocked_until"])


def succeeded(subjects: Iterable[Subject]) -> None:
    """Forget the failures of accounts and devices; an address keeps its own until they are a day old.

    (Otherwise whoever has one good account could clear the address between guesses at others.)
    """
    keys_ = [subject.key for subject in subjects if subject.scope != Throttle.Scope.ADDRESS]
    Throttle.objects.filter(key__in=keys_).delete()


def _in_order(subjects: Iterable[Subject]) -> list[Subject]:
    """One order for everybody who locks, so that two attempts never wait for each other in a ring."""
    return sorted(subjects, key=lambda subject: (subject.scope, subject.key))
