"""What must be true at the end, asked of PostgreSQL directly and compared with what the devices hold."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from audit import intake
from messaging import formats
from tests.faults.crowd import Cast, Crowd
from tests.faults.device import Key, whole_log
from tests.faults.link import Door

ENVELOPES = """
SELECT conversation_id, seq, generation, epoch, kind, device_id, counter, time_ms, body, body_hash, hash,
       xmin::text::bigint
FROM messaging_envelope ORDER BY conversation_id, seq
"""
ENDS = "SELECT id, last_seq FROM messaging_conversation"
COUNTERS = "SELECT conversation_id, device_id, last_counter FROM messaging_sender WHERE last_counter > 0"
BATCHES = "SELECT transaction::text::bigint, body FROM audit_intake WHERE kind = 'messages.batch'"


Reading = tuple[bytes, list[tuple[UUID, int, bytes]]]
"""A conversation, and `whole_log` of it."""


@dataclass(frozen=True)
class Kept:
    """What PostgreSQL holds."""

    logs: dict[bytes, list[tuple[Any, ...]]]
    """Conversation → rows of ENVELOPES."""
    ends: dict[bytes, int]
    counters: dict[tuple[bytes, bytes], int]
    batches: list[tuple[int, bytes]]

    @property
    def applications(self) -> int:
        """How many messages."""
        return sum(row[4] == 1 for rows in self.logs.values() for row in rows)


def kept(connection: "psycopg.Connection[Any]") -> Kept:
    """Read all of it."""
    logs: dict[bytes, list[tuple[Any, ...]]] = defaultdict(list)
    for row in connection.execute(ENVELOPES):
        logs[row[0].bytes].append(row)
    return Kept(
        logs=logs,
        ends={id_.bytes: last for id_, last in connection.execute(ENDS)},
        counters={(c.bytes, d.bytes): last for c, d, last in connection.execute(COUNTERS)},
        batches=[(number, bytes(body)) for number, body in connection.execute(BATCHES)],
    )


def everything(
    crowd: Crowd, cast: Cast, url: str, *, resume_at: Iterable[Door] = (), heard: Iterable[Reading] = ()
) -> dict[str, int]:
    """All of the statement, after the crowd has gone; gives some figures.

    `url` must be allowed to read the audit intake. Strangers `resume_at` these doors now; `heard` is what
    others have read of the same end before.
    """
    with psycopg.connect(url) as connection:
        found = kept(connection)
    logs_are_whole(found)
    acknowledged_is_kept(found, crowd.tally.acknowledged)
    everybody_has_heard_all(found, crowd)
    audit_agrees(found)
    for conversation, log in [*heard, *(reading for door in resume_at for reading in read_anew(cast, door))]:
        assert log == [(row[5], row[6], bytes(row[8])) for row in found.logs[conversation]]
    assert not crowd.tally.wrong, crowd.tally.wrong[:5]
    return {
        "envelopes": found.applications,
        "batches": len(found.batches),
        "recipients": len(crowd.devices),
    }


def logs_are_whole(found: Kept) -> None:
    """seq is dense, each device's counters are dense and once, and each hash is the envelope's."""
    for conversation, rows in found.logs.items():
        assert [row[1] for row in rows] == list(range(1, found.ends[conversation] + 1))
        counters: dict[bytes, list[int]] = defaultdict(list)
        for _, seq, generation, epoch, kind, device, counter, time_ms, body, body_hash, hash_, _ in rows:
            assert bytes(body_hash) == hashlib.sha256(body).digest()
            assert bytes(hash_) == formats.envelope_hash(
                conversation=conversation,
                seq=seq,
                generation=generation,
                epoch=epoch,
                kind=kind,
                device=device.bytes,
                counter=counter,
                time_ms=time_ms,
                body_hash=bytes(body_hash),
            )
            counters[device.bytes].append(counter)
        for device, given in counters.items():
            # Also in this order: what a device says is stored in the order in which it said it.
            assert given == list(range(1, found.counters[conversation, device] + 1))


def acknowledged_is_kept(found: Kept, acknowledged: dict[Key, tuple[int, bytes]]) -> None:
    """Every acknowledged message is there with its seq and bytes, and nothing else is."""
    stored = {
        (conversation, row[5].bytes, row[6]): (row[1], bytes(row[9]))
        for conversation, rows in found.logs.items()
        for row in rows
        if row[4] == 1
    }
    assert stored == acknowledged


def everybody_has_heard_all(found: Kept, crowd: Crowd) -> None:
    """Each device holds each of its logs whole and in order: hashes and transcripts are the same."""
    for conversation, rows in found.logs.items():
        hashes = [bytes(row[10]) for row in rows]
        transcript = formats.transcript(conversation, hashes)
        for device in crowd.devices:
            if (log := device.logs.get(conversation)) is not None:
                assert log.hashes == hashes
                assert log.transcript == transcript


def audit_agrees(found: Kept) -> None:
    """Each batch's row commits to exactly the envelopes of its transaction, in order."""
    by_transaction: dict[int, list[bytes]] = defaultdict(list)
    for _, rows in sorted(found.logs.items()):
        for row in rows:
            if row[4] == 1:
                by_transaction[row[11]].append(bytes(row[10]))
    assert len(found.batches) == len(by_transaction)
    for number, body in found.batches:
        assert intake.hashes_of(body) == by_transaction[number & 0xFFFFFFFF]


def read_anew(cast: Cast, door: Door) -> list[Reading]:
    """Somebody who was not there pages the large conversation, and a speaker a pair, from the beginning.

    The crowd must have gone: a device has one connection.
    """
    readers = ((cast.talks[-1], cast.people[-1]), (cast.talks[0], cast.people[0]))
    return [(talk.id, asyncio.run(whole_log(actor, door, talk.id))) for (talk, _), actor in readers]
