"""The search for leaked secrets finds what is planted: a search that finds nothing must mean something."""

import base64
import json
from pathlib import Path

import pytest

from tests.scenarios.leaks import Sieve, search_bytes, search_tree, spellings

NEEDLES = ["Meet me at the archive at nine", "کل صبح نو بجے ملاقات ہے", "فردا ساعت نه جلسه داریم"]


@pytest.mark.parametrize("needle", NEEDLES)
def test_each_spelling_is_found_inside_other_bytes(needle: str) -> None:
    for spelling, raw in spellings(needle).items():
        found = search_bytes([needle], b"\x00noise " + raw + b" noise\xff", "here")
        assert spelling in {finding.spelling for finding in found}


@pytest.mark.parametrize("needle", NEEDLES)
@pytest.mark.parametrize("before", [b"", b"x", b"xy", b"xyz"])
@pytest.mark.parametrize("after", [b"", b"1", b"12"])
def test_base64_is_found_in_every_alignment(needle: str, before: bytes, after: bytes) -> None:
    raw = before + needle.encode() + after
    for encoded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
        assert search_bytes([needle], b"{" + encoded + b"}", "here")


@pytest.mark.parametrize("needle", NEEDLES)
def test_dumps_and_escapes_are_found(needle: str) -> None:
    for haystack in (
        b"\\\\x00ff" + needle.encode().hex().upper().encode(),
        json.dumps({"event": needle}).encode(),
        json.dumps({"event": json.dumps(needle)}).encode(),
    ):
        assert search_bytes([needle], haystack, "here")


@pytest.mark.parametrize("before", range(17))
def test_the_sieve_finds_every_spelling_wherever_it_stands(before: int) -> None:
    sentences = [*NEEDLES, "ten bytes!", "fifteen bytes!!", *(f"Nobody has written {i}" for i in range(300))]
    sieve = Sieve(sentences)
    for needle in sentences[:5]:
        for spelling, raw in spellings(needle).items():
            found = sieve.search(b"." * before + raw, "here")
            assert (needle, spelling) in {(finding.needle, finding.spelling) for finding in found}


def test_other_sentences_are_not_found() -> None:
    assert search_bytes(NEEDLES, b"Meet me at the archive at ten" * 100, "here") == []


def test_a_needle_across_two_pieces_of_a_file_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.scenarios.leaks.CHUNK", 16)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "segment").write_bytes(b"." * 9 + NEEDLES[0].encode() + b"." * 9)
    assert {finding.place for finding in search_tree(Sieve(NEEDLES), tmp_path)} == {
        str(tmp_path / "deep" / "segment")
    }


def test_a_short_needle_is_refused() -> None:
    with pytest.raises(ValueError, match="chance"):
        spellings("abc")
