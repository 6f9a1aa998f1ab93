"""Policies: the quorum of groups, and every line that must be refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.note import COSIGNATURE, Checkpoint, NoteError, Signer, sign_note
from audit.policy import Policy, PolicyError, QuorumError

ORIGIN = "localhost/audit"
LOG = Signer(ORIGIN, bytes([1] * 32))
WITNESSES = [Signer(f"witness/{number}", bytes([number + 10] * 32), COSIGNATURE) for number in range(3)]
KEYS = [each.verifier.format() for each in WITNESSES]
TEXT = f"""# who watches {ORIGIN}

log {LOG.verifier.format()}
\twitness one {KEYS[0]} http://127.0.0.1:1/
witness two {KEYS[1]}
witness three {KEYS[2]}  \t
group two-of-three 2 one two three
quorum two-of-three
"""
NOTE = Checkpoint(ORIGIN, 0, bytes(32)).format()


def test_a_policy_is_read_and_written() -> None:
    policy = Policy.parse(TEXT)
    assert Policy.parse(policy.format()) == policy
    assert policy.log(ORIGIN).verifier == LOG.verifier
    assert policy.witnesses[0].url == "http://127.0.0.1:1/"
    policy.require_strong()
    with pytest.raises(PolicyError, match="does not know"):
        policy.log("elsewhere")


def test_the_quorum_decides() -> None:
    policy = Policy.parse(TEXT)
    two = policy.witnessed(sign_note(NOTE, [LOG, *WITNESSES[1:]], time=5), origin=ORIGIN)
    assert two.times == {"two": 5, "three": 5}
    one = sign_note(NOTE, [LOG, WITNESSES[0]], time=5)
    assert policy.signed(one, origin=ORIGIN).checkpoint.size == 0
    with pytest.raises(QuorumError, match="1 of 3"):
        policy.witnessed(one, origin=ORIGIN)
    with pytest.raises(NoteError, match="has not signed"):
        policy.witnessed(sign_note(NOTE, WITNESSES, time=5), origin=ORIGIN)
    other = Checkpoint("localhost/keys", 0, bytes(32)).format()
    with pytest.raises(NoteError, match="checkpoint of"):
        policy.witnessed(sign_note(other, [LOG, *WITNESSES], time=5), origin=ORIGIN)


def test_groups_may_hold_groups() -> None:
    text = TEXT.replace("quorum two-of-three\n", "")
    text = text.replace(
        "group two-of-three 2 one two three", "group a any one two\ngroup b all a three\nquorum b"
    )
    policy = Policy.parse(text)
    assert policy.satisfied(["two", "three"])
    assert not policy.satisfied(["one", "two"])
    assert not policy.satisfied(["three", "b", "a"])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("quorum two-of-three\n", ""),
        ("quorum two-of-three\n", "quorum two-of-three\nquorum none\n"),
        ("quorum two-of-three\n", "quorum nobody\n"),
        ("quorum two-of-three\n", "quorum\n"),
        ("witness two", "witness one"),
        ("witness two", "witness none"),
        (KEYS[1], KEYS[0]),
        (KEYS[1], LOG.verifier.format()),
        (LOG.verifier.format(), KEYS[2]),
        (" 2 one", " 4 one"),
        (" 2 one", " 0 one"),
        (" 2 one", " 02 one"),
        (" 2 one", " two one"),
        ("one two three", "one two two"),
        ("one two three", "one two four"),
        ("group", "gruppe"),
        ("# who", "\x00# who"),
        ("quorum", "\r\nquorum"),
        ("log ", f"log {LOG.verifier.format()}\nlog "),
        ("group two", "group first any one\ngroup two"),
    ],
)
def test_what_is_no_policy_is_refused(old: str, new: str) -> None:
    assert old in TEXT
    with pytest.raises(PolicyError):
        Policy.parse(TEXT.replace(old, new, 1))


@pytest.mark.parametrize(
    "change", [("quorum two-of-three", "quorum one"), ("three 2", "three any"), ("", "")]
)
def test_a_weak_policy_is_told(change: tuple[str, str]) -> None:
    text = TEXT.replace(*change) if change[0] else f"witness one {KEYS[0]}\nquorum none\n"
    with pytest.raises(PolicyError, match="witnesses"):
        Policy.parse(text).require_strong()


@given(st.text(max_size=200))
def test_noise_is_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        Policy.parse(text)
