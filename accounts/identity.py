"""The rules of the identity chain:

which statement may follow which, and who must have signed it. Pure: no Django.

The same rules run in the browser (`web/src/wire`), on the shared vectors `tests/vectors/identity.json`. The
order of the checks below is part of them: a statement that breaks several rules is refused with the first.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from nacl.signing import SigningKey

from accounts import signing
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


class Rule(StrEnum):
    """Rules of the chain; the values are stable and stand in `detail.rule` of `statement_refused`."""

    PERSON = "person"
    VERSION = "version"
    PREV_HASH = "prev_hash"
    AT = "at"
    FIRST_SHAPE = "first_shape"
    RESET_NOT_SUPPORTED = "reset_not_supported"
    SIGNER = "signer"
    SIGNATURE = "signature"
    RECOVERY_KEY = "recovery_key"
    DEVICE_RETURNED = "device_returned"
    REVOKED_CHANGED = "revoked_changed"
    DEVICE_DROPPED = "device_dropped"
    DEVICE_CHANGED = "device_changed"
    TOO_MANY_DEVICES = "too_many_devices"


class StatementRefusedError(Exception):
    """A well-formed statement breaks `rule` (BeepError `statement_refused`)."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.value)
        self.rule: Final = rule


def verify_chain(*, person: bytes, statements: Sequence[SignedStatement]) -> Statement:
    """The newest statement of a whole chain, from statement 1 on, of `person` (16 bytes).

    Raises StatementRefusedError for the first statement that breaks a rule; an empty chain is a ValueError.
    """
    if not statements:
        raise ValueError("an empty chain")
    check_first(person=person, signed=statements[0])
    newest = statements[0].statement
    for signed in statements[1:]:
        check_next(previous=newest, signed=signed)
        newest = signed.statement
    return newest


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
    signers = [(signature.signer, signature.key) for signature in signed.signatures]
    _require(
        signers
        == [(Signer.DEVICE, statement.devices[0].signature_key), (Signer.RECOVERY, statement.recovery_key)],
        Rule.SIGNER,
    )
    _check_signatures(signed)


def check_next(*, previous: Statement, signed: SignedStatement) -> None:
    """Statement n + 1 after `previous`, which was itself checked.

    Signed once: by a device that `previous` lists and that has not expired at the new statement's own time,
    or by the recovery key of `previous`, which alone may change the recovery key. Raises
    StatementRefusedError.
    """
    statement = signed.statement
    _require(statement.person == previous.person, Rule.PERSON)
    _require(statement.version == previous.version + 1, Rule.VERSION)
    _require(statement.prev_hash == previous.hash, Rule.PREV_HASH)
    _require(statement.at >= previous.at, Rule.AT)
    # A reset needs two officers under the offline root, which nothing here can check yet: fail closed.
    _require(statement.flags is Flags.NONE, Rule.RESET_NOT_SUPPORTED)
    _require(len(signed.signatures) == 1, Rule.SIGNER)
    _check_signer(previous, statement, signed.signatures[0])
    _check_signatures(signed)
    _require(
        statement.recovery_key == previous.recovery_key or signed.signatures[0].signer is Signer.RECOVERY,
        Rule.RECOVERY_KEY,
    )
    _check_devices(previous, statement)


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
    regular = sum(entry.kind is DeviceKind.REGULAR for entry in statement.devices)
    _require(regular <= MAX_REGULAR_DEVICES, Rule.TOO_MANY_DEVICES)


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
