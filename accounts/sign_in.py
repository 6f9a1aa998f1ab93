"""Signing in:

passphrase-derived secret and one-time code, and the signature of a device that the chain lists.

Without such a device the browser is new. It gets a ticket instead of a session, and must bring a statement by
the recovery key that replaces the old device (`replace`).
"""

from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from accounts import (
    attempts,
    challenges,
    credentials,
    devices,
    identity_chain,
    knocking,
    sessions,
    signing,
    throttle,
    tickets,
    totp,
)
from accounts.callers import Visitor
from accounts.challenges import ChallengePurpose
from accounts.folding import fold
from accounts.knocking import Knock
from accounts.models import Device, Person, Revocation, Ticket
from accounts.sessions import SignedIn
from accounts.signing import Label
from accounts.statements import DeviceEntry
from audit import events, intake
from beep.errors import BeepError


@dataclass(frozen=True, slots=True)
class Greeting:
    """What anybody may know of a login; the same shape whether it exists or not."""

    salt: bytes
    challenge: bytes


@dataclass(frozen=True, slots=True)
class MustReplace:
    """The person proved passphrase and code from a browser that the chain does not list."""

    ticket: bytes = field(repr=False)
    person: UUID
    chain: list[bytes]


@dataclass(frozen=True, slots=True)
class _Attempt(Knock):
    device: DeviceEntry | None
    """The named device, when it is living and the person's."""
    proved: bool
    """That device signed this challenge."""


def canonical_login(typed: str) -> str:
    """A login as the directory writes it: folded, without spaces."""
    return "".join(fold(typed).split())


def begin(*, login: str) -> Greeting:
    """Salt and challenge for a login, known or not."""
    name = canonical_login(login)
    person = Person.objects.filter(login=name).first()
    return Greeting(
        salt=credentials.salt_for(person=person, login=name),
        challenge=challenges.issue(purpose=ChallengePurpose.SIGN_IN, login=name),
    )


def finish(
    *,
    login: str,
    signin_secret: bytes,
    token: str,
    challenge: bytes,
    device: UUID | None,
    device_signature: bytes | None,
    visitor: Visitor,
) -> SignedIn | MustReplace:
    """Check everything: a session for a living device that signed the challenge, else a ticket.

    Raises BeepError `challenge_refused`, `rate_limited`, `sign_in_refused` (whatever of the three was wrong,
    and for a living device with a wrong signature), `person_inactive` (only to who proved to be that person).
    """

    def prepare() -> _Attempt:
        tried = _look(
            login=canonical_login(login),
            challenge=challenge,
            device=device,
            signature=device_signature,
            visitor=visitor,
        )
        throttle.check(tried.subjects)
        return tried

    def work(tried: _Attempt) -> SignedIn | MustReplace:
        person = tried.person
        right = credentials.matches(person=person, signin_secret=signin_secret)
        if person is None or not right or (tried.device and not tried.proved):
            raise BeepError("sign_in_refused")
        if not totp.consume_for(person=person, token=token):
            raise BeepError("sign_in_refused")
        if person.state != Person.State.ACTIVE:
            raise BeepError("person_inactive")
        challenges.spend(challenge)
        throttle.succeeded(tried.subjects)
        intake.record(
            events.SignIn(
                actor=visitor.actor(person=person.id, device=device if tried.proved else None),
                target=person.id,
                known_device=tried.proved,
                replaces=not tried.proved,
            )
        )
        if tried.device is None:
            ticket = tickets.issue(person=person, purpose=Ticket.Purpose.REPLACE)
            return MustReplace(ticket=ticket, person=person.id, chain=identity_chain.bodies(person=person.id))
        row = Device.objects.get(id=UUID(bytes=tried.device.id))
        return sessions.begin(person=person, device=row, visitor=visitor)

    def refused(tried: _Attempt, error: BeepError) -> None:
        knocking.refuse(
            tried,
            error,
            counted="sign_in_refused",
            event=events.SignIn,
            visitor=visitor,
            known_device=tried.proved,
        )

    return attempts.attempt(prepare=prepare, work=work, refused=refused)


@transaction.atomic
def replace(*, ticket: bytes, statement: bytes, visitor: Visitor) -> SignedIn:
    """Spend a ticket of `finish`:

    append the statement that replaces the old device, and open a session for the new.

    Raises BeepError `ticket_refused`, `person_inactive`, `statement_malformed`, `statement_stale`,
    `conflict`, or `statement_refused`: beyond the chain's rules, `signer` unless the recovery key signed and
    `one_device` unless exactly one new device is listed. A refused statement leaves the ticket good.
    """
    opened, person = tickets.open_(ticket, purpose=Ticket.Purpose.REPLACE)
    if person.state != Person.State.ACTIVE:
        raise BeepError("person_inactive")
    appended = identity_chain.append(
        person=person,
        body=statement,
        reason=Revocation.Reason.REPLACED,
        actor=visitor.actor(person=person.id),
        also=identity_chain.replaces_devices,
    )
    tickets.spend(opened)
    device = Device.objects.get(id=UUID(bytes=appended.devices[0].id))
    return sessions.begin(person=person, device=device, visitor=visitor)


def _look(
    *, login: str, challenge: bytes, device: UUID | None, signature: bytes | None, visitor: Visitor
) -> _Attempt:
    person = knocking.find(login=login, challenge=challenge, purpose=ChallengePurpose.SIGN_IN)
    entry: DeviceEntry | None = None
    if person and device and (newest := identity_chain.newest(person=person.id)):
        entry = devices.living(person=person, statement=newest, device=device)
    proved = bool(
        entry
        and signature
        and signing.verify(
            public_key=entry.signature_key,
            label=Label.SIGN_IN,
            content=signing.sign_in_content(challenge=challenge, device=entry.id),
            signature=signature,
        )
    )
    # A known device answers for its own failures only, so that strangers cannot keep its owner out.
    subjects = (
        (throttle.device(device),)
        if proved and device
        else (throttle.account(kind="login", name=login), throttle.address(visitor.address))
    )
    return _Attempt(login=login, person=person, device=entry, proved=proved, subjects=subjects)
