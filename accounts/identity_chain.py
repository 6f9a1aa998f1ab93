"""Stores identity statements.

The server checks them and can never make one: it has no key that a chain accepts.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import connection, transaction

from accounts import devices, identity, trust
from accounts.callers import Caller
from accounts.certificates import NO_TRUST, Trust
from accounts.identity import StatementRefusedError, VerifiedChain
from accounts.models import IdentityStatement, Person, Revocation
from accounts.signals import statement_appended
from accounts.statements import (
    DeviceKind,
    Flags,
    SignedStatement,
    Signer,
    Statement,
    StatementMalformedError,
)
from audit import events, intake
from audit.events import Actor
from audit.transparency import storage as key_log
from audit.transparency.epoch import Change
from beep import clock
from beep.errors import BeepError

log = structlog.get_logger(__name__)

STATEMENTS_A_DAY: Final = 20
"""Accepted statements of one person in any 24 hours.

Chains never shrink, and whoever adds the person's devices verifies the whole: nobody may grow theirs at will.
"""

TEMPORARY: Final = timedelta(hours=24)
"""The longest life of a temporary device."""
CLOCKS_APART: Final = timedelta(minutes=10)
"""How much later than the server's a client's clock may be."""
AHEAD: Final = timedelta(hours=24)
"""How far a statement's time may lie in the future.

Times never go back along a chain, and a reset's must be near the present, for it decides whose certificates
count. So a stolen device that dated one statement in the next century would have made every reset impossible.
"""

ServerRule = Callable[[Statement | None, SignedStatement], None]
"""What a request demands beyond the chain's rules: the previous statement and the new one; raises BeepError.
"""


def bodies(*, person: UUID, after: int = 0) -> list[bytes]:
    """The person's signed statements with a version above `after`, oldest first, exactly as they came."""
    rows = IdentityStatement.objects.filter(person_id=person, version__gt=after).order_by("version")
    return [bytes(body) for body in rows.values_list("body", flat=True)]


def of_anybody(*, person: UUID, after: int) -> list[bytes]:
    """`bodies`, for whoever is signed in; raises BeepError `not_found` when there is no such person."""
    if not Person.objects.filter(id=person).exists():
        raise BeepError("not_found")
    return bodies(person=person, after=after)


def newest(*, person: UUID) -> Statement | None:
    """The newest statement, when the stored chain verifies from statement 1; None when there is none."""
    chain = verified(person=person, bodies=bodies(person=person))
    return chain.newest if chain else None


def verified(*, person: UUID, bodies: Sequence[bytes]) -> VerifiedChain | None:
    """What a stored chain says, when it verifies from statement 1; None for an empty one.

    A chain that does not verify was written by somebody without the person's keys. It counts as no chain:
    whoever asks fails closed, and the log says so loudly. Asks the database for nothing but the certificates
    of resets, where there is one.
    """
    if not bodies:
        return None
    try:
        statements = [SignedStatement.parse(body) for body in bodies]
        return identity.read_chain(person=person.bytes, statements=statements, trust=_trust_for(*statements))
    except (StatementMalformedError, StatementRefusedError) as error:
        log.error("identity_chain_broken", person=str(person), error=str(error))
        return None


def _trust_for(*statements: SignedStatement) -> Trust:
    """Only a reset rests on certificates; for all else there is nothing to look up."""
    resets = any(signed.statement.flags is Flags.RESET for signed in statements)
    return trust.known() if resets else NO_TRUST


def append(
    *, person: Person, body: bytes, reason: Revocation.Reason, actor: Actor, also: ServerRule
) -> Statement:
    """Add a statement to the chain of `person` and bring the devices in line, in the current transaction.

    The caller holds the person's row lock. `reason` is why devices that the statement drops are revoked;
    `also` is what the request demands beyond the chain's rules.

    Raises BeepError: `statement_malformed`; `statement_stale` when the chain is already as long
    (`detail.version`); `statement_refused` with `detail.rule` (`at` also: later than `AHEAD` from now);
    `conflict` when a new device's id or key is another one's; `rate_limited` past `STATEMENTS_A_DAY`.
    """
    signed = parse(body)
    _check_pace(person)
    previous = newest(person=person.id)
    if previous is None and person.statement_version:
        raise BeepError("internal", "The stored identity chain does not verify.")
    version = signed.statement.version
    if version <= person.statement_version:
        raise BeepError("statement_stale", detail={"version": person.statement_version})
    try:
        if previous is None:
            identity.check_first(person=person.id.bytes, signed=signed)
        else:
            identity.check_next(previous=previous, signed=signed, trust=_trust_for(signed))
    except StatementRefusedError as error:
        raise BeepError("statement_refused", detail={"rule": error.rule.value}) from error
    if signed.statement.at > clock.to_ms(clock.now() + AHEAD):
        raise refuse("at")
    also(previous, signed)
    _swap_head(person, signed.statement)
    IdentityStatement.objects.create(
        person=person,
        version=version,
        body=body,
        hash=signed.statement.hash,
        prev_hash=signed.statement.prev_hash if previous else None,
        accepted_at=clock.now(),
    )
    intake.record(
        events.StatementAppended(
            actor=actor,
            target=person.id,
            version=version,
            hash=signed.statement.hash,
            signer=signed.signatures[-1].signer.name.lower(),
        )
    )
    _publish(signed.statement)
    devices.follow(person=person, previous=previous, statement=signed.statement, reason=reason, actor=actor)
    statement_appended.send(sender=IdentityStatement, person=person.id, version=version)
    return signed.statement


@transaction.atomic
def revoke_devices(*, caller: Caller, statement: bytes) -> None:
    """Append the caller's statement that revokes devices, perhaps the caller's own.

    Raises BeepError as `append`; beyond the chain's rules, `one_device` when it lists something new and
    `device_dropped` when it revokes nothing.
    """
    person = Person.objects.select_for_update(no_key=True).get(id=caller.person)
    append(
        person=person,
        body=statement,
        reason=Revocation.Reason.REVOKED,
        actor=caller.actor(),
        also=adds_nothing,
    )


@transaction.atomic
def rename_devices(*, caller: Caller, statement: bytes) -> None:
    """Append the caller's statement that gives devices other names and changes nothing else.

    Raises BeepError as `append`; beyond the chain's rules, `one_device` when it lists something new,
    `device_dropped` when it revokes something and `device_changed` when every name is as before.
    """
    person = Person.objects.select_for_update(no_key=True).get(id=caller.person)
    append(
        person=person,
        body=statement,
        reason=Revocation.Reason.REVOKED,
        actor=caller.actor(),
        also=only_renames,
    )


@transaction.atomic
def renew(*, caller: Caller, statement: bytes) -> None:
    """Append the caller's statement that says the same as the one before.

    What a device signs by its newest statement counts anew after it: a request to leave a group serves once.

    Raises BeepError as `append`; beyond the chain's rules, those of `changes_nothing`.
    """
    person = Person.objects.select_for_update(no_key=True).get(id=caller.person)
    append(
        person=person,
        body=statement,
        reason=Revocation.Reason.REVOKED,
        actor=caller.actor(),
        also=changes_nothing,
    )


def parse(body: bytes) -> SignedStatement:
    """The signed statement; raises BeepError `statement_malformed`."""
    try:
        return SignedStatement.parse(body)
    except StatementMalformedError as error:
        raise BeepError("statement_malformed") from error


def refuse(rule: str) -> BeepError:
    """The refusal of a statement by a rule of the server's own."""
    return BeepError("statement_refused", detail={"rule": rule})


def only_resets(previous: Statement | None, signed: SignedStatement) -> None:
    """A reset, and nothing else; that it is one that officers signed is the chain's own rule."""
    if previous is None or signed.statement.flags is not Flags.RESET:
        raise refuse("reset_shape")


def only_first(previous: Statement | None, signed: SignedStatement) -> None:
    """Activation: the chain begins."""
    if previous is not None:
        raise BeepError("conflict")


def replaces_devices(previous: Statement | None, signed: SignedStatement) -> None:
    """Replacing and recovery: by the recovery key, every old device out, one new regular device in.

    Rules: `signer`, `one_device`.
    """
    if previous is None or signed.signatures[0].signer is not Signer.RECOVERY:
        raise refuse("signer")
    listed = signed.statement.devices
    if len(listed) != 1 or listed[0].kind is not DeviceKind.REGULAR or previous.device(listed[0].id):
        raise refuse("one_device")


def adds_nothing(previous: Statement | None, signed: SignedStatement) -> None:
    """Revoking: nothing new is listed, and something is gone. Rule: `one_device`, `device_dropped`."""
    before, now = _ids(previous), _ids(signed.statement)
    if now - before:
        raise refuse("one_device")
    if now == before:
        raise refuse("device_dropped")


def only_renames(previous: Statement | None, signed: SignedStatement) -> None:
    """Renaming: the same devices, one name at least another. Rules: `one_device`, `device_dropped`,
    `device_changed`.
    """
    _check_same_devices(previous, signed.statement)
    names = {entry.id: entry.name for entry in previous.devices} if previous else {}
    if all(names[entry.id] == entry.name for entry in signed.statement.devices):
        raise refuse("device_changed")


def changes_nothing(previous: Statement | None, signed: SignedStatement) -> None:
    """Renewing: the same devices by the same names. Rules: `one_device`, `device_dropped`, `device_changed`,
    `recovery_key`.
    """
    _check_same_devices(previous, signed.statement)
    if previous is None or previous.devices != signed.statement.devices:
        raise refuse("device_changed")
    if previous.recovery_key != signed.statement.recovery_key:
        raise refuse("recovery_key")


def adds_one(*, kind: DeviceKind, approver: bytes) -> ServerRule:
    """Approving: the device `approver` (16 bytes) signs, one new device of `kind` is listed, all others stay
    as they are.

    Rules: `signer`, `one_addition`, `device_dropped`, `device_changed`, `temporary_too_long`.
    """

    def rule(previous: Statement | None, signed: SignedStatement) -> None:
        statement = signed.statement
        signer = previous.device(approver) if previous else None
        if previous is None or signer is None or signed.signatures[0].key != signer.signature_key:
            raise refuse("signer")
        if _ids(previous) - _ids(statement):
            raise refuse("device_dropped")
        added = [entry for entry in statement.devices if previous.device(entry.id) is None]
        if len(added) != 1 or added[0].kind is not kind:
            raise refuse("one_addition")
        if any(previous.device(entry.id) not in (None, entry) for entry in statement.devices):
            raise refuse("device_changed")
        # The chain counts the day from the device's own word for when it was added; the server has a clock.
        longest = clock.to_ms(clock.now() + TEMPORARY + CLOCKS_APART)
        if kind is DeviceKind.TEMPORARY and added[0].expires_at > longest:
            raise refuse("temporary_too_long")

    return rule


def _check_same_devices(previous: Statement | None, statement: Statement) -> None:
    before, now = _ids(previous), _ids(statement)
    if now - before:
        raise refuse("one_device")
    if before - now:
        raise refuse("device_dropped")


def _ids(statement: Statement | None) -> set[bytes]:
    return {entry.id for entry in statement.devices} if statement else set()


def _check_pace(person: Person) -> None:
    # The person's row is locked, so that two requests at once do not both count one too few.
    day, now = timedelta(days=1), clock.now()
    times = IdentityStatement.objects.filter(person=person, accepted_at__gt=now - day).order_by("-version")
    recent = list(times.values_list("accepted_at", flat=True)[:STATEMENTS_A_DAY])
    if len(recent) == STATEMENTS_A_DAY:
        raise BeepError("rate_limited", retry_after=(min(recent) + day - now).total_seconds())


def _publish(statement: Statement) -> None:
    """Into the next epoch of the key log: what is accepted is shown to everybody, or to nobody."""
    change = Change(statement.person, statement.version, statement.prev_hash, statement.hash)
    with connection.cursor() as cursor:
        key_log.enqueue(cursor, change)


def _swap_head(person: Person, statement: Statement) -> None:
    """Compare-and-swap: the head moves only from where this statement was checked against.

    The row lock makes a loser impossible as long as every caller takes it; the condition holds even where one
    forgets.
    """
    was = Person.objects.filter(id=person.id, statement_version=statement.version - 1)
    was = was.filter(statement_head=statement.prev_hash if statement.version > 1 else None)
    if not was.update(statement_version=statement.version, statement_head=statement.hash):
        raise BeepError("statement_stale", detail={"version": person.statement_version})
    person.statement_version = statement.version
    person.statement_head = statement.hash
