"""Group commit: whatever was submitted while the last batch was on its way to disk is the next batch.

The slower the disk, the larger the batches; nothing waits on a timer. One batch is in flight, on a connection
of the writer's own. A batch is one transaction in two round trips:

1. BEGIN, GATE, LOCK, SENDERS (see `statements`): from here on this transaction alone decides about these
   logs.
2. WRITE, COMMIT, after `batch.decide` has given out seqs and hashes.

Guarantees and races:

* The row lock is held from before a seq is chosen until COMMIT, so the order of seq is the order of commits,
  no seq is skipped, and nobody sees seq n + 1 without n. Two processes that write to one log take turns.
* A submission is acknowledged after COMMIT has returned, never before.
* When the connection breaks, nobody knows whether COMMIT happened. The batch is simply done again: what was
  stored is recognised by its counter and answered with its first seq.
* A unique violation cannot come from a race, because counters and seqs are read under the lock. It means that
  rows contradict each other (a restored backup, a hand-made row). The transaction is rolled back and every
  conversation tried alone, so that one broken log stops nobody else; what still fails is `internal`.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Final

import psycopg
import structlog

from beep import clock, metrics
from beep.errors import BeepError
from messaging import read_only
from messaging.engine import arrays, audit_row, limits, statements, tasks
from messaging.engine.batch import Accepted, ConversationRow, Decision, Earlier, SenderRow, decide, retries
from messaging.engine.database import AWAY
from messaging.engine.flight import Line, Step
from messaging.engine.submission import Outcome, Submission

log = structlog.get_logger(__name__)

OnStored = Callable[[dict[bytes, Accepted]], None]

GROUP_ID_CACHE: Final = 100_000
"""(conversation, generation) pairs whose group id is kept; some 20 MB when full."""
RECONNECT: Final = (0.05, 0.2, 1.0, 2.0)
"""Seconds between attempts to do a batch whose connection broke; then its submissions are refused."""


class Writer:
    """The queue and the task that empties it. `on_stored` is called after COMMIT and the outcomes."""

    def __init__(self, on_stored: OnStored) -> None:
        self._on_stored: Final = on_stored
        self._lanes: Final[OrderedDict[bytes, deque[Submission]]] = OrderedDict()
        """What waits, by device; the first is the next one's turn."""
        self._count = self._bytes = 0
        """Submissions in the lanes, and the bytes of their bodies."""
        self._wake: Final = asyncio.Event()
        self._idle: Final = asyncio.Event()
        self._idle.set()
        self._group_ids: dict[tuple[bytes, int], bytes] = {}
        self._line: Line | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to empty the queue."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="beep-writer")

    def submit(self, submission: Submission) -> None:
        """Queue it; `submission.resolve` hears the outcome. Raises BeepError `busy` when there is no room."""
        size = len(submission.body)
        if self._count >= limits.QUEUE or self._bytes + size > limits.QUEUE_BYTES:
            raise BeepError("busy", retry_after=limits.BUSY_RETRY)
        self._count += 1
        self._bytes += size
        lane = self._lanes.get(submission.device)
        if lane is None:
            self._lanes[submission.device] = deque((submission,))
        else:
            lane.append(submission)
        self._idle.clear()
        self._wake.set()

    def __len__(self) -> int:
        """Submissions that wait for the next batch."""
        return self._count

    async def drain(self) -> None:
        """Wait until everything submitted so far has its outcome."""
        await self._idle.wait()

    async def stop(self) -> None:
        """End the task and the connection. What is still queued gets no answer, as after a kill."""
        await tasks.cancel(self._task)
        await self._disconnect()

    async def _run(self) -> None:
        while True:
            if not self._count:
                self._idle.set()
                self._wake.clear()
                await self._wake.wait()
            batch = self._take()
            await self._do(batch)

    def _take(self) -> list[Submission]:
        """The next batch: one of each device in turn, until it is full.

        A device that has taken its share of the bytes lets the others go first and waits for the next batch.
        """
        batch: list[Submission] = []
        size, lanes = 0, self._lanes
        alone = len(lanes) == 1
        spent: dict[bytes, int] = {}
        aside: list[tuple[bytes, deque[Submission]]] = []
        while lanes and len(batch) < limits.BATCH and size < limits.BATCH_BYTES:
            device, lane = lanes.popitem(last=False)
            submission = lane.popleft()
            batch.append(submission)
            taken = len(submission.body)
            size += taken
            if lane:
                spent[device] = taken = spent.get(device, 0) + taken
                if alone or taken < limits.BATCH_SHARE:
                    lanes[device] = lane
                else:
                    aside.append((device, lane))
        self._count -= len(batch)
        self._bytes -= size
        for device, lane in aside:
            lanes[device] = lane
            lanes.move_to_end(device, last=False)
        return batch

    async def _do(self, batch: list[Submission]) -> None:
        """Bring a batch to its outcomes, whatever happens on the way."""
        try:
            decision = await self._commit_patiently(batch)
        except psycopg.IntegrityError as error:
            log.error("batch_contradicts_the_log", constraint=error.diag.constraint_name, size=len(batch))
            await self._one_by_one(batch)
        except AWAY as error:
            # Nobody knows whether it is stored; whoever sends it again hears what came of it.
            log.warning("database_away", error=type(error).__name__, size=len(batch))
            _resolve(batch, [BeepError("busy", retry_after=limits.AWAY_RETRY)] * len(batch))
        except Exception as error:
            # The loop must live: it is the only way to disk. Nothing of the batch is acknowledged.
            log.exception("batch_failed", error=type(error).__name__, size=len(batch))
            await self._disconnect()
            _resolve(batch, [BeepError("internal")] * len(batch))
        else:
            self._announce(batch, decision)

    async def _one_by_one(self, batch: Sequence[Submission]) -> None:
        logs: dict[bytes, list[Submission]] = {}
        for submission in batch:
            logs.setdefault(submission.conversation, []).append(submission)
        for conversation, submissions in logs.items():
            try:
                decision = await self._commit_patiently(submissions)
            except Exception as error:
                log.error(
                    "log_contradicts_itself", conversation=conversation.hex(), error=type(error).__name__
                )
                await self._disconnect()
                _resolve(submissions, [BeepError("internal")] * len(submissions))
            else:
                self._announce(submissions, decision)

    def _announce(self, batch: Sequence[Submission], decision: Decision) -> None:
        _resolve(batch, decision.outcomes)
        if decision.accepted:
            try:
                self._on_stored(decision.accepted)
            except Exception as error:
                # It is on disk and acknowledged: the rooms find it there.
                log.exception("stored_not_announced", error=type(error).__name__)

    async def _commit_patiently(self, batch: Sequence[Submission]) -> Decision:
        """`_commit`, again after a broken connection, a deadlock or a failed-over server.

        Raises psycopg.Error when it keeps failing, at once for anything that another try cannot mend.
        """
        for pause in (*RECONNECT, None):
            try:
                return await self._commit(batch)
            except AWAY as error:
                log.warning("batch_repeated", error=type(error).__name__, size=len(batch))
                await self._disconnect()
                if pause is None:
                    raise
            except psycopg.Error:
                await self._rollback()
                raise
            await asyncio.sleep(pause)
        raise AssertionError("the last round returns or raises")

    async def _commit(self, batch: Sequence[Submission]) -> Decision:
        line = self._line
        if line is None or line.closed:
            await self._disconnect()
            line = self._line = await Line.open(statements.ALL)
        began = time.perf_counter()
        conversations, senders = await self._lock(line, batch)
        earlier = await self._earlier(line, retries(batch, senders))
        await self._learn_group_ids(line, conversations)
        now_ms = clock.now_ms()
        decision = decide(
            list(batch),
            conversations=conversations,
            senders=senders,
            group_ids=self._group_ids,
            earlier=earlier,
            now_ms=now_ms,
        )
        # In one flight with WRITE: when that fails, the server skips COMMIT and the transaction is void.
        write = [_write(decision, now_ms)] if decision.accepted else []
        await line.fly(*write, (statements.COMMIT, ()))
        metrics.batch_size.observe(len(batch))
        metrics.commit_seconds.observe(time.perf_counter() - began)
        metrics.total.accepted += sum(len(added.envelopes) for added in decision.accepted.values())
        return decision

    async def _lock(
        self, line: Line, batch: Sequence[Submission]
    ) -> tuple[dict[bytes, ConversationRow], dict[tuple[bytes, bytes], SenderRow]]:
        # A device may have two sessions in one batch: the last messages of one, the first of the next.
        keys = list({(s.conversation, s.device, s.person, s.session) for s in batch})
        ids = sorted({s.conversation for s in batch})
        columns = tuple(arrays.uuids(column) for column in zip(*keys, strict=True))
        _, _, locked, found = await line.fly(
            (statements.BEGIN, ()),
            (statements.GATE, _GATE),
            (statements.LOCK, (arrays.uuids(ids),)),
            (statements.SENDERS, columns),
        )
        conversations = {row[0]: ConversationRow(*row[1:]) for row in locked}
        senders: dict[tuple[bytes, bytes], SenderRow] = {}
        for conversation, device, counter, generation, session, may in found:
            row = senders.setdefault((conversation, device), SenderRow(counter or 0, generation or 0))
            if may:
                row.sessions.add(session)
        return conversations, senders

    async def _earlier(
        self, line: Line, repeated: Sequence[Submission]
    ) -> dict[tuple[bytes, bytes, int], Earlier]:
        if not repeated:
            return {}
        columns = (
            arrays.uuids([s.conversation for s in repeated]),
            arrays.uuids([s.device for s in repeated]),
            arrays.ints([s.counter for s in repeated]),
        )
        (rows,) = await line.fly((statements.EARLIER, columns))
        return {row[:3]: Earlier(*row[3:]) for row in rows}

    async def _learn_group_ids(self, line: Line, conversations: dict[bytes, ConversationRow]) -> None:
        wanted = [
            (conversation, row.generation)
            for conversation, row in conversations.items()
            if row.generation and (conversation, row.generation) not in self._group_ids
        ]
        if not wanted:
            return
        if len(self._group_ids) + len(wanted) > GROUP_ID_CACHE:
            # Refilled by use within seconds; an order of use would cost every batch a little.
            self._group_ids.clear()
            wanted = [(conversation, row.generation) for conversation, row in conversations.items()]
        columns = (arrays.uuids([c for c, _ in wanted]), arrays.ints([g for _, g in wanted]))
        (rows,) = await line.fly((statements.GROUP_IDS, columns))
        for conversation, generation, group_id in rows:
            self._group_ids[conversation, generation] = group_id

    async def _rollback(self) -> None:
        if self._line is not None:
            try:
                await self._line.fly((statements.ROLLBACK, ()))
            except psycopg.Error:
                await self._disconnect()

    async def _disconnect(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.close()


_GATE: Final = (arrays.int8(read_only.GATE),)


def _write(decision: Decision, now_ms: int) -> Step:
    logs = sorted(decision.accepted.items())
    envelopes = [envelope for _, accepted in logs for envelope in accepted.envelopes]
    hashes = [value for _, accepted in logs for value in accepted.hashes]
    counters = decision.counters
    at, kind, body = audit_row.of_batch(hashes=hashes, at=now_ms)
    return statements.WRITE, (
        arrays.uuids([c for c, accepted in logs for _ in accepted.envelopes]),
        arrays.ints([e.seq for e in envelopes]),
        arrays.ints([e.generation for e in envelopes]),
        arrays.ints([e.epoch for e in envelopes]),
        arrays.uuids([e.device for e in envelopes]),
        arrays.ints([e.counter for e in envelopes]),
        arrays.ints([e.time for e in envelopes]),
        arrays.byteas([e.body for e in envelopes]),
        arrays.byteas([value for _, accepted in logs for value in accepted.body_hashes]),
        arrays.byteas(hashes),
        arrays.uuids([c for c, _ in logs]),
        arrays.ints([accepted.envelopes[-1].seq for _, accepted in logs]),
        arrays.uuids([c for c, _ in counters]),
        arrays.uuids([d for _, d in counters]),
        arrays.ints(list(counters.values())),
        arrays.int8(at),
        kind.encode(),
        body,
    )


def _resolve(batch: Sequence[Submission], outcomes: Sequence[Outcome]) -> None:
    """Tell each submission its outcome; one that cannot hear it keeps nobody else from hearing theirs."""
    for submission, outcome in zip(batch, outcomes, strict=True):
        try:
            submission.resolve(outcome)
        except Exception as error:
            log.exception("outcome_not_heard", error=type(error).__name__)
