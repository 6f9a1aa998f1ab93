"""Recovery: the code on paper makes the recovery key, which signs a challenge and then replaces everything
else.
"""

from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from accounts import (
    attempts,
    challenges,
    credentials,
    identity_chain,
    knocking,
    sealing,
    sessions,
    signing,
    throttle,
    tickets,
    totp,
)
from accounts.callers import Visitor
from accounts.challenges import ChallengePurpose
from accounts.knocking import Knock
from accounts.models import Device, Person, Revocation, Ticket
from accounts.sessions import SignedIn
from accounts.sign_in import canonical_login
from accounts.signing import Label
from audit import events, intake
from beep import clock
from beep.errors import BeepError


@dataclass(frozen=True, slots=True)
class Question:
    """What anybody may know of a login; the same shape whether it exists or not."""

    person: UUID
    challenge: bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """The recovery key signed: a ticket for `finish`, and the seed of a new authenticator."""

    ticket: bytes = field(repr=False)
    person: UUID
    login: str
    chain: list[bytes]
    totp_seed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Attempt(Knock):
    proved: bool
    """The person's recovery key signed this challenge."""


def begin(*, login: str) -> Question:
    """Person id (the recovery key is derived with it) and challenge, for any login."""
    name = canonical_login(login)
    person = Person.objects.filter(login=name).first()
    return Question(
        person=credentials.id_for(person=person, login=name),
        challenge=challenges.issue(purpose=ChallengePurpose.RECOVERY, login=name),
    )


def verify(*, login: str, challenge: bytes, signature: bytes, visitor: Visitor) -> Verified:
    """Check the recovery key's signature over the challenge (label Recovery).

    Raises BeepError `challenge_refused`, `rate_limited`, `recovery_refused`, `person_inactive`.
    """

    def prepare() -> _Attempt:
        name = canonical_login(login)
        person = knocking.find(login=name, challenge=challenge, purpose=ChallengePurpose.RECOVERY)
        newest = identity_chain.newest(person=person.id) if person else None
        proved = bool(
            person
            and newest
            and signing.verify(
                public_key=newest.recovery_key,
                label=Label.RECOVERY,
                content=signing.recovery_content(challenge=challenge, person=person.id.bytes),
                signature=signature,
            )
        )
        # A right signature is no guess. Were it to wait, strangers who guess could keep the owner out for
        # good.
        subjects = (throttle.account(kind="recovery", name=name), throttle.address(visitor.address))
        if not proved:
            throttle.check(subjects)
        return _Attempt(login=name, person=person, proved=proved, subjects=subjects)

    def work(tried: _Attempt) -> Verified:
        person = tried.person
        if person is None or not tried.proved:
            raise BeepError("recovery_refused")
        if person.state != Person.State.ACTIVE:
            raise BeepError("person_inactive")
        challenges.spend(challenge)
        throttle.succeeded(tried.subjects)
        seed = totp.new_seed()
        ticket = tickets.issue(
            person=person,
            purpose=Ticket.Purpose.RECOVER,
            sealed_totp_seed=sealing.seal(seed, person=person.id),
        )
        intake.record(events.RecoveryVerified(actor=visitor.actor(person=person.id), target=person.id))
        return Verified(
            ticket=ticket,
            person=person.id,
            login=person.login,
            chain=identity_chain.bodies(person=person.id),
            totp_seed=seed,
        )

    def refused(tried: _Attempt, error: BeepError) -> None:
        knocking.refuse(
            tried, error, counted="recovery_refused", event=events.RecoveryVerified, visitor=visitor
        )

    return attempts.attempt(prepare=prepare, work=work, refused=refused)


@transaction.atomic
def finish(
    *, ticket: bytes, salt: bytes, signin_secret: bytes, token: str, statement: bytes, visitor: Visitor
) -> SignedIn:
    """Spend a ticket of `verify`:

    new passphrase, new authenticator, the old device replaced by the one that asks.

    Raises BeepError `ticket_refused`, `person_inactive`, `totp_refused`, `weak_secret`,
    `statement_malformed`, `statement_stale`, `statement_refused` (as `accounts.sign_in.replace`), `conflict`.
    A refusal changes nothing and leaves the ticket good.
    """
    opened, person = tickets.open_(ticket, purpose=Ticket.Purpose.RECOVER)
    if person.state != Person.State.ACTIVE:
        raise BeepError("person_inactive")
    sealed = opened.sealed_totp_seed
    if sealed is None or not totp.enrol(person=person, sealed_seed=bytes(sealed), token=token):
        raise BeepError("totp_refused")
    credentials.set_(person=person, salt=salt, signin_secret=signin_secret)
    person.changed_at = clock.now()
    person.save(update_fields=["signin_salt", "signin_hash", "changed_at"])
    actor = visitor.actor(person=person.id)
    appended = identity_chain.append(
        person=person,
        body=statement,
        reason=Revocation.Reason.REPLACED,
        actor=actor,
        also=identity_chain.replaces_devices,
    )
    tickets.spend(opened)
    tickets.void_all(person=person)
    credentials.end_console(person=person.id)
    intake.record(events.CredentialsReplaced(actor=actor, target=person.id))
    device = Device.objects.get(id=UUID(bytes=appended.devices[0].id))
    return sessions.begin(person=person, device=device, visitor=visitor)
