"""The integrator as a process: steps every 250 ms, witnesses asked after COMMIT, alarms when it falls behind.

Two threads. One makes the steps; the other, with a connection of its own, has the newest committed checkpoint
cosigned and stores the cosignatures. Both end when a witness knows another history: then nothing is signed
until a person has looked (docs/operations.md, "The log has forked").
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, LiteralString

import psycopg
import structlog
from prometheus_client import Counter, Gauge

from audit import log
from audit.integrator import Connection, Integrator, Project, Step
from audit.merkle import EMPTY_ROOT
from audit.note import Checkpoint, Signer, sign_note, split_note
from audit.pauses import Pauses
from audit.policy import Policy
from audit.witnessing import Cosigned, ForkError, SilentError, Witnesses
from beep import clock, metrics

logger = structlog.get_logger(__name__)

EVERY: Final = 0.25
"""Seconds between steps."""
PUBLISH_EVERY: Final = 2.0
"""Seconds between rounds to the witnesses, at least."""
RENEW_EVERY: Final = 300.0
"""Seconds after which an unchanged checkpoint is cosigned again, so that its age shows that all is well."""
PATIENCE: Final = 10.0
"""Seconds of lag, or of one transaction holding the horizon, before somebody is told."""
PAUSES: Final = (0.25, 1.0, 5.0)
"""Seconds before the next attempt while the database or the witnesses are away."""

HOLDER: Final[LiteralString] = """
SELECT pid FROM pg_locks WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted
AND transactionid::text::bigint = %s::bigint %% 4294967296
"""
INSERT_COSIGNATURE: Final[LiteralString] = """
INSERT INTO audit_cosignature (size, witness, time, line) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""

size_gauge: Final = Gauge("beep_audit_size", "Entries in the audit log", registry=metrics.REGISTRY)
lag_gauge: Final = Gauge(
    "beep_audit_lag_seconds", "Age of the oldest event in the last step", registry=metrics.REGISTRY
)
held_gauge: Final = Gauge(
    "beep_audit_horizon_held_seconds",
    "How long one open transaction has kept later events out of the log",
    registry=metrics.REGISTRY,
)
witnessed_gauge: Final = Gauge(
    "beep_audit_witnesses", "Witnesses that cosigned in the last round", registry=metrics.REGISTRY
)
cosigned_gauge: Final = Gauge(
    "beep_audit_witness_cosigned_timestamp_seconds",
    "When a witness has last cosigned, seconds UTC; 0 when it never has",
    ["witness"],
    registry=metrics.REGISTRY,
)
contradicts_gauge: Final = Gauge(
    "beep_audit_witness_contradicts",
    "1 while a witness claims another history of the log and cannot show it",
    ["witness"],
    registry=metrics.REGISTRY,
)
forked_gauge: Final = Gauge(
    "beep_audit_forked", "1 when a witness knows another history of the log", registry=metrics.REGISTRY
)
failures: Final = Counter(
    "beep_audit_steps_failed", "Steps of the integrator that failed", registry=metrics.REGISTRY
)


class Service:
    """Integrator and publisher of one log. `policy` None: no witness is asked, as in a test."""

    def __init__(
        self,
        *,
        connect: Callable[[], Connection],
        signer: Signer,
        policy: Policy | None,
        project: Project | None = None,
    ) -> None:
        self._connect: Final = connect
        self._signer: Final = signer
        self._policy: Final = policy
        self._integrator: Final = Integrator(
            connect=connect, signer=signer, check=self._check if policy else None, project=project
        )
        self._stop: Final = threading.Event()
        self._ended: Final = threading.Event()
        self._news: Final = threading.Event()
        self._fork: ForkError | None = None
        self._horizon = 0
        self._moved = time.monotonic()
        self._told = 0.0

    def stop(self) -> None:
        """End `run` and `linger`; from any thread or a signal's handler."""
        self._ended.set()
        self._end()

    def _end(self) -> None:
        self._stop.set()
        self._news.set()

    def linger(self) -> None:
        """After a ForkError: sign nothing, say so every minute, and wait for `stop`."""
        forked_gauge.set(1)
        while not self._ended.wait(60.0):
            logger.critical("audit_log_forked", reason="nothing is signed until a person has looked")

    def run(self) -> None:
        """Integrate until `stop`. Raises ForkError when a witness knows another history."""
        publisher = threading.Thread(target=self._publish, name="publisher", daemon=True)
        if self._policy is not None:
            publisher.start()
        pauses = Pauses(*PAUSES)
        try:
            while not self._stop.is_set():
                try:
                    step = self._integrator.step()
                except (psycopg.Error, SilentError, log.LogError) as error:
                    failures.inc()
                    logger.error("audit_step_failed", error=type(error).__name__, reason=str(error))
                    self._stop.wait(pauses.failed())
                    continue
                pauses.worked()
                self._observe(step)
                if not step.more:
                    self._stop.wait(EVERY)
            if self._fork is not None:
                raise self._fork
        finally:
            self._end()
            self._integrator.close()
            if publisher.is_alive():
                publisher.join()

    def _check(self, connection: Connection) -> None:
        """Ask the witnesses before the first signature on a connection: the database may be an old backup."""
        policy = self._policy
        if policy is None:
            return
        with connection.cursor() as cursor:
            last = log.latest_note(cursor)
            # A log that was begun anew under another name after a restore has signed nothing yet.
            if last is None or Checkpoint.parse(split_note(last)[0]).origin != self._integrator.origin:
                empty = Checkpoint(self._integrator.origin, 0, EMPTY_ROOT)
                last = sign_note(empty.format(), [self._signer])
            Witnesses(policy, self._integrator.origin, _prover(cursor)).check_before_signing(last)

    def _observe(self, step: Step) -> None:
        """Numbers for the operations port, and a word when the log falls behind."""
        integrator, now = self._integrator, time.monotonic()
        if integrator.horizon != self._horizon or integrator.horizon >= integrator.newest:
            self._horizon, self._moved = integrator.horizon, now
        held = now - self._moved
        lag = max(0.0, (clock.now_ms() - integrator.oldest) / 1000)
        size_gauge.set(step.size)
        lag_gauge.set(max(lag, held if held > PATIENCE else 0.0))
        held_gauge.set(held)
        if step.added:
            self._news.set()
        if max(lag, held) > PATIENCE and now - self._told > PATIENCE:
            self._told = now
            if held > PATIENCE:
                logger.error("audit_horizon_held", seconds=round(held), process=self._holder())
            else:
                logger.warning("audit_lag", seconds=round(lag))

    def _holder(self) -> int | None:
        """The PostgreSQL process whose transaction holds the horizon."""
        try:
            with self._connect() as connection:
                row = connection.execute(HOLDER, (self._horizon,)).fetchone()
        except psycopg.Error:
            return None
        return row[0] if row else None

    # --- The witnesses
    # ------------------------------------------------------------------------------------------------

    def _publish(self) -> None:
        connection: Connection | None = None
        witnesses: Witnesses | None = None
        done, at = 0, 0.0
        while not self._stop.is_set():
            self._news.wait(min(RENEW_EVERY, 5.0))
            self._news.clear()
            if self._stop.is_set():
                break
            try:
                if connection is None or connection.closed or witnesses is None:
                    connection = self._connect()
                    connection.autocommit = True
                    assert self._policy is not None
                    witnesses = Witnesses(self._policy, self._integrator.origin, _prover(connection.cursor()))
                    names = self._policy.asked
                    for name in names:
                        cosigned_gauge.labels(name).set(0)
                    for name, last in log.cosignature_times(connection.cursor(), names).items():
                        cosigned_gauge.labels(name).set(last)
                with connection.cursor() as cursor:
                    note = log.latest_note(cursor)
                    size = 0 if note is None else Checkpoint.parse(split_note(note)[0]).size
                    if note is None or (size == done and time.monotonic() - at < RENEW_EVERY):
                        continue
                    given = witnesses.collect(note)
                    for each in given:
                        cursor.execute(INSERT_COSIGNATURE, (size, each.witness, each.time, each.line))
                self._tell(given, witnesses.contradicting)
                if self._policy is not None and self._policy.satisfied(each.witness for each in given):
                    done, at = size, time.monotonic()
                else:
                    logger.error("audit_quorum_missing", size=size, witnesses=len(given))
            except ForkError as error:
                if not (error.longer and self._is_ahead(connection, error.size)):
                    logger.critical("audit_log_forked", reason=str(error))
                    self._fork = error
                    self._end()
            except (psycopg.Error, log.LogError, OSError, ValueError) as error:
                logger.error("audit_publish_failed", error=type(error).__name__, reason=str(error))
                if connection is not None:
                    connection.close()
            self._stop.wait(PUBLISH_EVERY)
        if connection is not None:
            connection.close()

    def _tell(self, given: Sequence[Cosigned], contradicting: frozenset[str]) -> None:
        witnessed_gauge.set(len(given))
        for each in given:
            cosigned_gauge.labels(each.witness).set(each.time)
        for name in self._policy.asked if self._policy else ():
            contradicts_gauge.labels(name).set(name in contradicting)

    def _is_ahead(self, connection: Connection | None, size: int) -> bool:
        """Whether the log has grown to what the witness has seen: another integrator was quicker to ask."""
        if connection is None or connection.closed:
            return False
        try:
            with connection.cursor() as cursor:
                return log.head(cursor)[0] >= size
        except psycopg.Error:
            connection.close()
            return True  # Nobody knows yet; the witness is asked again.


def _prover(cursor: "psycopg.Cursor[Any]") -> Callable[[int, int], list[bytes]]:
    return lambda old, new: log.tree(cursor, new).consistency(old)
