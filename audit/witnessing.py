"""The log's side of C2SP tlog-witness: asking witnesses to cosign, and asking them before signing. No Django.

A witness that knows a larger tree than the log has, or one that does not continue into it, has found out that
the log was forked: an old backup was restored, or somebody else signs with its key. Then nothing may be
signed any more, and `ForkError` says so.
"""

import http.client
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

import structlog

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
            known = self._sizes.get(witness.name, 0)
            raise ForkError(f"{witness.name} has cosigned another tree of {known} entries", known)
        log.error("witness_refuses", witness=witness.name, status=answer.status)
        return None

    def _hear_conflict(self, witness: Witness, checkpoint: Checkpoint, body: bytes) -> Literal[True] | None:
        try:
            size = parse_number(body.decode("ascii").removesuffix("\n"))
        except (NoteError, UnicodeDecodeError):
            log.error("witness_answers_nonsense", witness=witness.name)
            return None
        if size > checkpoint.size:
            raise ForkError(
                f"{witness.name} has cosigned {size} entries; this log has {checkpoint.size}",
                size,
                longer=True,
            )
        if size == self._sizes.get(witness.name) == checkpoint.size:
            raise ForkError(f"{witness.name} has cosigned another tree of {size} entries", size)
        self._sizes[witness.name] = size
        return True


def _cosignature(witness: Witness, note: bytes, body: bytes) -> Cosigned:
    """The witness's own cosignature out of its answer, verified. Raises NoteError or UnicodeDecodeError."""
    text, _ = split_note(note)
    opened = open_note(text + b"\n" + body, [witness.verifier])
    given = opened.signatures[0]
    return Cosigned(witness.name, given.time or 0, given.line)


def _post(witness: Witness, body: bytes) -> Answer | UnreachableError:
    parts = urlsplit(witness.url or "")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        connection.request("POST", f"{parts.path.rstrip('/')}/add-checkpoint", body)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(MAX_ANSWER_BYTES))
    except (OSError, http.client.HTTPException) as error:
        return UnreachableError(f"{type(error).__name__}: {error}")
    finally:
        connection.close()
