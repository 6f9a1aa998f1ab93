"""The TLS presentation language: every second spelling of a value is refused (RFC 9420 §2.1)."""

import pytest

from beep.tls import MAX_VECTOR_BYTES, Reader, TlsError, TlsErrorCode, Writer, vector_length


@pytest.mark.parametrize(
    ("length", "encoded"),
    [
        (0, "00"),
        (63, "3f"),
        (64, "4040"),
        (16_383, "7fff"),
        (16_384, "80004000"),
        (MAX_VECTOR_BYTES, "bfffffff"),
    ],
)
def test_lengths_take_the_fewest_bytes(length: int, encoded: str) -> None:
    assert vector_length(length).hex() == encoded


def test_a_vector_above_two_to_the_thirty_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        vector_length(MAX_VECTOR_BYTES + 1)


@pytest.mark.parametrize("size", [0, 1, 63, 64, 16_383, 16_384, 70_000])
def test_opaque_comes_back(size: int) -> None:
    writer = Writer()
    writer.opaque(b"x" * size)
    reader = Reader(writer.getvalue())
    assert reader.opaque() == b"x" * size
    reader.finish()


@pytest.mark.parametrize(
    ("encoded", "code"),
    [
        ("", TlsErrorCode.TRUNCATED),
        ("01", TlsErrorCode.TRUNCATED),
        ("40", TlsErrorCode.TRUNCATED),
        ("400161", TlsErrorCode.LENGTH_NOT_MINIMAL),
        ("403f" + "61" * 63, TlsErrorCode.LENGTH_NOT_MINIMAL),
        ("8000003f" + "61" * 63, TlsErrorCode.LENGTH_NOT_MINIMAL),
        ("80003fff" + "61" * 16_383, TlsErrorCode.LENGTH_NOT_MINIMAL),
        ("80004000", TlsErrorCode.TRUNCATED),
        ("bfffffff", TlsErrorCode.TRUNCATED),
        ("c000000000000000", TlsErrorCode.LENGTH_INVALID),
        ("ff", TlsErrorCode.LENGTH_INVALID),
    ],
)
def test_bad_lengths_are_refused(encoded: str, code: TlsErrorCode) -> None:
    for read in (Reader.opaque, lambda reader: reader.vector(Reader.u8)):
        with pytest.raises(TlsError) as refused:
            read(Reader(bytes.fromhex(encoded)))
        assert refused.value.code is code


def test_an_element_may_not_reach_past_its_vector() -> None:
    reader = Reader(bytes.fromhex("03000000" + "0000"))  # three bytes cannot hold uint16 values
    with pytest.raises(TlsError) as refused:
        reader.vector(Reader.u16)
    assert refused.value.code is TlsErrorCode.TRUNCATED


def test_an_optional_is_marked_zero_or_one() -> None:
    assert Reader(b"\0").optional(Reader.u8) is None
    assert Reader(b"\1\7").optional(Reader.u8) == 7
    with pytest.raises(TlsError) as refused:
        Reader(b"\2\7").optional(Reader.u8)
    assert refused.value.code is TlsErrorCode.UNKNOWN_VALUE
