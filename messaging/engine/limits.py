"""How much of everything one process holds. What a client must know stands in `messaging.protocol`."""

from typing import Final

from messaging import protocol

BATCH: Final = 512
"""Submissions in one commit."""
BATCH_BYTES: Final = 1 << 20
"""Bytes of bodies in one commit; a batch ends with the submission that passes it. A quarter of `BUFFER`,
because all of it may go to one socket at once, and a reader that reads must not be taken for a slow one."""
QUEUE: Final = 4_096
"""Submissions that wait for the next commit; past it senders get `busy`. Some 200 ms of work."""
QUEUE_BYTES: Final = 32 << 20
"""Bytes of bodies that wait for the next commits."""
BATCH_SHARE: Final = BATCH_BYTES // 4
"""Bytes of bodies of one device in a batch when others wait too: theirs need not wait for all of its own."""
BUSY_RETRY: Final = 0.5
"""Seconds that a sender is told to wait when the queue is full."""
AWAY_RETRY: Final = 1.0
"""Seconds that a sender is told to wait when the database is away."""

COMMIT_STEP: Final = 2.0
"""Seconds that one who lost an epoch waits for each of those who lost it before, where none of them comes."""
COMMIT_WAIT: Final = 20.0
"""Nobody is told to wait longer, however many are ahead."""
LINES: Final = 10_000
"""Conversations in which some who lost an epoch stand in line."""

BUFFER: Final = 4 << 20
"""Bytes that wait for one socket's reader; past it the socket is closed with 4408."""
BUFFER_LOW: Final = 512 << 10
"""An answer with a page waits until less than this waits for the reader."""
PAGE_PATIENCE: Final = 30.0
"""Seconds that a page waits for a reader that does not read, before 4408."""
PAGES: Final = 2
"""Pages that are read for one socket at once; further requests for pages wait."""
PAGE_BYTES: Final = (1 << 20) // 2
"""A page ends before it would pass this: half of `protocol.MAX_FRAME`."""
ENVELOPE_BYTES: Final = 128
"""What an envelope takes at most beside its body."""
STATE_BYTES: Final = 256
"""What a conversation's state takes at most beside the names in it."""
HASHES: Final = 10_000
"""Envelope hashes in one answer."""

READ_AHEAD: Final = 8
"""Messages of one socket that wait for its loop before its reading is paused."""

TURN: Final = 8
"""Messages of one socket that are worked through before others have their turn."""
FREE_REFUSALS: Final = 16
"""Refusals for the rate in `REFUSALS_SECONDS` that are answered at once; after each further one the socket's
reading rests for `REFUSED_REST` seconds."""
REFUSED_REST: Final = 0.01
REFUSALS_SECONDS: Final = 60.0
PAID_BYTES: Final = 1 << 16
"""Bytes of a frame or an answer that cost a token of the rate each."""
RESUME_COST: Final = 10.0
"""Tokens for a resume: it reads all conversations of the person."""
SLOW_COST: Final = 2.0
"""Tokens for what takes a thread of the slow path."""

PERSON_SHARE: Final = 2
"""How many times a device's rate and burst all devices of a person have together."""
BUCKETS: Final = 100_000
"""Buckets of one kind that are kept."""
FORGET_BEATS: Final = 30
"""Beats between two looks for buckets that may be forgotten."""
SHARE_SECONDS: Final = 0.25
"""Seconds between two exchanges of what was used with the other processes, through Valkey."""
SHARE_PROCESSES: Final = 8
"""Who uses less than this part of the rate is not told of: so many processes may each overlook that much."""
SHARE_KEYS: Final = 500
"""Buckets in one call to Valkey."""
OPENINGS_RATE: Final = 0.5
OPENINGS_BURST: Final = 30.0
"""WebSockets that one session may open a second, after a burst."""
STRANGERS_RATE: Final = 5.0
STRANGERS_BURST: Final = 50.0
"""Unknown tokens from one address a second, after a burst; past it everybody from there waits in line."""
TURNED_AWAY_REST: Final = 3.0
"""Seconds that who comes too often waits for the refusal at most."""
RESTING: Final = 256
"""Connections that wait so."""
LINE: Final = 32
"""Connections of one such address that wait for their look-up."""

HELLO_PATIENCE: Final = 10.0
"""Seconds that a new socket may take to say hello."""

BEAT: Final = 1.0
"""Seconds between two looks at how late the event loop comes round."""

DRAIN_PATIENCE: Final = 5.0
"""Seconds that a draining process waits for its last batch."""

RELAY_PATIENCE: Final = 1.0
"""Seconds that it waits for Valkey to take its last parcels: the others would find them by a look only."""

RELAY_BYTES: Final = 8 << 20
"""Bytes that wait for a slow Valkey; past it they are dropped, and the others repair from the database."""
PARCEL_BYTES: Final = 1 << 20
"""A parcel between processes ends before it would pass this; `BATCH_BYTES` says why."""
HOLD: Final = 64
"""Frames that a conversation holds back behind a gap in seq before it stops waiting for the hint."""
HOLD_BYTES: Final = 2 << 20
"""The same in bytes."""
HOLD_SECONDS: Final = 0.03
"""How long a gap may be a hint that is late, before it is read from the database."""
JOINED_SECONDS: Final = 0.1
"""How long a room that was just joined waits for others before their logs' ends are read again, in one query.
"""
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
SLOW_QUEUE: Final = 1_024
"""Calls that wait for such a thread; past it `busy`."""
READERS: Final = 6
"""Connections of the asynchronous pool."""

READERS_QUEUE: Final = 4_096
"""Reads that wait for such a connection; past it `busy`."""

LIVE_MEMBERS: Final = protocol.MAX_NAMED
"""Persons in a conversation up to which read positions, delivered marks and typing are passed on live, and a
state names everybody. Each of a thousand devices would otherwise hear of each message of all the others'
acknowledgements, and of a thousand names with each commit."""
LARGE_ACK_ROUNDS: Final = 30
"""Of the writes of delivered marks one in so many has those of larger conversations: a minute old at most."""

TYPING_PER_SECOND: Final = 4.0
"""Typing frames of one socket; more are dropped without a word."""
