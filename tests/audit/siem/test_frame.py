"""RFC 5424 messages in RFC 5425 frames, read back by a parser written from the RFC's grammar."""

import random
import re

import pytest

from audit.siem.frame import BOM, element, escape, frame, header_value, message
from audit.siem.ocsf import Converted

GRAMMAR = re.compile(
    rb"<(?P<pri>\d{1,3})>1 (?P<at>\S+) (?P<host>[\x21-\x7e]{1,255}) (?P<app>[\x21-\x7e]{1,48})"
    rb" (?P<proc>[\x21-\x7e]{1,128}) (?P<name>[\x21-\x7e]{1,32}) (?P<rest>.*)",
    re.DOTALL,
)


def read_element(data: bytes) -> tuple[str, dict[str, str], bytes]:
    """SD-ELEMENT as §6.3 spells it: its name, its parameters, what follows."""
    assert data.startswith(b"[")
    found = re.match(rb'\[([^ =\]"]{1,32})', data)
    assert found
    at, parameters = found.end(), {}
    while data[at : at + 1] == b" ":
        key = re.compile(rb' ([^ =\]"]{1,32})="').match(data, at)
        assert key
        at, value = key.end(), bytearray()
        while data[at : at + 1] != b'"':
            if data[at : at + 1] == b"\\":
                assert data[at + 1 : at + 2] in (b'"', b"\\", b"]")
                at += 1
            else:
                assert data[at : at + 1] != b"]", "an unescaped ]"
            value += data[at : at + 1]
            at += 1
        at += 1
        parameters[key.group(1).decode()] = value.decode()
    assert data[at : at + 1] == b"]"
    return found.group(1).decode(), parameters, data[at + 1 :]


def test_a_message_as_it_stands_in_the_rfc() -> None:
    made = message(
        Converted(5, '{"a":"ü"}'),
        at=1_772_323_200_005,
        host="beep.example.gov",
        name="sign_in",
        parameters={"sequence": "41"},
    )
    assert made == (
        b"<106>1 2026-03-01T00:00:00.005Z beep.example.gov beep - sign_in"
        b' [beep@32473 sequence="41"] \xef\xbb\xbf{"a":"\xc3\xbc"}'
    )
    assert frame(made) == b"%d " % len(made) + made


@pytest.mark.parametrize(("severity", "pri"), [(1, 110), (2, 109), (3, 108), (4, 107), (5, 106)])
def test_priorities(severity: int, pri: int) -> None:
    made = message(Converted(severity, "{}"), at=0, host="h", name="n", parameters={}, pen=9)
    assert made.startswith(b"<%d>1 1970-01-01T00:00:00.000Z h beep - n [beep@9] " % pri)


@pytest.mark.parametrize("at", [-(1 << 62), 1 << 62, 1 << 200])
def test_a_time_that_no_calendar_has(at: int) -> None:
    made = message(Converted(1, "{}"), at=at, host="h", name="n", parameters={})
    assert made.startswith(b"<110>1 - h beep - n [beep@32473] ")


def test_header_fields_hold_nothing_else() -> None:
    assert header_value("", 32) == "-"
    assert header_value("a b\n\u00fcc", 32) == "a?b??c"
    assert header_value("x" * 99, 32) == "x" * 32


def test_what_is_escaped() -> None:
    assert escape('a"b\\c]d[e\n') == 'a\\"b\\\\c\\]d[e\n'
    assert element("n", {"k": "]"}) == '[n k="\\]"]'


def test_fuzzed_values_come_back() -> None:
    """A grammar-true reader finds in every frame what was put in, and where the frame ends."""
    choose = random.Random(5424)
    letters = [
        '"',
        "\\",
        "]",
        "[",
        " ",
        "=",
        "\n",
        "\0",
        "\x7f",
        "é",
        "\u2028",
        "🖋",
        "\ud800",
        "a",
        "\\]",
        '\\"',
    ]
    stream, expected = b"", []
    for _ in range(2_000):
        parameters = {
            f"k{number}": "".join(choose.choices(letters, k=choose.randrange(12)))
            for number in range(choose.randrange(4))
        }
        name, text = ("".join(choose.choices(letters, k=choose.randrange(50))) for _ in range(2))
        stream += frame(
            message(
                Converted(choose.randrange(1, 6), text),
                at=choose.randrange(1 << 42),
                host=name,
                name=name,
                parameters=parameters,
            )
        )
        expected.append((parameters, text))
    for parameters, text in expected:
        length, _, stream = stream.partition(b" ")
        assert re.fullmatch(rb"[1-9]\d*", length)
        content, stream = stream[: int(length)], stream[int(length) :]
        found = GRAMMAR.fullmatch(content)
        assert found
        name, read, rest = read_element(found["rest"])
        assert name == "beep@32473"
        assert read == {key: replaced(value) for key, value in parameters.items()}
        assert rest == b" " + BOM + replaced(text).encode()
    assert stream == b""


def replaced(text: str) -> str:
    """Lone surrogates are nothing that UTF-8 can spell."""
    return text.encode("utf-8", "replace").decode()
