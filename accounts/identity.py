"""The rules of the identity chain:

which statement may follow which, and who must have signed it. Pure: no Django.

The same rules run in the browser (`web/src/crypto/chain.ts`), on the shared vectors
`tests/vectors/identity.json`. The order of the checks below is part of them: a statement that breaks several
rules is refused with the first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from nacl.signing import SigningKey

from accounts import signing
from accounts.certificates import NO_TRUST, Purpose, Trust
from accounts.signing import Label
from accounts.statements import (
    NO_HASH,
    DeviceKind,
    Flags,
    Signature,
    SignedStatement,
    Signer,
    Statement,
)

MAX_REGULAR_DEVICES: Final = 5
MAX_TEMPORARY_DEVICES: Final = 3
"""Living ones; what has expired stays listed until somebody revokes it."""
TEMPORARY_LIFETIME: Final = 24 * 60 * 60 * 1000
"""Milliseconds."""
RESET_OFFICERS: Final = 2


class Rule(StrEnum):
    """Rules of the chain; the values are stable and stand in `detail.rule` of `statement_refused`."""

    PERSON = "person"
    VERSION = "version"
    PREV_HASH = "prev_hash"
    AT = "at"
    FIRST_SHAPE = "first_shape"
    RESET_SHAPE = "reset_shape"
    RESET_OFFICERS = "reset_officers"
    SIGNER = "signer"
    SIGNATURE = "signature"
    RECOVERY_KEY = "recovery_key"
    TEMPORARY_SIGNER = "temporary_signer"
    DEVICE_RETURNED = "device_returned"
    REVOKED_CHANGED = "revoked_changed"
    DEVICE_DROPPED = "device_dropped"
    DEVICE_CHANGED = "device_changed"
    ONE_ADDITION = "one_addition"
    TEMPORARY_TOO_LONG = "temporary_too_long"
    TOO_MANY_DEVICES = "too_many_devices"


class StatementRefusedError(Exception):
    """A well-formed statement breaks `rule` (BeepError `statement_refused`)."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.value)
        self.rule: Final = rule


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """A device that some statement listed: its key, and the base under which it was listed first."""

    key: bytes
    base: bytes


@dataclass(frozen=True, slots=True)
class VerifiedChain:
    """A chain that keeps the rules.

    `bases`: the hashes of statement 1 and of every reset, oldest first. `hashes`: of every statement.
    `listed`: every device that ever was in the chain, by id; a reset revokes all, so a device has one base
    for good.
    """

    newest: Statement
    bases: tuple[bytes, ...]
    hashes: tuple[bytes, ...]
    listed: dict[bytes, ListedDevice]

    @property
    def base(self) -> bytes:
        """The person's: hash of the latest statement 1 or reset. Membership and safety numbers go by it."""
        return self.bases[-1]


def verify_chain(
    *, person: bytes, statements: Sequence[SignedStatement], trust: Trust = NO_TRUST
) -> Statement:
    """The newest statement of a whole chain, from statement 1 on, of `person` (16 bytes).

    Raises StatementRefusedError for the first statement that breaks a rule; an empty chain is a ValueError.
    A chain with a reset verifies only with a `trust` that certifies its officers.
    """
    return read_chain(person=person, statements=statements, trust=trust).newest


def read_chain(
    *, person: bytes, statements: Sequence[SignedStatement], trust: Trust = NO_TRUST
) -> VerifiedChain:
    """`verify_chain`, with all that the chain says. Raises as it does."""
    if not statements:
        raise ValueError("an empty chain")
    check_first(person=person, signed=statements[0])
    newest = statements[0].statement
    bases, hashes = [newest.hash], [newest.hash]
    listed = {entry.id: ListedDevice(entry.signature_key, newest.hash) for entry in newest.devices}
    for signed in statements[1:]:
        check_next(previous=newest, signed=signed, trust=trust)
        newest = signed.statement
        hashes.append(newest.hash)
        if newest.flags is Flags.RESET:
            bases.append(newest.hash)
        for entry in newest.devices:
            listed.setdefault(entry.id, ListedDevice(entry.signature_key, bases[-1]))
    return VerifiedChain(newest, tuple(bases), tuple(hashes), listed)


def check_first(*, person: bytes, signed: SignedStatement) -> None:
    """Statement 1:

    one regular device, nothing revoked, signed by that device and by the recovery key, in this order.

    Raises StatementRefusedError: person, version, prev_hash, first_shape, signer, signature.
    """
    statement = signed.statement
    _require(statement.person == person, Rule.PERSON)
    _require(statement.version == 1, Rule.VERSION)
    _require(statement.prev_hash == NO_HASH, Rule.PREV_HASH)
    _require(
        statement.flags is Flags.NONE
        and len(statement.devices) == 1
        and statement.devices[0].kind is DeviceKind.REGULAR
        and not statement.revoked,
        Rule.FIRST_SHAPE,
    )
    _require(_signers(signed) == _by_device_and_recovery(statement), Rule.SIGNER)
    _check_signatures(signed)


def check_next(*, previous: Statement, signed: SignedStatement, trust: Trust = NO_TRUST) -> None:
    """Statement n + 1 after `previous`, which was itself checked.

    Signed once: by a device that `previous` lists and that has not expired at the new statement's own time,
    or by the recovery key of `previous`, which alone may change the recovery key. A device adds one device at
    most; a temporary one does nothing but revoke itself. Or it is a reset (`check_reset_request`), signed by
    two officers as well, whom the root certifies at the statement's time. Raises StatementRefusedError.
    """
    if signed.statement.flags is Flags.RESET:
        _check_reset(previous, signed, trust.keys(purpose=Purpose.OFFICER, at=signed.statement.at))
        return
    statement = signed.statement
    _check_succession(previous, statement)
    _require(len(signed.signatures) == 1, Rule.SIGNER)
    _check_signer(previous, statement, signed.signatures[0])
    _check_signatures(signed)
    by_device = signed.signatures[0].signer is Signer.DEVICE
    _require(statement.recovery_key == previous.recovery_key or not by_device, Rule.RECOVERY_KEY)
    if by_device:
        _check_temporary_signer(previous, statement, signed.signatures[0].key)
    _check_devices(previous, statement)
    known = {entry.id for entry in previous.devices}
    added = [entry for entry in statement.devices if entry.id not in known]
    _require(len(added) <= 1 or not by_device, Rule.ONE_ADDITION)
    for entry in added:
        if entry.kind is DeviceKind.TEMPORARY:
            # By both times: neither a device's entry nor the statement alone may lie in the future.
            latest = min(entry.added_at, statement.at) + TEMPORARY_LIFETIME
            _require(entry.expires_at <= latest, Rule.TEMPORARY_TOO_LONG)
    _check_count(statement)


def check_reset_request(*, previous: Statement, signed: SignedStatement) -> None:
    """A reset before the officers sign it: the new device and the new recovery key have, in this order.

    It lists one new regular device and nothing else, revokes all that `previous` lists, and has a new
    recovery key. Raises StatementRefusedError; reset_shape when it is no reset.
    """
    _check_reset(previous, signed, officers=None)


def _check_reset(previous: Statement, signed: SignedStatement, officers: frozenset[bytes] | None) -> None:
    """A reset; `officers` None: their signatures are not there yet."""
    statement = signed.statement
    _check_succession(previous, statement)
    revoked = {entry.id for entry in statement.revoked}
    _require(
        statement.flags is Flags.RESET
        and len(statement.devices) == 1
        and statement.devices[0].kind is DeviceKind.REGULAR
        and all(entry.id in revoked for entry in previous.devices)
        and statement.recovery_key != previous.recovery_key,
        Rule.RESET_SHAPE,
    )
    own = _by_device_and_recovery(statement)
    signers = _signers(signed)
    _require(signers[: len(own)] == own, Rule.SIGNER)
    keys = [key for signer, key in signers[len(own) :] if signer is Signer.OFFICER]
    _require(len(keys) == len(signers) - len(own), Rule.RESET_OFFICERS)
    if officers is None:
        _require(not keys, Rule.RESET_OFFICERS)
    else:
        # Ascending, so that one reset has one spelling and no officer signs twice.
        _require(len(keys) == RESET_OFFICERS and keys[0] < keys[1], Rule.RESET_OFFICERS)
        _require(officers.issuperset(keys), Rule.RESET_OFFICERS)
    _check_signatures(signed)
    _check_devices(previous, statement)


def _check_succession(previous: Statement, statement: Statement) -> None:
    _require(statement.person == previous.person, Rule.PERSON)
    _require(statement.version == previous.version + 1, Rule.VERSION)
    _require(statement.prev_hash == previous.hash, Rule.PREV_HASH)
    _require(statement.at >= previous.at, Rule.AT)


def _signers(signed: SignedStatement) -> list[tuple[Signer, bytes]]:
    return [(signature.signer, signature.key) for signature in signed.signatures]


def _by_device_and_recovery(statement: Statement) -> list[tuple[Signer, bytes]]:
    return [(Signer.DEVICE, statement.devices[0].signature_key), (Signer.RECOVERY, statement.recovery_key)]


def _check_temporary_signer(previous: Statement, statement: Statement, key: bytes) -> None:
    signer = next(entry for entry in previous.devices if entry.signature_key == key)
    if signer.kind is DeviceKind.REGULAR:
        return
    stay = tuple(entry for entry in previous.devices if entry is not signer)
    _require(statement.devices == stay, Rule.TEMPORARY_SIGNER)
    out = {entry.id for entry in statement.revoked} - {entry.id for entry in previous.revoked}
    _require(out == {signer.id}, Rule.TEMPORARY_SIGNER)


def _check_signer(previous: Statement, statement: Statement, signature: Signature) -> None:
    if signature.signer is Signer.RECOVERY:
        _require(signature.key == previous.recovery_key, Rule.SIGNER)
        return
    _require(signature.signer is Signer.DEVICE, Rule.SIGNER)
    able = {entry.signature_key for entry in previous.devices if not entry.expired(statement.at)}
    _require(signature.key in able, Rule.SIGNER)


def _check_devices(previous: Statement, statement: Statement) -> None:
    before = {entry.id: entry for entry in previous.devices}
    now = {entry.id: entry for entry in statement.devices}
    gone_before = {entry.id: entry for entry in previous.revoked}
    gone_now = {entry.id: entry for entry in statement.revoked}
    gone_keys = {entry.signature_key for entry in previous.revoked}

    _require(
        all(
            entry.id not in gone_before and entry.signature_key not in gone_keys
            for entry in statement.devices
        ),
        Rule.DEVICE_RETURNED,
    )
    _require(all(gone_now.get(id_) == entry for id_, entry in gone_before.items()), Rule.REVOKED_CHANGED)
    # What is newly revoked was listed until now, under this key.
    _require(
        all(
            entry.id in before and before[entry.id].signature_key == entry.signature_key
            for entry in statement.revoked
            if entry.id not in gone_before
        ),
        Rule.REVOKED_CHANGED,
    )
    _require(all(id_ in now or id_ in gone_now for id_ in before), Rule.DEVICE_DROPPED)
    for id_, entry in before.items():
        if kept := now.get(id_):
            _require(
                (kept.kind, kept.signature_key, kept.added_at, kept.expires_at)
                == (entry.kind, entry.signature_key, entry.added_at, entry.expires_at),
                Rule.DEVICE_CHANGED,
            )


def _check_count(statement: Statement) -> None:
    regular = sum(entry.kind is DeviceKind.REGULAR for entry in statement.devices)
    _require(regular <= MAX_REGULAR_DEVICES, Rule.TOO_MANY_DEVICES)
    temporary = sum(
        entry.kind is DeviceKind.TEMPORARY and not entry.expired(statement.at) for entry in statement.devices
    )
    _require(temporary <= MAX_TEMPORARY_DEVICES, Rule.TOO_MANY_DEVICES)


def _check_signatures(signed: SignedStatement) -> None:
    content = signed.statement.encode()
    for signature in signed.signatures:
        good = signing.verify(
            public_key=signature.key,
            label=Label.IDENTITY_STATEMENT,
            content=content,
            signature=signature.signature,
        )
        _require(good, Rule.SIGNATURE)


def _require(holds: bool, rule: Rule) -> None:
    if not holds:
        raise StatementRefusedError(rule)


def sign_statement(*, statement: Statement, signers: Iterable[tuple[Signer, SigningKey]]) -> SignedStatement:
    """`statement` with one signature of each of `signers`, in their order.

    The server has no key to call this with; vectors, tests and tools do.
    """
    content = statement.encode()
    return SignedStatement(
        statement=statement,
        signatures=tuple(
            Signature(
                signer=signer,
                key=bytes(key.verify_key),
                signature=signing.sign(key=key, label=Label.IDENTITY_STATEMENT, content=content),
            )
            for signer, key in signers
        ),
    )
