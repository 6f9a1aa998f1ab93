"""The log's side of C2SP tlog-witness: asking witnesses to cosign, and asking them before signing. No Django.

A witness that knows a larger tree than the log has, or one that does not continue into it, has found out that
the log was forked: an old backup was restored, or somebody else signs with its key. Then nothing may be
signed any more, and `ForkError` says so.

But what a witness answers (a bare size, or that a proof fails) is a claim that nobody has signed, and one
that lies or is broken must not be able to stop the log. It is believed with a checkpoint that **the log's own
key** has signed and that contradicts the log at hand, which our witnesses give out (`/seen/…`); or when so
many claim it that they fill the quorum. Otherwise that witness counts as failing (`contradicting`), and the
others go on.
"""

import http.client
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal
from urllib.parse import urlsplit

import structlog

from audit.merkle import ProofError, verify_consistency
from audit.note import Checkpoint, NoteError, encode_base64, open_note, parse_number, split_note
from audit.policy import Policy, Witness

log = structlog.get_logger(__name__)

TIMEOUT: Final = 5.0
"""Seconds for one request to a witness."""
MAX_ANSWER_BYTES: Final = 64 * 1024
ATTEMPTS: Final = 3
"""A witness that remembers another size than we do says so, and is asked again from there."""

Prove = Callable[[int, int], Sequence[bytes]]
"""The consistency proof (RFC 6962 §2.1.2) between two sizes of the log."""


class ForkError(Exception):
    """A witness has cosigned another history of this log than the one at hand; `size` is how long it is.

    `longer` when all that is known is that it has more entries.
    """

    def __init__(self, message: str, size: int, *, longer: bool = False) -> None:
        super().__init__(message)
        self.size: Final = size
        self.longer: Final = longer


class SilentError(Exception):
    """So few witnesses answer that those who do not could have cosigned a longer history."""


class UnreachableError(Exception):
    """One witness does not answer, or with nonsense."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What a witness has given: by the policy's name, when (seconds UTC), and the line for the note."""

    witness: str
    time: int
    line: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body."""

    status: int
    body: bytes


class Witnesses:
    """The witnesses of a policy for one log. Calls may come from one thread at a time."""

    def __init__(self, policy: Policy, origin: str, prove: Prove) -> None:
        self._policy: Final = policy
        self._origin: Final = origin
        self._prove: Final = prove
        self._sizes: Final[dict[str, int]] = {}
        """What each witness has last cosigned."""
        self._claims: Final[dict[str, ForkError]] = {}

    @property
    def contradicting(self) -> frozenset[str]:
        """Witnesses that claimed another history when they were asked last, and could not show it."""
        return frozenset(self._claims)

    def collect(self, note: bytes) -> "list[Cosigned]":
        """The cosignatures of all who gave one to `note`, which the log has signed. Raises ForkError."""
        return self._ask_all(note)[0]

    def cosign(self, note: bytes) -> bytes:
        """`note` with the lines of `collect` added. Raises ForkError."""
        return note + "".join(each.line for each in self.collect(note)).encode()

    def check_before_signing(self, last: bytes) -> None:
        """Find out whether the log's last signed checkpoint continues what the witnesses have seen.

        `last` is that checkpoint as a note, or for a log without entries a signed one of size 0. Raises
        ForkError when a witness knows more or something else, SilentError while the witnesses that do not
        answer could fill a quorum among themselves.
        """
        _, silent = self._ask_all(last)
        if silent and self._policy.satisfied(silent):
            raise SilentError(f"no answer from {', '.join(sorted(silent))}")

    def _ask_all(self, note: bytes) -> tuple[list[Cosigned], list[str]]:
        checkpoint = Checkpoint.parse(split_note(note)[0])
        self._claims.clear()
        asked = [each for each in self._policy.witnesses if each.url]
        silent = [each.name for each in self._policy.witnesses if not each.url]
        signed: list[Cosigned] = []
        # Proofs are made here, in the caller's thread: its database connection is no other's.
        proofs: dict[int, Sequence[bytes]] = {}
        waiting: Iterable[Witness] = asked
        for _ in range(ATTEMPTS):
            requests = [
                (each, self._request(note, checkpoint, self._sizes.get(each.name, 0), proofs))
                for each in waiting
            ]
            if not requests:
                break
            again: list[Witness] = []
            with ThreadPoolExecutor(len(requests), "witness") as pool:
                for witness, answer in zip(
                    [each for each, _ in requests], pool.map(lambda pair: _post(*pair), requests), strict=True
                ):
                    heard = self._hear(witness, checkpoint, note, answer)
                    if isinstance(heard, Cosigned):
                        signed.append(heard)
                    elif heard is None:
                        silent.append(witness.name)
                    else:
                        again.append(witness)
            waiting = again
        silent += [each.name for each in waiting]
        if self._claims and self._policy.satisfied(self._claims):
            raise max(self._claims.values(), key=lambda claim: claim.size)
        return signed, silent

    def _request(
        self, note: bytes, checkpoint: Checkpoint, old: int, proofs: dict[int, Sequence[bytes]]
    ) -> bytes:
        if old not in proofs:
            needs_proof = 0 < old < checkpoint.size
            proofs[old] = self._prove(old, checkpoint.size) if needs_proof else ()
        return b"".join(
            [
                b"old %d\n" % old,
                *(f"{encode_base64(value)}\n".encode() for value in proofs[old]),
                b"\n",
                note,
            ]
        )

    def _hear(
        self, witness: Witness, checkpoint: Checkpoint, note: bytes, answer: Answer | UnreachableError
    ) -> "Cosigned | Literal[True] | None":
        """The cosignature; True when the witness must be asked again, None when it has not answered."""
        if isinstance(answer, UnreachableError):
            log.warning("witness_silent", witness=witness.name, reason=str(answer))
            return None
        if answer.status == 200:
            try:
                cosigned = _cosignature(witness, note, answer.body)
            except (NoteError, UnicodeDecodeError):
                log.error("witness_answers_nonsense", witness=witness.name)
                return None
            self._sizes[witness.name] = checkpoint.size
            return cosigned
        if answer.status == 409:
            return self._hear_conflict(witness, checkpoint, answer.body)
        if answer.status == 422:
            # Our proof begins at the size that the witness says is its own, and leads to our root.
            self._hear_claim(witness, checkpoint, self._sizes.get(witness.name, 0))
            return None
        log.error("witness_refuses", witness=witness.name, status=answer.status)
        return None

    def _hear_conflict(self, witness: Witness, checkpoint: Checkpoint, body: bytes) -> Literal[True] | None:
        try:
            size = parse_number(body.decode("ascii").removesuffix("\n"))
        except (NoteError, UnicodeDecodeError):
            log.error("witness_answers_nonsense", witness=witness.name)
            return None
        if size > checkpoint.size or size == self._sizes.get(witness.name) == checkpoint.size:
            self._hear_claim(witness, checkpoint, size)
            return None
        self._sizes[witness.name] = size
        return True

    def _hear_claim(self, witness: Witness, checkpoint: Checkpoint, size: int) -> None:
        """The witness says that it knows another history, of `size` entries. Raises ForkError if it does."""
        try:
            seen = self._policy.signed(_seen(witness, self._origin), origin=self._origin).checkpoint
        except (NoteError, UnreachableError) as error:
            log.error("witness_contradicts", witness=witness.name, size=size, unproved=str(error))
        else:
            fork = self._fork(witness, checkpoint, seen)
            if fork is not None:
                raise fork
            log.error("witness_contradicts", witness=witness.name, size=size, unproved="it shows no other")
        self._claims[witness.name] = _claim(witness, checkpoint, size)
        # Whatever it says its size is: it is asked from the beginning again, should it come to reason.
        self._sizes.pop(witness.name, None)

    def _fork(self, witness: Witness, checkpoint: Checkpoint, seen: Checkpoint) -> ForkError | None:
        """What `seen`, which the log has signed, proves against `checkpoint`."""
        if seen.size > checkpoint.size:
            return _claim(witness, checkpoint, seen.size)
        proof = self._prove(seen.size, checkpoint.size) if 0 < seen.size < checkpoint.size else ()
        try:
            if seen.size:
                verify_consistency(seen.size, checkpoint.size, seen.root, checkpoint.root, proof)
        except ProofError:
            return _claim(witness, checkpoint, seen.size)
        return None


def seen_path(origin: str) -> str:
    """Where a witness shows what it has cosigned last of the log of this origin."""
    return f"/seen/{sha256(origin.encode()).hexdigest()}"


def _claim(witness: Witness, checkpoint: Checkpoint, size: int) -> ForkError:
    if size > checkpoint.size:
        message = f"{witness.name} has cosigned {size} entries; this log has {checkpoint.size}"
        return ForkError(message, size, longer=True)
    return ForkError(f"{witness.name} has cosigned another tree of {size} entries", size)


def _cosignature(witness: Witness, note: bytes, body: bytes) -> Cosigned:
    """The witness's own cosignature out of its answer, verified. Raises NoteError or UnicodeDecodeError."""
    text, _ = split_note(note)
    opened = open_note(text + b"\n" + body, [witness.verifier])
    given = opened.signatures[0]
    return Cosigned(witness.name, given.time or 0, given.line)


def _seen(witness: Witness, origin: str) -> bytes:
    """The checkpoint that the witness shows; raises UnreachableError when it shows none."""
    answer = _request(witness, "GET", seen_path(origin), None)
    if isinstance(answer, UnreachableError):
        raise answer
    if answer.status != 200:
        raise UnreachableError(f"it answers {answer.status}")
    return answer.body


def _post(witness: Witness, body: bytes) -> Answer | UnreachableError:
    return _request(witness, "POST", "/add-checkpoint", body)


def _request(witness: Witness, method: str, path: str, body: bytes | None) -> Answer | UnreachableError:
    parts = urlsplit(witness.url or "")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        connection.request(method, f"{parts.path.rstrip('/')}{path}", body)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(MAX_ANSWER_BYTES))
    except (OSError, http.client.HTTPException) as error:
        return UnreachableError(f"{type(error).__name__}: {error}")
    finally:
        connection.close()
