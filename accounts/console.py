"""Signing in to the console: passphrase-derived secret and one-time code, and the duty that opens the door.

The console is another origin than the messenger and shares nothing with it: no device signs here, no cookie
is common, and what a session may do depends on the duties that its person has at that moment.

The token is 32 random bytes, made here, held by one browser as an HttpOnly cookie of the console's host,
stored as SHA-256, worthless half an hour after its last use and ten hours after it was made.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts import attempts, challenges, credentials, knocking, roles, sessions, throttle, totp
from accounts.callers import Visitor
from accounts.challenges import ChallengePurpose
from accounts.knocking import Knock
from accounts.models import ConsoleSession, Person, Role
from accounts.pruning import prune
from accounts.sign_in import Greeting, canonical_login
from accounts.throttle import Subject
from audit import events, intake
from audit.events import Actor, Personal
from beep import clock
from beep.errors import BeepError

COOKIE: Final = "__Host-beep-console"
IDLE: Final = timedelta(minutes=30)
LIFETIME: Final = timedelta(hours=10)
FRESH: Final = timedelta(minutes=5)
"""How long a one-time code opens what needs a fresh one."""
TOUCH_EVERY: Final = timedelta(minutes=1)
OPENING_DUTIES: Final = (Role.Duty.AUDITOR,)
"""Who finds anything in the console."""


@dataclass(frozen=True, slots=True)
class ConsoleCaller:
    """A living console session of an active person with a duty there."""

    session: UUID
    person: UUID
    name: str
    address: str | None
    verified_at: datetime

    def actor(self) -> Actor:
        """The caller as audit actor."""
        address = Personal(self.address) if self.address else None
        return Actor(person=self.person, session=self.session, address=address)

    @property
    def fresh(self) -> bool:
        """Whether a one-time code was given within the last five minutes."""
        return clock.now() - self.verified_at < FRESH


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that was just opened; `token` is for the cookie and nothing else."""

    token: bytes = field(repr=False)
    caller: ConsoleCaller


def begin(*, login: str) -> Greeting:
    """Salt and challenge for a login, known or not."""
    name = canonical_login(login)
    person = Person.objects.filter(login=name).first()
    return Greeting(
        salt=credentials.salt_for(person=person, login=name),
        challenge=challenges.issue(purpose=ChallengePurpose.CONSOLE, login=name),
    )


def sign_in(*, login: str, signin_secret: bytes, token: str, challenge: bytes, visitor: Visitor) -> Opened:
    """Check everything and open a session.

    Raises BeepError `challenge_refused`, `rate_limited`, `sign_in_refused`, and to who proved to be that
    person `person_inactive` or `forbidden` (no duty opens the console).
    """

    def prepare() -> Knock:
        name = canonical_login(login)
        person = knocking.find(login=name, challenge=challenge, purpose=ChallengePurpose.CONSOLE)
        subjects = (throttle.account(kind="login", name=name), throttle.address(visitor.address))
        throttle.check(subjects)
        return Knock(login=name, person=person, subjects=subjects)

    def work(tried: Knock) -> Opened:
        person = tried.person
        if not credentials.matches(person=person, signin_secret=signin_secret) or person is None:
            raise BeepError("sign_in_refused")
        if not totp.consume_for(person=person, token=token):
            raise BeepError("sign_in_refused")
        if person.state != Person.State.ACTIVE:
            raise BeepError("person_inactive")
        challenges.spend(challenge)
        throttle.succeeded(tried.subjects)
        if not _admitted(person.id):
            raise BeepError("forbidden", "No duty of this person opens the console.")
        return _open(person=person, visitor=visitor)

    def refused(tried: Knock, error: BeepError) -> None:
        knocking.refuse(tried, error, counted="sign_in_refused", event=events.ConsoleSignIn, visitor=visitor)

    return attempts.attempt(prepare=prepare, work=work, refused=refused)


def cookie_value(token: bytes) -> str:
    """The cookie's value."""
    return sessions.cookie_value(token)


def find(cookie: str | None, *, address: str | None) -> ConsoleCaller | None:
    """The caller that a cookie's value stands for, or None; notes the use, at most once a minute.

    Whoever has lost the duty is out with the next request.
    """
    token = sessions.token_of(cookie)
    if token is None:
        return None
    now = clock.now()
    row = (
        ConsoleSession.objects.filter(
            token_hash=sha256(token).digest(),
            ended_at__isnull=True,
            expires_at__gt=now,
            last_used_at__gt=now - IDLE,
            person__state=Person.State.ACTIVE,
        )
        .select_related("person")
        .first()
    )
    if row is None or not _admitted(row.person_id):
        return None
    if now - row.last_used_at >= TOUCH_EVERY:
        ConsoleSession.objects.filter(id=row.id, ended_at__isnull=True).update(last_used_at=now)
    return _caller(row, address=address)


def step_up(*, caller: ConsoleCaller, token: str) -> None:
    """Take a fresh one-time code; what needs one is open for five minutes.

    Raises BeepError `totp_refused`, `rate_limited`; both leave the session as it is.
    """

    def prepare() -> tuple[Person, tuple[Subject, ...]]:
        person = Person.objects.select_for_update(no_key=True).get(id=caller.person)
        subjects = (throttle.account(kind="console", name=str(person.id)),)
        throttle.check(subjects)
        return person, subjects

    def work(prepared: tuple[Person, tuple[Subject, ...]]) -> None:
        person, subjects = prepared
        if not totp.consume_for(person=person, token=token):
            raise BeepError("totp_refused")
        throttle.succeeded(subjects)
        ConsoleSession.objects.filter(id=caller.session).update(verified_at=clock.now())
        intake.record(events.ConsoleSteppedUp(actor=caller.actor(), target=caller.person))

    def refused(prepared: tuple[Person, tuple[Subject, ...]], error: BeepError) -> None:
        throttle.failed(prepared[1])
        intake.record(
            events.ConsoleSteppedUp(
                actor=caller.actor(), target=caller.person, outcome="refused", error=error.code
            )
        )

    attempts.attempt(prepare=prepare, work=work, refused=refused)


@transaction.atomic
def sign_out(*, caller: ConsoleCaller) -> None:
    """End the caller's own session; the second time does nothing."""
    if ConsoleSession.objects.filter(id=caller.session, ended_at__isnull=True).update(ended_at=clock.now()):
        intake.record(events.ConsoleSignedOut(actor=caller.actor(), target=caller.person))


def _admitted(person: UUID) -> bool:
    return bool(set(OPENING_DUTIES) & set(roles.duties(person=person)))


def _open(*, person: Person, visitor: Visitor) -> Opened:
    now = clock.now()
    prune(ConsoleSession.objects.filter(expires_at__lt=now))
    token = secrets.token_bytes(sessions.TOKEN_BYTES)
    row = ConsoleSession.objects.create(
        token_hash=sha256(token).digest(),
        person=person,
        created_at=now,
        last_used_at=now,
        verified_at=now,
        expires_at=now + LIFETIME,
        address=visitor.address,
    )
    caller = _caller(row, address=visitor.address)
    intake.record(events.ConsoleSignIn(actor=caller.actor(), target=person.id))
    return Opened(token=token, caller=caller)


def _caller(row: ConsoleSession, *, address: str | None) -> ConsoleCaller:
    return ConsoleCaller(
        session=row.id,
        person=row.person_id,
        name=row.person.name_latin or row.person.name_local,
        address=address,
        verified_at=row.verified_at,
    )
