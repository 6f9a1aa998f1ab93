"""The SQL of a group commit. Parameters are whole columns (`messaging.engine.arrays`); all is prepared."""

from typing import Final

from messaging.engine.arrays import ARRAY_OF, BYTEA, INT8, TEXT, UUID
from messaging.engine.flight import Statement

UUIDS, INTS, BYTEAS = ARRAY_OF[UUID], ARRAY_OF[INT8], ARRAY_OF[BYTEA]

BEGIN: Final = Statement(b"begin", "BEGIN")
COMMIT: Final = Statement(b"commit", "COMMIT")
ROLLBACK: Final = Statement(b"rollback", "ROLLBACK")

GATE: Final = Statement(b"gate", "SELECT pg_advisory_xact_lock_shared($1)", (INT8,))
"""`messaging.read_only`: a statement of its own before LOCK, which then reads the mode that cannot change any
more before COMMIT."""

LOCK: Final = Statement(
    b"lock",
    """
SELECT id, last_seq, generation, epoch, blocked,
       EXISTS (SELECT FROM messaging_restore WHERE read_only)
FROM messaging_conversation
WHERE id = ANY($1)
ORDER BY id
FOR NO KEY UPDATE
""",
    (UUIDS,),
)
"""Locks the batch's conversations, in the order in which everybody locks them, so that nobody deadlocks.

Under READ COMMITTED a row that another transaction has just changed is waited for and then read again as that
transaction left it (EvalPlanQual), so the values are the newest ones and stay so until COMMIT.
"""

SENDERS: Final = Statement(
    b"senders",
    """
SELECT i.conversation, i.device, s.last_counter, s.generation, i.session,
       EXISTS (
           SELECT FROM messaging_participant p
           JOIN accounts_device d ON d.id = i.device AND d.person_id = i.person AND d.revoked_at IS NULL
           JOIN accounts_session t ON t.id = i.session AND t.device_id = i.device AND t.ended_at IS NULL
           JOIN accounts_person q ON q.id = i.person AND q.state = 'active'
           WHERE p.conversation_id = i.conversation AND p.person_id = i.person AND p.left_at IS NULL
             AND p.role IN (1, 2)
       )
FROM unnest($1, $2, $3, $4) AS i(conversation, device, person, session)
LEFT JOIN messaging_sender s ON s.conversation_id = i.conversation AND s.device_id = i.device
""",
    (UUIDS, UUIDS, UUIDS, UUIDS),
)
"""One row for each session of a sender: a session that has ended may not write, even while its socket lives
on until the next look at the sessions.

A statement of its own, after LOCK: it has a newer snapshot, so it sees every counter that was written by
whoever held the locks before us. In the same statement as LOCK it could read counters from before the wait.
"""

GROUP_IDS: Final = Statement(
    b"group_ids",
    """
SELECT g.conversation_id, g.generation, g.group_id
FROM unnest($1, $2) AS i(conversation, generation)
JOIN messaging_group g ON g.conversation_id = i.conversation AND g.generation = i.generation
""",
    (UUIDS, INTS),
)
"""Only for generations that the process has not met: a group id never changes."""

EARLIER: Final = Statement(
    b"earlier",
    """
SELECT e.conversation_id, e.device_id, e.counter, e.seq, e.time_ms, e.body_hash
FROM unnest($1, $2, $3) AS i(conversation, device, counter)
JOIN messaging_envelope e
  ON e.conversation_id = i.conversation AND e.device_id = i.device AND e.counter = i.counter AND e.kind = 1
""",
    (UUIDS, UUIDS, INTS),
)
"""What earlier attempts of retried submissions have stored."""

WRITE: Final = Statement(
    b"write",
    """
WITH added AS (
    INSERT INTO messaging_envelope (conversation_id, seq, generation, epoch, kind, device_id, counter,
                                    time_ms, body, body_hash, hash)
    SELECT conversation, seq, generation, epoch, 1, device, counter, time_ms, body, body_hash, hash
    FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
      AS i(conversation, seq, generation, epoch, device, counter, time_ms, body, body_hash, hash)
), ended AS (
    UPDATE messaging_conversation c SET last_seq = i.seq
    FROM unnest($11, $12) AS i(conversation, seq)
    WHERE c.id = i.conversation
), counted AS (
    UPDATE messaging_sender s SET last_counter = i.counter
    FROM unnest($13, $14, $15) AS i(conversation, device, counter)
    WHERE s.conversation_id = i.conversation AND s.device_id = i.device
)
INSERT INTO audit_intake (at, kind, body) VALUES ($16, $17, $18)
""",
    (
        *(UUIDS, INTS, INTS, INTS, UUIDS, INTS, INTS, BYTEAS, BYTEAS, BYTEAS),
        *(UUIDS, INTS),
        *(UUIDS, UUIDS, INTS),
        *(INT8, TEXT, BYTEA),
    ),
)
"""The whole batch: envelopes, logs' ends, senders' counters and the audit's one row."""

ALL: Final = (BEGIN, GATE, LOCK, SENDERS, GROUP_IDS, EARLIER, WRITE, COMMIT, ROLLBACK)
