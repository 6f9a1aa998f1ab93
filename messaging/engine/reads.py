"""What sockets read from the database. Each query that a client causes asks for the right as well."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, LiteralString

from beep import clock
from beep.errors import BeepError
from messaging import protocol
from messaging.engine import arrays, limits
from messaging.engine.database import Database

KINDS: Final[dict[int, Literal["direct", "group", "self"]]] = {1: "direct", 2: "group", 3: "self"}
"""`messaging.models.ConversationKind` on the wire."""

RULE: Final[LiteralString] = """
FROM accounts_session s
JOIN accounts_device d ON d.id = s.device_id AND d.person_id = s.person_id
JOIN accounts_person p ON p.id = s.person_id
WHERE s.ended_at IS NULL AND s.expires_at > %s
  AND d.revoked_at IS NULL AND (d.expires_at IS NULL OR d.expires_at > %s) AND p.state = 'active'
"""
"""What lets somebody in and what keeps them in is one rule."""

ADMITTED: Final[LiteralString] = (
    "SELECT s.id, s.person_id, s.device_id, nextval('messaging_admission')" + RULE
)
"""With the order in which they are let in (`precedence`); a number is taken for a row that is found only."""

SESSION: Final[LiteralString] = ADMITTED + "AND s.token_hash = %s"

STILL_LIVING: Final[LiteralString] = "SELECT s.id" + RULE + "AND s.id = ANY(%s)"

STATES: Final[LiteralString] = """
SELECT c.id, c.kind, COALESCE(p.left_seq, c.last_seq), COALESCE(e.generation, c.generation),
       COALESCE(e.epoch + 1, c.epoch), g.group_id, p.left_at IS NOT NULL,
       c.blocked, c.frozen_seq,
       (SELECT count(*) FROM messaging_order o
        WHERE o.group_ref = g.id AND o.executed_seq IS NULL AND o.expires_at > %s),
       ARRAY(SELECT m.person_id FROM messaging_participant m
             WHERE m.conversation_id = c.id AND m.left_at IS NULL AND m.role IN (1, 2)
               AND p.left_at IS NULL ORDER BY m.person_id LIMIT %s)
FROM messaging_participant p
JOIN messaging_conversation c ON c.id = p.conversation_id
LEFT JOIN messaging_envelope e ON e.conversation_id = c.id AND e.seq = p.left_seq
LEFT JOIN messaging_group g
  ON g.conversation_id = c.id AND g.generation = COALESCE(e.generation, c.generation)
WHERE p.person_id = %s AND p.role IN (1, 2)
"""
"""What `messaging.access.state_for` says, of all conversations at once. Whoever has left sees each one as the
envelope that removed them, `e`, left it, and nobody's name. Of a large group one name too many is read, so
that a reconnect of its thousand members does not read a million names."""

MAILBOX: Final[LiteralString] = "SELECT last_seq FROM messaging_mailbox WHERE device_id = %s"

MEMBER: Final[LiteralString] = """
SELECT COALESCE(p.left_seq, c.last_seq) FROM messaging_conversation c
JOIN messaging_participant p ON p.conversation_id = c.id AND p.person_id = %s AND p.role IN (1, 2)
WHERE c.id = %s
"""
"""How far the person may read: to the end, or to the envelope that removed them."""

READER: Final[LiteralString] = """
SELECT COALESCE(p.left_seq, c.last_seq), p.joined_seq, s.generation,
       ARRAY(SELECT t.from_seq FROM messaging_stay t
             WHERE t.conversation_id = c.id AND t.device_id = %s ORDER BY t.from_seq),
       ARRAY(SELECT COALESCE(t.until_seq, 9223372036854775807) FROM messaging_stay t
             WHERE t.conversation_id = c.id AND t.device_id = %s ORDER BY t.from_seq)
FROM messaging_conversation c
JOIN messaging_participant p ON p.conversation_id = c.id AND p.person_id = %s AND p.role IN (1, 2)
LEFT JOIN messaging_sender s ON s.conversation_id = c.id AND s.device_id = %s
WHERE c.id = %s
"""
"""The same, with what the device may read: what was said while it had a leaf (`messaging.models.Stay`)."""

PRESENT: Final[LiteralString] = """
SELECT person_id FROM messaging_participant
WHERE conversation_id = %s AND person_id = ANY(%s) AND left_at IS NULL AND role IN (1, 2)
"""

OWN: Final[LiteralString] = """
SELECT conversation_id FROM messaging_participant
WHERE person_id = %s AND conversation_id = ANY(%s) AND left_at IS NULL AND role IN (1, 2)
"""

PAGE: Final[LiteralString] = """
SELECT seq, generation, epoch, kind, device_id, counter, time_ms, body FROM (
    SELECT *, sum(octet_length(body) + 128) OVER (ORDER BY seq) AS bytes
    FROM messaging_envelope WHERE conversation_id = %s AND seq > %s AND seq <= %s
) AS page
WHERE bytes <= %s OR seq = %s
ORDER BY seq
"""
"""seq is dense, so that a range is a limit. 128 bytes bound what an envelope takes beside its body; the first
envelope is sent however large it is (a commit may fill most of a frame)."""

HASHES: Final[LiteralString] = """
SELECT string_agg(hash, ''::bytea ORDER BY seq)
FROM messaging_envelope WHERE conversation_id = %s AND seq > %s AND seq <= %s
"""

ENDS: Final[LiteralString] = "SELECT id, last_seq FROM messaging_conversation WHERE id = ANY(%s)"

LEAVES: Final[LiteralString] = """
SELECT c.generation, c.epoch, l.device_id, l.leaf_index
FROM messaging_conversation c
JOIN messaging_group g ON g.conversation_id = c.id AND g.generation = c.generation
JOIN messaging_leaf l ON l.group_ref = g.id
WHERE c.id = %s AND NOT c.blocked
"""


@dataclass(frozen=True, slots=True)
class Session:
    """Who speaks on a socket. Ids are 16 bytes."""

    id: bytes
    person: bytes
    device: bytes
    order: int = 0
    """Who was let in later has a higher one."""


@dataclass(frozen=True, slots=True)
class Leaves:
    """Who can decrypt now: device → leaf, in (generation, epoch)."""

    generation: int
    epoch: int
    of: dict[bytes, int]


async def session(database: Database, *, token_hash: bytes) -> Session | None:
    """The living session of a living device of an active person; None when any of them is not."""
    now = clock.now()
    rows = await database.rows(SESSION, (now, now, token_hash))
    return Session(*rows[0]) if rows else None


async def still_living(database: Database, *, sessions: Sequence[bytes]) -> set[bytes]:
    """Those of the sessions that `session` would still find."""
    now = clock.now()
    rows = await database.rows(STILL_LIVING, (now, now, arrays.uuids(sessions)))
    return {row[0] for row in rows}


async def states(database: Database, *, person: bytes) -> list[protocol.ConversationState]:
    """Every conversation that the person is or was in."""
    return [
        protocol.ConversationState(
            conversation=row[0],
            kind=KINDS[row[1]],
            persons=row[10] if len(row[10]) <= limits.LIVE_MEMBERS else [],
            last_seq=row[2],
            generation=row[3],
            epoch=row[4],
            group_id=row[5],
            blocked=row[7] and not row[6],
            orders=0 if row[6] else row[9],
            frozen_seq=None if row[6] else row[8],
            left=row[6],
        )
        for row in await database.rows(STATES, (clock.now(), limits.LIVE_MEMBERS + 1, arrays.uuid(person)))
    ]


async def present(database: Database, *, conversation: bytes, persons: Iterable[bytes]) -> set[bytes]:
    """Those of `persons` who are in the conversation now."""
    rows = await database.rows(PRESENT, (arrays.uuid(conversation), arrays.uuids(list(persons))))
    return {row[0] for row in rows}


async def own(database: Database, *, person: bytes, conversations: Iterable[bytes]) -> set[bytes]:
    """Those of `conversations` that the person is in now."""
    rows = await database.rows(OWN, (arrays.uuid(person), arrays.uuids(list(conversations))))
    return {row[0] for row in rows}


async def mailbox_end(database: Database, *, device: bytes) -> int:
    """The last seq of the device's mailbox; 0 when it never had mail."""
    rows = await database.rows(MAILBOX, (arrays.uuid(device),))
    return int(rows[0][0]) if rows else 0


async def page(
    database: Database, *, conversation: bytes, person: bytes, device: bytes, after: int, limit: int
) -> tuple[list[protocol.Envelope], int]:
    """Envelopes behind `after`, at most `limit`, and the log's end.

    Raises BeepError `not_a_member`, and `not_readable` when the device had no leaf at `after + 1`.
    """
    async with database.connection() as connection:
        async with connection.pipeline():
            # The end first: envelopes that are added in between are left for the next page.
            mine = arrays.uuid(device)
            asked = (mine, mine, arrays.uuid(person), mine, arrays.uuid(conversation))
            reader = await connection.execute(READER, asked, binary=True)
            bounds = (arrays.uuid(conversation), after, after + limit, limits.PAGE_BYTES, after + 1)
            rows = await connection.execute(PAGE, bounds, binary=True)
        found = await reader.fetchone()
        if found is None:
            raise BeepError("not_a_member")
        last, joined, generation, begins, ends = found
        # Seated by code that did not write stays: what its person was admitted to.
        stays = list(zip(begins, ends, strict=True)) or ([(joined, last)] if generation else [])
        # Somebody who was removed reads to where they were removed.
        readable = min(_readable_until(stays, after=after, last=last), last)
        return [_envelope(row) for row in await rows.fetchall() if row[0] <= readable], last


def _readable_until(stays: Sequence[tuple[int, int]], *, after: int, last: int) -> int:
    """Where the stay ends that `after + 1` lies in; behind the log's end there is nothing to ask about."""
    if after >= last:
        return last
    for begin, end in stays:
        if begin <= after + 1 <= end:
            return end
    until = min((begin - 1 for begin, _ in stays if begin > after + 1), default=last)
    raise BeepError("not_readable", detail={"until": min(until, last), "last_seq": last})


async def page_for_all(
    database: Database, *, conversation: bytes, after: int, limit: int
) -> list[protocol.Envelope]:
    """The same for the hub, which asks for everybody in the conversation at once."""
    bounds = (arrays.uuid(conversation), after, after + limit, limits.PAGE_BYTES, after + 1)
    return [_envelope(row) for row in await database.rows(PAGE, bounds)]


def _envelope(row: Sequence[object]) -> protocol.Envelope:
    return protocol.Envelope(*row)  # type: ignore[arg-type]


async def hashes(database: Database, *, conversation: bytes, person: bytes, after: int, until: int) -> bytes:
    """Envelope hashes of (after, until], 32 bytes each.

    Raises BeepError `not_a_member`, and `range_refused` when the range is empty, longer than
    `limits.HASHES` or ends behind the log.
    """
    rows = await database.rows(MEMBER, (arrays.uuid(person), arrays.uuid(conversation)))
    if not rows:
        raise BeepError("not_a_member")
    if not after < until <= min(rows[0][0], after + limits.HASHES):
        raise BeepError("range_refused", detail={"last_seq": rows[0][0]})
    found = await database.rows(HASHES, (arrays.uuid(conversation), after, until))
    return bytes(found[0][0])


async def ends(database: Database, *, conversations: Iterable[bytes]) -> dict[bytes, int]:
    """Conversation → last seq."""
    rows = await database.rows(ENDS, (arrays.uuids(list(conversations)),))
    return {row[0]: row[1] for row in rows}


async def leaves(database: Database, *, conversation: bytes) -> Leaves:
    """The leaf map of the current epoch; without leaves before the first group and while it is blocked."""
    rows = await database.rows(LEAVES, (arrays.uuid(conversation),))
    if not rows:
        return Leaves(0, 0, {})
    return Leaves(rows[0][0], rows[0][1], {row[2]: row[3] for row in rows})
