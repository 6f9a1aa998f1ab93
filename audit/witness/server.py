"""C2SP tlog-witness: `POST /add-checkpoint`, and what a witness decides about it.

The body is `old <size>\\n`, the consistency proof as base64 lines, an empty line, and the signed checkpoint.
The answer: 200 with a cosignature line; 409 (`text/x.tlog.size`) with the size that was cosigned last when
`old` is another, or when there are two roots for one size; 422 for a proof that does not prove; 403 for a
checkpoint that the log has not signed; 404 for a log that this witness does not know; 400 for other shapes.

Beyond the standard: `GET /seen/<SHA-256 of the origin in hex>` gives the checkpoint that was cosigned last,
as the log has signed it. So a witness that refuses can show why, and nobody need believe a bare number.
"""

import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Timer
from typing import Any, Final

import structlog

from audit import merkle
from audit.merkle import EMPTY_ROOT, ProofError
from audit.note import (
    MAX_NOTE_BYTES,
    Checkpoint,
    NoteError,
    Verifier,
    decode_base64,
    encode_base64,
    open_note,
    parse_number,
    split_note,
)
from audit.policy import Log
from audit.witness.state import Seen, State
from audit.witnessing import seen_path

log = structlog.get_logger(__name__)

MAX_PROOF: Final = 63
MAX_BODY_BYTES: Final = MAX_NOTE_BYTES + 4096
PATIENCE: Final = 10.0
"""Seconds that a client may keep a connection without a word."""
LIFETIME: Final = 60.0
"""Seconds that a connection lasts at most: who sends a byte now and then must not keep the log's place."""
CONNECTIONS: Final = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    kind: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """The parts of a body, with the checkpoint not yet verified."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes
    checkpoint: Checkpoint

    @classmethod
    def parse(cls, body: bytes) -> "Request":
        """Read a body. Raises NoteError for another shape."""
        head, gap, note = body.partition(b"\n\n")
        try:
            first, *rest = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise NoteError("the proof is not ASCII") from None
        if not gap or not first.startswith("old ") or len(rest) > MAX_PROOF:
            raise NoteError("that is no request to add a checkpoint")
        checkpoint = Checkpoint.parse(split_note(note)[0])
        old = parse_number(first.removeprefix("old "))
        if old > checkpoint.size:
            raise NoteError("the old size is larger than the new one")
        return cls(old, tuple(map(decode_base64, rest)), note, checkpoint)


class Witness:
    """Decides. `logs` are those whose checkpoints it takes."""

    def __init__(self, state: State, logs: Sequence[Log]) -> None:
        self._state: Final = state
        self._keys: Final[dict[str, list[Verifier]]] = {}
        for each in logs:
            self._keys.setdefault(each.origin, []).append(each.verifier)

    def add_checkpoint(self, body: bytes) -> Answer:
        """The answer to a request. What a 200 says is on disk before this returns."""
        try:
            request = Request.parse(body)
        except NoteError as error:
            return Answer(400, f"{error}\n".encode())
        checkpoint = request.checkpoint
        keys = self._keys.get(checkpoint.origin)
        if keys is None:
            return Answer(404)
        try:
            open_note(request.note, keys)
        except NoteError:
            return Answer(403)
        # From here on the log itself speaks. Looking and remembering are one step: a slower request must not
        # put a larger tree back.
        with self._state.lock:
            return self._decide(request)

    def seen(self, path: str) -> Answer:
        """What was cosigned last of the log that `path` (`/seen/…`) names."""
        for origin in self._keys:
            if path == seen_path(origin):
                found = self._state.seen(origin)
                if found is not None and found.note:
                    return Answer(200, found.note.encode())
        return Answer(404)

    def _decide(self, request: Request) -> Answer:
        checkpoint = request.checkpoint
        before = self._state.seen(checkpoint.origin) or Seen(0, encode_base64(EMPTY_ROOT), "")
        if request.old != before.size:
            return _conflict(before.size)
        root = decode_base64(before.root)
        if checkpoint.size == before.size and checkpoint.root != root:
            self._accuse(request, "two_roots_for_one_size")
            return _conflict(before.size)
        try:
            if before.size == 0:
                if request.proof or (checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT):
                    raise ProofError("there is nothing to prove")
            else:
                merkle.verify_consistency(before.size, checkpoint.size, root, checkpoint.root, request.proof)
        except ProofError:
            self._accuse(request, "inconsistent_tree")
            return Answer(422)
        text = checkpoint.format()
        if checkpoint.size > before.size:
            signed = request.note.decode()
            self._state.remember(
                checkpoint.origin, Seen(checkpoint.size, encode_base64(checkpoint.root), text, signed)
            )
        return Answer(200, self._state.signer.line(text.encode(), time=int(time.time())).encode())

    def _accuse(self, request: Request, what: str) -> None:
        """The log has signed something that contradicts what it signed before; or the proof was spoiled."""
        log.error(what, origin=request.checkpoint.origin, size=request.checkpoint.size)
        self._state.keep_evidence(request.note)


def _conflict(size: int) -> Answer:
    return Answer(409, b"%d\n" % size, "text/x.tlog.size")


class Server(ThreadingHTTPServer):
    """Serves one witness, at most `CONNECTIONS` clients at once."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, address: tuple[str, int], witness: Witness, *, listener: socket.socket | None = None
    ) -> None:
        """Bind `address`, or take `listener`, which listens already."""
        self.witness: Final = witness
        self._room: Final = BoundedSemaphore(CONNECTIONS)
        super().__init__(address, _Handler, bind_and_activate=listener is None)
        if listener is not None:
            self.socket.close()
            self.socket = listener
            self.server_address = listener.getsockname()
            self.server_name, self.server_port = "witness", self.server_address[1]

    def server_bind(self) -> None:
        """Without the look-up of the host's name that the base class does."""
        # A witness that was killed comes back at once, whatever connections the kernel still remembers.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "witness", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Turn a client away when there is no room."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """In the client's thread."""
        ending = Timer(LIFETIME, _cut, (request,))
        ending.daemon = True
        ending.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            ending.cancel()
            self._room.release()


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # It has ended meanwhile.
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    server: Server

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != "/add-checkpoint":
            self._send(Answer(404), close=True)
        elif not length.isascii() or not length.isdigit() or len(length) > 9:
            self._send(Answer(411), close=True)
        elif int(length) > MAX_BODY_BYTES:
            self._send(Answer(413), close=True)
        else:
            try:
                body = self.rfile.read(int(length))
            except OSError:
                self.close_connection = True
                return
            try:
                answer = self.server.witness.add_checkpoint(body)
            except OSError as error:
                log.error("state_not_written", reason=str(error))
                answer = Answer(500)
            self._send(answer)

    def do_GET(self) -> None:
        self._send(self.server.witness.seen(self.path))

    def version_string(self) -> str:
        """What software this is concerns nobody."""
        return "witness"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Nothing: a request is no event."""

    def _send(self, answer: Answer, *, close: bool = False) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(answer.body)
