"""How much of everything one process holds. What a client must know stands in `messaging.protocol`."""

from typing import Final

BATCH: Final = 512
"""Submissions in one commit."""
BATCH_BYTES: Final = 1 << 20
"""Bytes of bodies in one commit; a batch ends with the submission that passes it. A quarter of `BUFFER`,
because all of it may go to one socket at once, and a reader that reads must not be taken for a slow one."""
QUEUE: Final = 4_096
"""Submissions that wait for the next commit; past it senders get `busy`. Some 200 ms of work."""
BUSY_RETRY: Final = 0.5
"""Seconds that a sender is told to wait when the queue is full."""

BUFFER: Final = 4 << 20
"""Bytes that wait for one socket's reader; past it the socket is closed with 4408."""
BUFFER_LOW: Final = 512 << 10
"""An answer with a page waits until less than this waits for the reader."""
PAGE_PATIENCE: Final = 30.0
"""Seconds that a page waits for a reader that does not read, before 4408."""
PAGE_BYTES: Final = (1 << 20) // 2
"""A page ends before it would pass this: half of `protocol.MAX_FRAME`."""
ENVELOPE_BYTES: Final = 128
"""What an envelope takes at most beside its body."""
HASHES: Final = 10_000
"""Envelope hashes in one answer."""

READ_AHEAD: Final = 8
"""Messages of one socket that wait for its loop before its reading is paused."""

HELLO_PATIENCE: Final = 10.0
"""Seconds that a new socket may take to say hello."""

BEAT: Final = 1.0
"""Seconds between two looks at how late the event loop comes round."""

DRAIN_PATIENCE: Final = 5.0
"""Seconds that a draining process waits for its last batch."""

RELAY_BYTES: Final = 8 << 20
"""Bytes that wait for a slow Valkey; past it they are dropped, and the others repair from the database."""
PARCEL_BYTES: Final = 1 << 20
"""A parcel between processes ends before it would pass this; `BATCH_BYTES` says why."""
HOLD: Final = 64
"""Frames that a conversation holds back behind a gap in seq before it stops waiting for the hint."""
HOLD_SECONDS: Final = 0.03
"""How long a gap may be a hint that is late, before it is read from the database."""
POLL: Final = 1.0
"""Seconds between two looks at the database while Valkey is away, and between two looks at the sessions."""
SWEEP: Final = 30.0
"""Seconds between two looks at every local conversation's end while Valkey is well."""
FAILED_POLLS: Final = 3
"""Polls in a row that may fail before every socket is closed: who is revoked can no longer be known."""

ACK_SECONDS: Final = 2.0
"""Seconds between two writes of delivered marks; as many may be lost with the process."""

WORKERS: Final = 4
"""Threads of the slow path (commits, mailbox, slots), each with a database connection of Django's pool."""
READERS: Final = 6
"""Connections of the asynchronous pool."""

LIVE_MEMBERS: Final = 50
"""Persons in a conversation up to which read positions, delivered marks and typing are passed on live. Each
of a thousand devices would otherwise hear of each message of all the others' acknowledgements."""

TYPING_PER_SECOND: Final = 4.0
"""Typing frames of one socket; more are dropped without a word."""
