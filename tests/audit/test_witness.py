"""Witnesses: the answers of C2SP tlog-witness, memory that outlives a kill, and the log that asks them."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from audit import merkle
from audit.note import Checkpoint, NoteError, Signer, encode_base64, open_note, sign_note
from audit.policy import Policy
from audit.witness import server
from audit.witness.server import MAX_BODY_BYTES, Answer, Witness
from audit.witness.state import State, StateError, create
from audit.witnessing import ForkError, SilentError, Witnesses, seen_path
from tests.audit import support
from tests.audit.support import LOG, ORIGIN

LEAVES = [merkle.leaf_hash(bytes([number])) for number in range(40)]
FORKED = [*LEAVES[:5], merkle.leaf_hash(b"another"), *LEAVES[6:]]


def note(size: int, leaves: list[bytes] = LEAVES, signer: Signer = LOG, origin: str = ORIGIN) -> bytes:
    return sign_note(Checkpoint(origin, size, merkle.root(leaves[:size])).format(), [signer])


def body(old: int, size: int, leaves: list[bytes] = LEAVES, **more: str) -> bytes:
    proof = merkle.consistency_proof(leaves, old, size) if 0 < old < size else []
    lines = [f"old {old}", *map(encode_base64, proof)]
    return "\n".join(lines).encode() + b"\n\n" + note(size, leaves)


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    create(tmp_path / "w", "witness.test/w")
    return Witness(State(tmp_path / "w"), policy_of_log().logs)


def policy_of_log() -> Policy:
    return Policy.parse(f"log {LOG.verifier.format()}\nquorum none\n")


def test_a_tree_that_grows_is_cosigned(witness: Witness, tmp_path: Path) -> None:
    for old, size in ((0, 3), (3, 3), (3, 7), (7, 40)):
        answer = witness.add_checkpoint(body(old, size))
        assert answer.status == 200
        verifier = create(tmp_path / f"x{old}{size}", "other").verifier
        with pytest.raises(NoteError):
            open_note(note(size) + answer.body, [verifier])
        key = Signer("witness.test/w", witness._state.signer._key.encode(), 4).verifier
        opened = open_note(note(size) + answer.body, [key])
        assert opened.signatures[0].time


@pytest.mark.parametrize(
    ("request_body", "expected"),
    [
        (body(0, 9), Answer(409, b"5\n", "text/x.tlog.size")),
        (body(4, 9), Answer(409, b"5\n", "text/x.tlog.size")),
        (body(7, 9), Answer(409, b"5\n", "text/x.tlog.size")),
        (body(5, 5, [bytes(32)] * 5), Answer(409, b"5\n", "text/x.tlog.size")),
        (body(5, 9, [bytes(32)] * 9), Answer(422)),
        (body(5, 9).replace(b"old 5\n", b"old 5\n" + encode_base64(bytes(32)).encode() + b"\n"), Answer(422)),
        (b"old 5\n\n" + note(9), Answer(422)),
        (b"old 5\n\n" + note(9, signer=Signer(ORIGIN, bytes(32))), Answer(403)),
        (b"old 5\n\n" + note(9, origin="elsewhere"), Answer(404)),
    ],
)
def test_what_a_witness_refuses(witness: Witness, request_body: bytes, expected: Answer) -> None:
    assert witness.add_checkpoint(body(0, 5)).status == 200
    assert witness.add_checkpoint(request_body) == expected
    assert witness.add_checkpoint(body(5, 6)).status == 200


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"old 5\n",
        b"old 05\n\n" + note(9),
        b"old +5\n\n" + note(9),
        b"old -1\n\n" + note(9),
        b"old  5\n\n" + note(9),
        b"old 10\n\n" + note(9),
        b"new 5\n\n" + note(9),
        b"old 5\nAAAA\n" + note(9)[5:],
        b"old 5\n!\n\n" + note(9),
        b"old 5\n" + b"AAAA\n" * 64 + b"\n" + note(9),
        b"old \xff\n\n" + note(9),
        b"old 0\n\n" + note(9).replace(b"\n9\n", b"\n09\n"),
    ],
)
def test_other_shapes_are_bad_requests(witness: Witness, bad: bytes) -> None:
    assert witness.add_checkpoint(bad).status == 400


def test_the_memory_is_on_disk_before_the_answer(
    witness: Witness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert witness.add_checkpoint(body(0, 5)).status == 200
    assert json.loads((tmp_path / "w/state.json").read_text())[ORIGIN]["size"] == 5

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        witness.add_checkpoint(body(5, 9))
    monkeypatch.undo()
    # It has promised nothing, so it may still cosign another continuation.
    assert witness.add_checkpoint(body(5, 7)).status == 200


def test_what_contradicts_is_kept_as_evidence(witness: Witness, tmp_path: Path) -> None:
    witness.add_checkpoint(body(0, 7))
    witness.add_checkpoint(b"old 7\n\n" + note(7, FORKED))
    (kept,) = (tmp_path / "w/evidence").iterdir()
    assert kept.read_bytes() == note(7, FORKED)


def test_evidence_is_not_pushed_out_by_copies(witness: Witness, tmp_path: Path) -> None:
    assert witness.add_checkpoint(body(0, 5)).status == 200
    for number in range(5):
        stranger = Signer(f"stranger.test/{number}", bytes([number] * 32))
        copy = note(9) + stranger.line(note(9).partition(b"\n\n")[0] + b"\n").encode()
        assert witness.add_checkpoint(b"old 5\n\n" + copy).status == 422
    assert len(list((tmp_path / "w/evidence").iterdir())) == 1


def test_a_client_that_sends_a_byte_now_and_then_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LIFETIME", 0.3)
    with support.crew(tmp_path) as crew:
        address = ("127.0.0.1", crew.servers["one"].server_port)
        with socket.create_connection(address, timeout=30) as client:
            client.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 9000\r\n\r\nold 0")
            assert client.recv(1) == b""


def test_a_slower_request_does_not_put_a_larger_tree_back(witness: Witness) -> None:
    """Of requests at once from one size, one is cosigned; the others are told the new size."""
    witness.add_checkpoint(body(0, 5))
    answers: list[int] = []
    threads = [
        threading.Thread(
            target=lambda size=size: answers.append(witness.add_checkpoint(body(5, size)).status)
        )
        for size in range(6, 30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [409] * 23


def test_a_folder_has_one_witness_and_its_memory(tmp_path: Path) -> None:
    create(tmp_path / "w", "witness.test/w")
    with pytest.raises(StateError, match="exists"):
        create(tmp_path / "w", "witness.test/w")
    state = State(tmp_path / "w")
    with pytest.raises(StateError, match="another process"):
        State(tmp_path / "w")
    state.close()
    (tmp_path / "w/state.json").write_text('{"x": {"size": -1, "root": "", "text": ""}}')
    with pytest.raises(StateError, match="damaged"):
        State(tmp_path / "w")
    (tmp_path / "w/state.json").unlink()
    with pytest.raises(StateError, match="memory"):
        State(tmp_path / "w")


def test_over_http_without_django(tmp_path: Path) -> None:
    """The program itself: killed without warning after each answer, it remembers."""
    (tmp_path / "policy").write_text(policy_of_log().format())
    run = [sys.executable, "-X", "importtime", "-m", "audit.witness"]
    made = subprocess.run([*run, "new", tmp_path / "w", "witness.test/w"], capture_output=True, check=True)
    assert b"django" not in made.stderr
    for old, size in ((0, 3), (3, 8)):
        process = subprocess.Popen(
            [*run, "run", tmp_path / "w", "--policy", tmp_path / "policy", "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline().split()[-1])
            link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            for method, path, content, status in (
                ("GET", "/add-checkpoint", b"", 404),
                ("POST", "/add-checkpoint", body(old, size), 200),
                ("POST", "/add-checkpoint", body(30, 31), 409),
                ("POST", "/add-checkpoint", None, 413),
                ("POST", "/", b"", 404),
            ):
                # A length that is refused before anything of it was sent.
                length = str(MAX_BODY_BYTES + 1 if content is None else len(content))
                link.request(method, path, content, {"Content-Length": length})
                answer = link.getresponse()
                assert answer.status == status
                answer.read()
                if answer.will_close:
                    link.close()
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()


# --- The log's side
# ------------------------------------------------------------------------------------------------


def asking(crew: support.Crew, leaves: list[bytes] = LEAVES) -> Witnesses:
    return Witnesses(crew.policy, ORIGIN, lambda old, new: merkle.consistency_proof(leaves, old, new))


def test_a_quorum_cosigns(tmp_path: Path) -> None:
    with support.crew(tmp_path) as crew:
        witnesses = asking(crew)
        for size in (3, 3, 9):
            cosigned = witnesses.cosign(note(size))
            assert len(crew.policy.witnessed(cosigned, origin=ORIGIN).times) == 3
        crew.stop("three")
        cosigned = witnesses.cosign(note(12))
        assert set(crew.policy.witnessed(cosigned, origin=ORIGIN).times) == {"one", "two"}
        # A log that has forgotten what the witnesses know is told.
        assert len(asking(crew).collect(note(12))) == 2
        asking(crew).check_before_signing(note(12))
        crew.stop("two")
        with pytest.raises(SilentError, match="three, two"):
            asking(crew).check_before_signing(note(12))


def test_a_fork_is_noticed_before_anything_is_signed(tmp_path: Path) -> None:
    with support.crew(tmp_path) as crew:
        asking(crew).check_before_signing(note(0))
        asking(crew).cosign(note(12))
        for last, leaves, what in (
            (note(9), LEAVES, "12 entries; this log has 9"),
            (note(0), LEAVES, "12 entries; this log has 0"),
            (note(12, FORKED), FORKED, "another tree"),
            (note(20, FORKED), FORKED, "another tree"),
        ):
            with pytest.raises(ForkError, match=what):
                asking(crew, leaves).check_before_signing(last)
        asking(crew).check_before_signing(note(20))


def lie(crew: support.Crew, name: str, answer: Answer, shown: bytes | None = None) -> None:
    """Let a witness answer this whatever it is asked, and show `shown`."""
    witness = crew.servers[name].witness
    witness.add_checkpoint = lambda body: answer  # type: ignore[method-assign]
    witness.seen = lambda path: Answer(200, shown) if shown else Answer(404)  # type: ignore[method-assign]


CLAIMS = [
    (Answer(409, b"999999\n"), None),
    (Answer(409, b"999999\n"), note(99_999, [bytes(32)], Signer(ORIGIN, bytes(32)))),  # Not our key.
    (Answer(409, b"999999\n"), note(12, origin="elsewhere")),
    (Answer(409, b"999999\n"), b"nonsense"),
    (Answer(409, b"999999\n"), note(9)),  # What it shows is continued by our log.
    (Answer(422), None),
    (Answer(422), note(12)),
    (Answer(409, b"12\n"), None),  # "Another root of the same size."
]


@pytest.mark.parametrize(("answer", "shown"), CLAIMS)
def test_a_witness_that_only_claims_another_history_stops_nothing(
    tmp_path: Path, answer: Answer, shown: bytes | None
) -> None:
    with support.crew(tmp_path) as crew:
        witnesses = asking(crew)
        witnesses.cosign(note(9))
        lie(crew, "one", answer, shown)
        for size in (12, 12, 15):
            given = witnesses.collect(note(size if answer.body != b"12\n" else 12))
            assert {each.witness for each in given} == {"two", "three"}
        assert witnesses.contradicting == {"one"}
        asking(crew).check_before_signing(note(15 if answer.body != b"12\n" else 12))
        # Two of three are a quorum: what they say without showing it is believed too.
        lie(crew, "two", answer, shown)
        with pytest.raises(ForkError):
            witnesses.collect(note(15 if answer.body != b"12\n" else 12))


def test_one_witness_that_shows_another_history_is_enough(tmp_path: Path) -> None:
    for number, (answer, shown, what) in enumerate(
        (
            (Answer(409, b"20\n"), note(20), "20 entries; this log has 15"),
            (Answer(422), note(12, FORKED), "another tree of 12"),
            (Answer(409, b"15\n"), note(15, FORKED), "another tree of 15"),
        )
    ):
        with support.crew(tmp_path / str(number)) as crew:
            lie(crew, "one", answer, shown)
            witnesses = asking(crew)
            with pytest.raises(ForkError, match=what):
                witnesses.collect(note(15))


def test_a_witness_shows_what_it_has_cosigned_last(witness: Witness) -> None:
    path = seen_path(ORIGIN)
    assert witness.seen(path).status == 404
    witness.add_checkpoint(body(0, 5))
    assert witness.seen(path) == Answer(200, note(5))
    witness.add_checkpoint(b"old 5\n\n" + note(5, FORKED))
    assert witness.seen(path) == Answer(200, note(5))
    assert witness.seen("/seen/else").status == 404


def test_a_witness_that_talks_nonsense_counts_as_silent(tmp_path: Path) -> None:
    with support.crew(tmp_path) as crew:
        for server in list(crew.servers.values())[:2]:
            server.witness.add_checkpoint = lambda body: Answer(200, b"nonsense\n")  # type: ignore[method-assign]
        assert [each.witness for each in asking(crew).collect(note(3))] == ["three"]
        for server in crew.servers.values():
            server.witness.add_checkpoint = lambda body: Answer(409, b"1_0\n")  # type: ignore[method-assign]
        with pytest.raises(SilentError):
            asking(crew).check_before_signing(note(3))
