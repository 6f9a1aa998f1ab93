"""The verifier's strictness about single entries and times, and what it needs to run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import canonical, merkle
from audit.verify.alarms import ALARMS, AlarmError
from audit.verify.entries import MAX_ENTRY_BYTES, PREFIX, Sighting, Times, check_entry, parse_entry
from audit.verify.source import Source

ROOT = Path(__file__).parents[2]
GOOD: dict[str, canonical.Json] = {
    "action": "person.changed",
    "at": 5,
    "parameters": {"changed": ["€", "a\n"]},
}


def entry(text: str) -> bytes:
    return PREFIX + text.encode()


def test_a_canonical_entry_is_read() -> None:
    body = PREFIX + canonical.encode(GOOD)
    assert parse_entry(body, 0) == GOOD
    assert check_entry(body, merkle.leaf_hash(body), 0) == GOOD
    with pytest.raises(AlarmError, match="entry_altered: entry 9"):
        check_entry(body, bytes(32), 9)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"beep-audit/v2\n{}",
        entry(""),
        entry("[]"),
        entry("1"),
        entry('{"action":"a"}'),
        entry('{"action":1,"at":1}'),
        entry('{"action":"a","at":true}'),
        entry('{"action":"a","at":1.0}'),
        entry('{"action":"a","at":1e3}'),
        entry('{"action":"a","at":NaN}'),
        entry('{"action":"a","at":01}'),
        entry('{"action":"a","at":-0}'),
        entry('{"action":"a","at":1 }'),
        entry('{"at":1,"action":"a"}'),
        entry('{"action":"a","action":"a","at":1}'),
        entry('{"action":"a","action":"b","at":1}'),
        entry('{"action":"a","at":1,"x":{"y":1,"y":1}}'),
        entry('{"action":"\\u0061","at":1}'),
        entry('{"action":"a\\/b","at":1}'),
        entry('{"action":"a","at":9007199254740993}'),
        entry('{"action":"a","at":1,"x":"\\ud800"}'),
        entry('{"action":"a","at":1}\n'),
        PREFIX + b'{"action":"\xff","at":1}',
        entry('{"action":"a","at":1,"x":' + "[" * 30_000 + "]" * 30_000 + "}"),
        entry('{"action":"' + "a" * MAX_ENTRY_BYTES + '","at":1}'),
    ],
)
def test_every_other_spelling_is_refused(body: bytes) -> None:
    with pytest.raises(AlarmError, match="entry_malformed: entry 3"):
        parse_entry(body, 3)


def test_the_largest_entry_is_read() -> None:
    rest = MAX_ENTRY_BYTES - len(entry('{"action":"","at":1}'))
    assert parse_entry(entry('{"action":"' + "a" * rest + '","at":1}'), 0)["at"] == 1


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(AlarmError):
        parse_entry(PREFIX + noise, 0)


@given(st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=4))
def test_both_encoders_agree(extra: dict[str, int | str]) -> None:
    """The fast one is used where it can be: it must accept exactly the canonical form."""
    leaf = {**extra, "action": "a", "at": 1}
    try:
        body = PREFIX + canonical.encode(leaf)
    except ValueError:
        body = entry(json.dumps(leaf, sort_keys=True, separators=(",", ":")))
        with pytest.raises(AlarmError):
            parse_entry(body, 0)
    else:
        assert parse_entry(body, 0) == leaf


def test_times_are_held_against_sightings() -> None:
    times = Times([Sighting(20, 20_000), Sighting(10, 10_000), Sighting(10, 13_000)])
    times.check(5, 9_000_000)
    times.check(12, 13_000_000)
    times.check(12, 20_000_000)
    times.check(30, 20_000_000)
    times.check(30, 1 << 50)
    for index, at, name in (
        (5, 11_000_000, "postdated"),
        (12, 12_000_000, "backdated"),
        (15, 21_000_000, "postdated"),
        (30, 19_000_000, "backdated"),
    ):
        with pytest.raises(AlarmError, match=f"{name}: entry {index}"):
            times.check(index, at)
    Times([]).check(0, 0)


def test_alarms_have_fixed_names() -> None:
    with pytest.raises(ValueError, match="no alarm"):
        AlarmError("something", "")
    assert all(name.replace("_", "").isalpha() for name in ALARMS)


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"{}",
        b'{"files":{},"first":0,"kind":"other","last":-1,"origin":"x","size":0,"version":1}',
        b'{"files":{},"first":0,"kind":"log","last":-1,"origin":"x","size":0,"version":2}',
        b'{"files":{},"first":0,"kind":"log","last":null,"origin":"x","size":0,"version":1}',
        b'{"files":{},"first":0,"kind":"log","last":-1,"origin":"x","size":0,"version":1} ',
        b'{"files":{},"first":0,"kind":"log","last":-1,"more":1,"origin":"x","size":0,"version":1}',
        b'{"files":{"../x":"'
        + b"0" * 64
        + b'"},"first":0,"kind":"log","last":-1,"origin":"x","size":0,"version":1}',
    ],
)
def test_another_manifest_is_refused(tmp_path: Path, manifest: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(manifest)
    with pytest.raises(AlarmError, match="manifest_mismatch"):
        Source(tmp_path)


def test_it_needs_the_standard_library_and_pynacl_only() -> None:
    """Where nothing else is installed, or everything else is broken."""
    blocked = ("django", "psycopg", "structlog", "msgspec", "prometheus_client", "pydantic", "celery")
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({blocked!r})); "
        "from audit.verify.__main__ import main; sys.exit(main(['nowhere']))"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False)
    assert ended.returncode == 2, ended.stderr
    script = subprocess.run(
        [sys.executable, ROOT / "deploy" / "beep-verify", "nowhere"],
        cwd="/",
        capture_output=True,
        check=False,
    )
    assert script.returncode == 2, script.stderr
