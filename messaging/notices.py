"""What the services tell the sockets, after the commit and never before.

Services call the functions below inside their transaction; each waits for COMMIT and then hands a notice to
the one publisher. By default that is `to_valkey`: a process without an engine (a web worker, a command) puts
the notice on a channel that every engine reads. An engine may set its own publisher with `set_publisher`.
A notice is a hint. Whoever misses one finds everything in the database: envelopes by their cursor, mail by
the mailbox's end, revocations by polling.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Annotated, Final, TypeAlias

import msgspec
import redis
import structlog
from django.conf import settings
from django.db import transaction
from msgspec import Meta

from messaging import protocol
from messaging.engine import limits

log = structlog.get_logger(__name__)

CHANNEL: Final = "beep:notices"
"""Valkey channel that carries encoded notices."""
TIMEOUT: Final = 1.0
"""Seconds that a publish may hold up the request whose change is already on disk."""

Uuid: TypeAlias = Annotated[bytes, Meta(min_length=16, max_length=16)]


class Notice(msgspec.Struct, forbid_unknown_fields=True, tag_field="n", frozen=True, gc=False):
    """Base of every notice."""


class EnvelopesAdded(Notice, tag="envelopes_added", frozen=True):
    """The log of `conversation` has grown by these envelopes, in seq order."""

    conversation: Uuid
    envelopes: list[protocol.Envelope]


class ConversationChanged(Notice, tag="conversation_changed", frozen=True):
    """A conversation is new to `persons`, or its group state changed: what is cached of it is stale."""

    state: protocol.ConversationState
    persons: list[Uuid]


class MailWaiting(Notice, tag="mail_waiting", frozen=True):
    """The mailbox of `device` has items up to `last`."""

    device: Uuid
    last: int


class SlotChanged(Notice, tag="slot_changed", frozen=True):
    """A member's slot in `conversation` was replaced."""

    conversation: Uuid
    slot: protocol.Slot


class IdentityChanged(Notice, tag="identity_changed", frozen=True):
    """`person` has statement `version`; `persons` are those who share a conversation, and the person."""

    person: Uuid
    version: int
    persons: list[Uuid]


class PersonChanged(Notice, tag="person_changed", frozen=True):
    """The directory changed something that shows about `person`; `persons` share a conversation with them."""

    person: Uuid
    persons: list[Uuid]


class ResetRequested(Notice, tag="reset_requested", frozen=True):
    """Somebody asks for a new identity of `person`, not before `earliest` (ms UTC); `persons` as above."""

    person: Uuid
    earliest: int
    persons: list[Uuid]


class PairingWaiting(Notice, tag="pairing_waiting", frozen=True):
    """Something happened in a pairing of `person`'s own."""

    person: Uuid
    pairing: Uuid


class InvitedReady(Notice, tag="invited_ready", frozen=True):
    """`person`, who is invited to `conversation`, has KeyPackages now; `persons` are its members."""

    conversation: Uuid
    person: Uuid
    persons: list[Uuid]


class DeviceEnded(Notice, tag="device_ended", frozen=True):
    """`device` is revoked: its sockets are closed with 4401."""

    device: Uuid


AnyNotice: TypeAlias = (
    EnvelopesAdded
    | ConversationChanged
    | MailWaiting
    | SlotChanged
    | IdentityChanged
    | PersonChanged
    | ResetRequested
    | PairingWaiting
    | InvitedReady
    | DeviceEnded
)
Publisher: TypeAlias = Callable[[AnyNotice], None]

encode: Final = msgspec.msgpack.Encoder().encode
"""Notice → bytes, as they travel on `CHANNEL`."""
decode: Final = msgspec.msgpack.Decoder(AnyNotice).decode
"""bytes → Notice; raises msgspec.DecodeError."""


@lru_cache(maxsize=1)
def _valkey() -> "redis.Redis[bytes]":
    return redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)


def to_valkey(notice: AnyNotice) -> None:
    """Put the notice on `CHANNEL`. An absent Valkey is logged and no more: the change itself is committed."""
    try:
        _valkey().publish(CHANNEL, encode(notice))
    except redis.RedisError as error:
        log.warning("notice_not_published", notice=type(notice).__name__, error=type(error).__name__)


_publisher: Publisher = to_valkey


def set_publisher(publisher: Publisher) -> Publisher:
    """Publish through `publisher`, which must not raise, from now on in this process; returns the former."""
    global _publisher
    former, _publisher = _publisher, publisher
    return former


def _after_commit(notice: AnyNotice) -> None:
    # robust: a failing publisher must not fail a request that has already been committed.
    transaction.on_commit(lambda: _publisher(notice), robust=True)


def envelopes_added(conversation: bytes, envelopes: Sequence[protocol.Envelope]) -> None:
    """After commit: the log of `conversation` (16 bytes) has these new envelopes."""
    _after_commit(EnvelopesAdded(conversation=conversation, envelopes=list(envelopes)))


def conversation_changed(state: protocol.ConversationState, persons: Iterable[bytes]) -> None:
    """After commit: tell `persons` (16 bytes each) the conversation's new state, without names if large."""
    if len(state.persons) > limits.LIVE_MEMBERS:
        state = msgspec.structs.replace(state, persons=[])
    _after_commit(ConversationChanged(state=state, persons=sorted(persons)))


def mail_waiting(device: bytes, last: int) -> None:
    """After commit: the mailbox of `device` ends at `last`."""
    _after_commit(MailWaiting(device=device, last=last))


def slot_changed(conversation: bytes, slot: protocol.Slot) -> None:
    """After commit: a slot in `conversation` was replaced."""
    _after_commit(SlotChanged(conversation=conversation, slot=slot))


def identity_changed(person: bytes, version: int, persons: Iterable[bytes]) -> None:
    """After commit: tell `persons` that `person` has a new identity statement."""
    _after_commit(IdentityChanged(person=person, version=version, persons=sorted(persons)))


def person_changed(person: bytes, persons: Iterable[bytes]) -> None:
    """After commit: tell `persons` to read `person`'s entry in the directory again."""
    _after_commit(PersonChanged(person=person, persons=sorted(persons)))


def reset_requested(person: bytes, earliest: int, persons: Iterable[bytes]) -> None:
    """After commit: tell `persons` that `person`'s identity may be reset from `earliest` (ms UTC) on."""
    _after_commit(ResetRequested(person=person, earliest=earliest, persons=sorted(persons)))


def pairing_waiting(person: bytes, pairing: bytes) -> None:
    """After commit: tell `person`'s devices of their pairing."""
    _after_commit(PairingWaiting(person=person, pairing=pairing))


def invited_ready(conversation: bytes, person: bytes, persons: Iterable[bytes]) -> None:
    """After commit: tell the members `persons` that `person` can be added to `conversation`."""
    _after_commit(InvitedReady(conversation=conversation, person=person, persons=sorted(persons)))


def device_ended(device: bytes) -> None:
    """After commit: close the sockets of `device`."""
    _after_commit(DeviceEnded(device=device))
