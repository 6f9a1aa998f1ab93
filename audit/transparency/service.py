"""The process that keeps the key log: an epoch a second where there is one to make, and its cosignatures.

Before the first signature after a start it asks the witnesses what they have seen: a restored backup must not
begin a second history under the same key. When one of them knows another, nothing is signed any more.
"""

from collections.abc import Sequence
from threading import Event
from typing import Final

import structlog
from django.db import DatabaseError, connections, transaction

from audit.merkle import EMPTY_ROOT
from audit.note import Checkpoint, NoteError, Signer, sign_note, split_note
from audit.policy import Policy
from audit.transparency import gauges, storage
from audit.transparency.gauges import progress
from audit.transparency.publisher import ALIAS, LOCK, Publisher
from audit.witnessing import ForkError, SilentError, Witnesses
from beep import clock

log = structlog.get_logger(__name__)

INTERVAL: Final = 1.0
"""Seconds from one step to the next."""
PATIENCE: Final = 5.0
"""Seconds until the database or witnesses that were away are asked again."""


class KeyLog:
    """Publisher and witnesses of one log; runs in one thread."""

    def __init__(self, *, signer: Signer, policy: Policy) -> None:
        """Raises PolicyError when the policy does not know the log; ValueError when it has another key."""
        if policy.log(signer.verifier.name).verifier != signer.verifier:
            raise ValueError(f"the policy's key of {signer.verifier.name} is not BEEP_KEYS_LOG_KEY's")
        self._signer: Final = signer
        self._policy: Final = policy
        self._publisher: Final = Publisher(signer)
        self._witnesses: Final = Witnesses(policy, signer.verifier.name, _prove)
        self._cosigned = 0
        """Size of the last checkpoint that the quorum has cosigned."""

    def check(self) -> None:
        """Ask the witnesses whether the stored log continues what they know.

        Raises ForkError, SilentError; DatabaseError.
        """
        with connections[ALIAS].cursor() as cursor:
            head = storage.head(cursor)
            newest = storage.epoch(cursor, head.epoch)
            last = storage.cosigned(cursor)
        # From its start on this process shows how old the log is that it found.
        progress.published(size=head.size, at=head.time)
        if last:
            progress.cosigned(size=last[0], at=last[2])
        self._witnesses.check_before_signing(newest.note if newest else self._nothing())

    def round(self) -> int:
        """One step and, when the newest epoch is not cosigned yet, one asking of the witnesses.

        The size that is cosigned now. Raises ForkError, DatabaseError.
        """
        self._publisher.step()
        gauges.refused_gauge.set(self._publisher.refused)
        with connections[ALIAS].cursor() as cursor:
            head = storage.head(cursor)
            progress.published(size=head.size, at=head.time)
            newest = storage.epoch(cursor, head.epoch)
            if newest is None or newest.epoch + 1 <= self._cosigned:
                progress.level()
                return self._cosigned
            progress.behind()
            try:
                note = self._witnesses.cosign(newest.note)
            except ForkError as error:
                if error.longer and storage.head(cursor).size >= error.size:
                    return self._cosigned  # Another publisher was quicker to ask.
                raise
            try:
                size = self._policy.witnessed(note, origin=self._publisher.origin).checkpoint.size
            except NoteError as error:
                # Clients go on with the checkpoint before, and complain when it is too old.
                log.warning("key_checkpoint_without_quorum", size=newest.epoch + 1, reason=str(error))
                progress.failed()
                return self._cosigned
            self._keep(size, note)
        self._cosigned = size
        progress.level()
        return size

    def _keep(self, size: int, note: bytes) -> None:
        """Store a cosigned checkpoint, unless another publisher has stored a larger one meanwhile: what is
        stored last is shown, and who is shown less than before takes it for a lie.
        """
        with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            last = storage.cosigned(cursor)
            own = last and Checkpoint.parse(split_note(last[1])[0]).origin == self._publisher.origin
            now = clock.now_ms()
            progress.cosigned(size=max(size, last[0]) if last and own else size, at=now)
            if last and own and last[0] > size:
                return
            storage.add_cosigned(cursor, size=size, note=note, at=now)

    def run(self, stop: Event) -> None:
        """Until `stop` is set. After a ForkError nothing is signed; it is complained of every minute."""
        while not self._may_begin(stop):
            stop.wait(PATIENCE)
        while not stop.wait(INTERVAL):
            try:
                self.round()
            except ForkError as error:
                self._halt(stop, error)
            except DatabaseError as error:
                log.error("key_log_database", error=type(error).__name__)
                progress.failed()
                connections[ALIAS].close()
                stop.wait(PATIENCE)

    def _may_begin(self, stop: Event) -> bool:
        try:
            self.check()
        except ForkError as error:
            self._halt(stop, error)
        except SilentError as error:
            log.warning("key_log_waits_for_witnesses", reason=str(error))
            progress.failed()
            return stop.is_set()
        except DatabaseError as error:
            log.error("key_log_database", error=type(error).__name__)
            progress.failed()
            connections[ALIAS].close()
            return stop.is_set()
        return True

    def _halt(self, stop: Event, error: ForkError) -> None:
        gauges.forked_gauge.set(1)
        progress.failed()
        while not stop.is_set():
            log.critical("key_log_forked", reason=str(error), known=error.size)
            stop.wait(60)

    def _nothing(self) -> bytes:
        """A signed checkpoint of no entries."""
        return sign_note(Checkpoint(self._publisher.origin, 0, EMPTY_ROOT).format(), [self._signer])


def _prove(first: int, second: int) -> Sequence[bytes]:
    with connections[ALIAS].cursor() as cursor:
        return storage.consistency(cursor, size1=first, size2=second)
