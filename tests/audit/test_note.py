"""Signed notes, checkpoints and cosignatures: the standards' examples, bad spellings, and noise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from audit import note
from audit.note import COSIGNATURE, Checkpoint, NoteError, Signer, Verifier, open_note, sign_note

TEXT = "beep.example.gov/audit\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
LOG = Signer("beep.example.gov/audit", bytes(range(32)))
WITNESS = Signer("witness.example/one", bytes(range(1, 33)), COSIGNATURE)
OTHER = Signer("witness.example/two", bytes(range(2, 34)), COSIGNATURE)
SIGNED = sign_note(TEXT, [LOG, WITNESS], time=1_679_315_147)

STANDARD_NOTE = (  # C2SP signed-note, "Example"; its key is not published, so only its form can be read.
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXx"
    "j99ihAQwaqP3ZekRwNtIc=\n"
).encode()
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (  # golang.org/x/mod/sumdb/note, the package's example.
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJ"
    "nAM=\n"
).encode()


def test_the_go_implementations_example_verifies() -> None:
    opened = open_note(GO_NOTE, [Verifier.parse(GO_KEY)])
    assert opened.text.startswith("If you think")
    assert Verifier.parse(GO_KEY).format() == GO_KEY


def test_the_standards_example_has_its_form() -> None:
    text, lines = note.split_note(STANDARD_NOTE)
    assert text.decode().endswith("sole:\n\ned è subito sera.\n")
    assert note.parse_line(lines[0])[0] == "quasimodo.example/salvatore"


def test_what_is_signed_can_be_opened() -> None:
    opened = open_note(SIGNED, [LOG.verifier, WITNESS.verifier, OTHER.verifier])
    assert opened.text == TEXT
    assert [(each.verifier, each.time) for each in opened.signatures] == [
        (LOG.verifier, None),
        (WITNESS.verifier, 1_679_315_147),
    ]
    assert opened.by(OTHER.verifier) is None
    assert Checkpoint.parse(opened.text).size == 7


def test_a_cosignature_covers_its_time_and_the_text() -> None:
    """The bytes of C2SP tlog-cosignature, put together by hand."""
    name, raw = note.parse_line(WITNESS.line(TEXT.encode(), time=1_679_315_147))
    assert name == "witness.example/one"
    assert raw[:4] == WITNESS.verifier.id
    assert int.from_bytes(raw[4:12], "big") == 1_679_315_147
    message = b"cosignature/v1\ntime 1679315147\n" + TEXT.encode()
    SigningKey(bytes(range(1, 33))).verify_key.verify(message, raw[12:])


def test_a_false_signature_of_a_known_key_spoils_the_note() -> None:
    for forged in (
        SIGNED.replace(b"\n7\n", b"\n8\n"),
        SIGNED + LOG.line(b"another text\n").encode(),
        SIGNED.replace(b"/audit ", b"/AUDIT "),
    ):
        with pytest.raises(NoteError):
            open_note(forged, [LOG.verifier])


def test_signatures_of_the_unknown_are_ignored() -> None:
    """They may even share a name or an id with a known key."""
    stranger = Signer(LOG.verifier.name, bytes(32))
    other_name = f"— elsewhere {note.encode_base64(LOG.verifier.id + bytes(64))}\n"
    post_quantum = f"— {LOG.verifier.name} {note.encode_base64(b'MLDS' + bytes(2420))}\n"
    data = SIGNED + stranger.line(TEXT.encode()).encode() + (other_name + post_quantum).encode()
    assert len(open_note(data, [LOG.verifier, WITNESS.verifier]).signatures) == 2
    with pytest.raises(NoteError, match="no known key"):
        open_note(SIGNED, [OTHER.verifier])
    with pytest.raises(NoteError, match="no known key"):
        open_note(SIGNED, [])


def test_a_key_that_signs_twice_counts_once() -> None:
    data = SIGNED + WITNESS.line(TEXT.encode(), time=9).encode()
    opened = open_note(data, [WITNESS.verifier])
    assert [each.time for each in opened.signatures] == [1_679_315_147]


def test_colliding_key_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four bytes are found by trial: such a key is told by its signature, or the whole set is refused."""
    stranger = Signer(LOG.verifier.name, bytes(32))
    monkeypatch.setattr(Verifier, "id", b"same")
    with pytest.raises(NoteError, match="two different keys"):
        open_note(SIGNED, [LOG.verifier, stranger.verifier])
    forged = sign_note(TEXT, [stranger])
    with pytest.raises(NoteError, match="does not verify"):
        open_note(forged, [LOG.verifier])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        TEXT.encode(),
        TEXT.encode() + b"\n",
        SIGNED[:-1],
        SIGNED + b"\n",
        SIGNED.replace(b"\n", b"\r\n"),
        SIGNED.replace(b"audit\n", b"audit\t\n", 1),
        SIGNED.replace(b"audit\n", b"audit\x00\n", 1),
        SIGNED.replace(b"audit\n", b"audit\xff\n", 1),
        SIGNED.replace("—".encode(), b"-"),
        SIGNED.replace("— ".encode(), "—  ".encode()),
        SIGNED[:-2] + b"\n",
        SIGNED + "— name\n".encode(),
        SIGNED + "— name AAAA\n".encode(),
        SIGNED + "— a+b AAAAAAAA\n".encode(),
        SIGNED + "— a\u2003b AAAAAAAA\n".encode(),
        SIGNED + "— name AAAAAAB=\n".encode(),
        SIGNED + "— name AAAAAAA\n".encode(),
        SIGNED + b"\xe2\x80\x94 na\xffme AAAAAAAA\n",
        SIGNED + b"".join(f"— n{number} AAAAAAAA\n".encode() for number in range(64)),
        b"x" * note.MAX_NOTE_BYTES + b"\n\n" + SIGNED,
    ],
)
def test_what_is_no_note_is_refused(data: bytes) -> None:
    with pytest.raises(NoteError):
        open_note(data, [LOG.verifier, WITNESS.verifier])


def test_sixteen_signatures_are_read() -> None:
    lines = "".join(Signer(f"n{number}", bytes([number] * 32)).line(TEXT.encode()) for number in range(16))
    assert open_note(SIGNED + lines.encode(), [LOG.verifier]).text == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "origin\n1\n",
        "origin\n01\n" + TEXT.split("\n")[2] + "\n",
        "origin\n+1\n" + TEXT.split("\n")[2] + "\n",
        "origin\n-1\n" + TEXT.split("\n")[2] + "\n",
        "origin\n1_0\n" + TEXT.split("\n")[2] + "\n",
        "origin\n１\n" + TEXT.split("\n")[2] + "\n",
        "origin\n9223372036854775808\n" + TEXT.split("\n")[2] + "\n",
        "origin\n \n" + TEXT.split("\n")[2] + "\n",
        "\n1\n" + TEXT.split("\n")[2] + "\n",
        TEXT + "\n",
        TEXT[:-1],
        TEXT.replace("=", ""),
        TEXT.replace("I=", "J="),
        TEXT.replace("Cs", "C s"),
        "origin\n1\nAAAA\n",
        TEXT + "extension\n\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


def test_a_checkpoint_has_one_spelling() -> None:
    for checkpoint in (
        Checkpoint("localhost/audit", 0, bytes(32)),
        Checkpoint("localhost/audit", (1 << 63) - 1, bytes(range(32)), ("an extension", "another")),
    ):
        assert Checkpoint.parse(checkpoint.format()) == checkpoint
    for bad in (
        Checkpoint("", 0, bytes(32)),
        Checkpoint("a\nb", 0, bytes(32)),
        Checkpoint("a", -1, bytes(32)),
        Checkpoint("a", 0, bytes(31)),
    ):
        with pytest.raises(NoteError):
            bad.format()


@pytest.mark.parametrize(
    "key",
    [
        "",
        "name",
        GO_KEY.replace("c74f20a3", "C74F20A3"),
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY.replace("PeterNeumann", "Peter Neumann"),
        GO_KEY.replace("PeterNeumann", ""),
        GO_KEY[:-1],
        GO_KEY + "\n",
        GO_KEY.replace("+ARpc", "+BRpc"),
    ],
)
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(NoteError):
        Verifier.parse(key)


def test_a_cosigner_must_know_the_time() -> None:
    with pytest.raises(ValueError, match="when"):
        sign_note(TEXT, [WITNESS])
    with pytest.raises(NoteError, match="newline"):
        sign_note("no newline", [LOG])
    with pytest.raises(NoteError, match="seed"):
        Signer("name", b"short")


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: f"{text}\n\n— {text}\n".encode()))
def test_noise_is_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(NoteError):
        open_note(data, [LOG.verifier])


@given(st.data())
def test_no_bit_of_a_note_can_be_changed(data: st.DataObject) -> None:
    at = data.draw(st.integers(min_value=0, max_value=len(SIGNED) * 8 - 1))
    changed = bytearray(SIGNED)
    changed[at // 8] ^= 1 << at % 8
    try:
        opened = open_note(bytes(changed), [LOG.verifier, WITNESS.verifier])
    except NoteError:
        return
    # A line whose name or id was hit belongs to somebody unknown; the text is as it was.
    assert opened.text == TEXT
    assert len(opened.signatures) < 2


@given(st.text(max_size=60), st.text(max_size=30))
def test_every_parser_reads_back_only_its_own_spelling(text: str, name: str) -> None:
    for parse in (Checkpoint.parse, Verifier.parse):
        try:
            found = parse(text)
        except NoteError:
            continue
        assert found.format() == text
    try:
        signer = Signer(name, bytes(32))
    except NoteError:
        return
    assert Verifier.parse(signer.verifier.format()) == signer.verifier
    assert open_note(sign_note("text\n", [signer]), [signer.verifier]).text == "text\n"
