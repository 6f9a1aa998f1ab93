"""After the database was restored to an older point: what it has lost comes back from the members' devices.

The operator turns the read-only mode on before the first client connects (`manage.py restore_mode on`). Every
client whose log is longer than the server's hands back the raw envelopes that it holds. An envelope goes back
into the log when two persons hold the same one; what only one person has seen, be it its sender, waits, and
goes in when the operator ends the mode, unless somebody holds another in its place. Nothing can be said
meanwhile, so no new envelope takes the place of a lost one.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec
import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Max

from accounts import identity_chain, resets
from accounts.models import Person, Revocation
from accounts.statements import Flags, SignedStatement
from audit import intake
from audit.events import Actor, RestoreModeChanged
from beep import clock, rates
from beep.clock import from_ms
from beep.errors import BeepError
from messaging import formats, notices, protocol
from messaging.access import acting_device, current_group, lock_conversation, state_of
from messaging.models import Conversation, Envelope, Restore, Reupload
from messaging.read_only import RETRY, close_gate, is_read_only, pass_gate
from messaging.replay import ReplayRefusedError, Transcript, replay

log = structlog.get_logger(__name__)

ENOUGH: Final = 2
"""Persons who must hold an envelope while copies may still come."""

WAITING: Final = 20_000
"""Envelopes of one conversation that may wait behind its log's end; as many as a client keeps."""
PER_MINUTE: Final = 300
"""Re-uploads of one device."""
LOST_WITHIN: Final = timedelta(days=90)
"""How old a lost reset may be; no client keeps what would bring an older backup's logs back."""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(protocol.Envelope).decode


@transaction.atomic
def turn_on() -> None:
    """Refuse everything but reading and re-uploads, in every process. Waits for what is being written."""
    _set(read_only=True)


def turn_off() -> dict[UUID, int]:
    """Settle what waits, and take messages again; gives how many envelopes each conversation got at last."""
    settled = {}
    ids = Reupload.objects.order_by("conversation_id").values_list("conversation_id", flat=True).distinct()
    for conversation in list(ids):
        with transaction.atomic():
            row = Conversation.objects.select_for_update(no_key=True).filter(id=conversation).first()
            before = row.last_seq if row else 0
            if row is not None:
                settled[conversation] = _advance(row, enough=1) - before
            Reupload.objects.filter(conversation_id=conversation).delete()
    with transaction.atomic():
        _set(read_only=False)
        # What came after its conversation was settled must not speak in another restore.
        Reupload.objects.all().delete()
    return settled


def _set(*, read_only: bool) -> None:
    close_gate()
    Restore.objects.update_or_create(id=1, defaults={"read_only": read_only, "changed_at": clock.now()})
    intake.record(RestoreModeChanged(actor=Actor(system="operator"), target=None, read_only=read_only))


@transaction.atomic
def reupload(*, device: UUID, frame: protocol.Reupload, now_ms: int) -> int:
    """Take a device's copies of envelopes; gives the log's end after those that could be put back.

    `frame.envelopes` are dense. Copies of what the log has must be the same as there. Raises BeepError
    `device_unknown`, `device_revoked`, `person_inactive`, `not_a_member`, `rate_limited`, `conflict` when the
    server is not read-only, `busy` when as many wait as may (`WAITING`), or `range_refused` when the copies
    are not dense, begin behind the log's end and behind the person's other copies, or differ from the log
    (`detail.seq`).
    """
    pass_gate()
    if not is_read_only():
        raise BeepError("conflict", "The server is not being restored.")
    rates.spend(key=f"reupload:{device}", limit=PER_MINUTE, seconds=60, now_ms=now_ms)
    person = acting_device(device=device, now_ms=now_ms).person_id
    conversation = lock_conversation(conversation=UUID(bytes=frame.conversation), person=person)
    first = frame.envelopes[0].seq
    if any(envelope.seq != first + i for i, envelope in enumerate(frame.envelopes)) or first < 1:
        raise BeepError("range_refused", detail={"last_seq": conversation.last_seq})
    _check_room(conversation, person=person, first=first, last=frame.envelopes[-1].seq)
    hashed = [(_hash(conversation.id, envelope), envelope) for envelope in frame.envelopes]
    known = dict(
        Envelope.objects.filter(
            conversation_id=conversation.id, seq__gte=first, seq__lt=first + len(hashed)
        ).values_list("seq", "hash")
    )
    for hash_, envelope in hashed:
        if known.get(envelope.seq, hash_) != hash_:
            raise BeepError("range_refused", detail={"seq": envelope.seq})
    Reupload.objects.bulk_create(
        [
            Reupload(
                conversation_id=conversation.id,
                seq=envelope.seq,
                person_id=person,
                hash=hash_,
                envelope=_encode(envelope),
                at=from_ms(now_ms),
            )
            for hash_, envelope in hashed
            if envelope.seq > conversation.last_seq
        ],
        # The first copy of a person counts: who changes their mind has seen two logs.
        ignore_conflicts=True,
    )
    before = conversation.last_seq
    last = _advance(conversation, enough=ENOUGH)
    if last > before:
        state = state_of(conversation, group=current_group(conversation))
        notices.conversation_changed(state, state.persons)
    return last


def _check_room(conversation: Conversation, *, person: UUID, first: int, last: int) -> None:
    """A person's copies follow the log's end without a hole, and not without end: anybody can invent some."""
    own = Reupload.objects.filter(conversation_id=conversation.id, person_id=person)
    known = max(conversation.last_seq, own.aggregate(last=Max("seq"))["last"] or 0)
    if first > known + 1:
        raise BeepError("range_refused", detail={"last_seq": conversation.last_seq})
    if last > conversation.last_seq + WAITING:
        raise BeepError("busy", retry_after=RETRY)


def _advance(conversation: Conversation, *, enough: int) -> int:
    """Put back what enough speaks for, seq by seq, as far as it goes; gives the log's end."""
    transcript: Transcript | None = None
    while True:
        seq = conversation.last_seq + 1
        rows = list(Reupload.objects.filter(conversation_id=conversation.id, seq=seq))
        chosen = _choose(rows, enough=enough)
        if chosen is None:
            return conversation.last_seq
        transcript = transcript or Transcript(conversation.id)
        try:
            with transaction.atomic():
                replay(conversation, chosen, transcript=transcript)
        except ReplayRefusedError as error:
            log.warning("reupload_refused", conversation=str(conversation.id), seq=seq, reason=str(error))
            conversation.refresh_from_db()
            hash_ = _hash(conversation.id, chosen)
            Reupload.objects.filter(conversation_id=conversation.id, seq=seq, hash=hash_).delete()
            continue
        Reupload.objects.filter(conversation_id=conversation.id, seq=seq).delete()


def _choose(rows: Sequence[Reupload], *, enough: int) -> protocol.Envelope | None:
    """The envelope that most persons hold, when they are enough and more than hold any other.

    Its sender counts as one of them and no more: whoever hands back other words than were said would else
    decide alone, and everything that the others said after them, having seen the true ones, would not fit
    behind them (docs/threat-model.md).
    """
    ranked = Counter(bytes(row.hash) for row in rows).most_common(2)
    if not ranked or ranked[0][1] < enough or (len(ranked) > 1 and ranked[1][1] == ranked[0][1]):
        return None
    best = ranked[0][0]
    return next(_decode(row.envelope) for row in rows if bytes(row.hash) == best)


def _hash(conversation: UUID, envelope: protocol.Envelope) -> bytes:
    return formats.envelope_hash(
        conversation=conversation.bytes,
        seq=envelope.seq,
        generation=envelope.generation,
        epoch=envelope.epoch,
        kind=envelope.kind,
        device=envelope.device,
        counter=envelope.counter,
        time_ms=envelope.time,
        body_hash=hashlib.sha256(envelope.body).digest(),
    )


@transaction.atomic
def give_back_statements(*, person: UUID, statements: Sequence[bytes], actor: Actor) -> int:
    """Take identity statements of `person` that the restored server has lost; gives the chain's version.

    Anybody may hand them back: each is signed by its person and follows the one before. Those that the chain
    has already are passed over. Raises BeepError `conflict` when the server is not read-only, `not_found`,
    `statement_malformed`, `statement_refused`, `conflict` or `rate_limited`.
    """
    pass_gate()
    if not is_read_only():
        raise BeepError("conflict", "The server is not being restored.")
    row = Person.objects.select_for_update(no_key=True).filter(id=person).first()
    if row is None:
        raise BeepError("not_found")
    for body in statements:
        if identity_chain.parse(body).statement.version <= row.statement_version:
            continue
        identity_chain.append(
            person=row, body=body, reason=Revocation.Reason.REVOKED, actor=actor, also=_follows
        )
    return row.statement_version


def _follows(previous: object, signed: SignedStatement) -> None:
    """No demand beyond the chain's rules, but of a reset, which here goes past its letter and its delay.

    It must have been possible: the delay since its own time is over. And it is not so old that the keys of
    officers of long ago could have signed it yesterday. Rule: `at`.
    """
    if signed.statement.flags is not Flags.RESET:
        return
    at, now = from_ms(signed.statement.at), clock.now()
    if not now - LOST_WITHIN <= at <= now + resets.CLOCKS_APART - settings.RESET_DELAY:
        raise identity_chain.refuse("at")
