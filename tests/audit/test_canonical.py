"""Canonical JSON: the cases of RFC 8785 that integers and strings meet."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import canonical

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-canonical.MAX_INTEGER, max_value=canonical.MAX_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_keys_are_sorted_by_utf16_code_units() -> None:
    """RFC 8785 §3.2.3: U+1F600 (D83D DE00) stands before U+FB33."""
    value = {"€": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "ö": 7}
    keys = list(json.loads(canonical.encode(value)))
    assert keys == ["\r", "1", "\u0080", "ö", "€", "\U0001f600", "\ufb33"]


def test_strings_are_escaped_as_little_as_possible() -> None:
    """RFC 8785 §3.2.2.2."""
    text = '\u20ac$\u000f\nA\'B"\\\\"/\u2028'
    assert canonical.encode(text) == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u2028"'.encode()


def test_nothing_stands_between_tokens() -> None:
    assert canonical.encode({"b": [1, True, None], "a": {}}) == b'{"a":{},"b":[1,true,null]}'


@pytest.mark.parametrize("value", [1.5, b"bytes", {1: 2}, object()])
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical.encode(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [1 << 53, "\ud800"])
def test_what_has_no_canonical_form_is_refused(value: int | str) -> None:
    with pytest.raises(ValueError, match="canonical form"):
        canonical.encode(value)


@given(VALUES)
def test_any_json_reader_reads_it_back(value: canonical.Json) -> None:
    assert json.loads(canonical.encode(value)) == value
