"""Codes that people copy from paper:

activation letters and recovery codes, in Crockford's base 32. Pure: no Django.

The alphabet leaves out I, L, O and U. A reader takes O for 0 and I and L for 1, upper and lower case alike,
Arabic and Persian digits, and ignores spaces, hyphens, dashes and direction marks. Ten bits of checksum (two
symbols) catch a misread letter before anything leaves the device: one wrong code in 1,024 passes.

Secrets. An activation code is made by `new_activation_code`, printed once, stored only as an HMAC, dead after
its use. A recovery code is made in the browser, written down by its person, stored nowhere: here it is only
read, for vectors and tests.
"""

import hashlib
import hmac
import secrets
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from accounts.folding import fold_digits

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUP: Final = 4
"""Symbols between two hyphens."""

ACTIVATION_SYMBOLS: Final = 20
"""18 random symbols (90 bits) and two of checksum."""
ACTIVATION_CHECKSUM: Final = b"beep activation checksum v1"

RECOVERY_BYTES: Final = 16
RECOVERY_SYMBOLS: Final = 28
"""26 symbols (128 bits, then two zero bits) and two of checksum."""
RECOVERY_CHECKSUM: Final = b"beep recovery checksum v1"
RECOVERY_INFO: Final = b"beep recovery v1"

_VALUES: Final = {symbol: value for value, symbol in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_IGNORED: Final = frozenset(
    " \t\r\n\u00a0\u2007\u202f"  # spaces
    "-\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212"  # hyphens and dashes
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"  # invisible
)
_UPPER: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


class CodeError(Exception):
    """The text is not a code: a wrong symbol, a wrong length or a wrong checksum."""


def new_activation_code() -> str:
    """A fresh activation code, canonical: 20 symbols without hyphens."""
    return activation_code_of("".join(secrets.choice(ALPHABET) for _ in range(ACTIVATION_SYMBOLS - 2)))


def activation_code_of(random: str) -> str:
    """The code that 18 symbols of the alphabet make with their checksum."""
    if len(random) != ACTIVATION_SYMBOLS - 2 or not set(random) <= set(ALPHABET):
        raise ValueError("an activation code has 18 symbols of its own")
    return random + _activation_checksum(random)


def read_activation_code(text: str) -> str:
    """The canonical 20 symbols of a typed code; raises CodeError."""
    symbols = _symbols(text, ACTIVATION_SYMBOLS)
    if not hmac.compare_digest(_activation_checksum(symbols[:-2]), symbols[-2:]):
        raise CodeError("checksum")
    return symbols


def activation_mac(*, key: bytes, symbols: str) -> bytes:
    """What the database holds of a code: HMAC-SHA-256(key, the 20 canonical symbols), 32 bytes."""
    return hmac.digest(key, symbols.encode("ascii"), "sha256")


def write_recovery_code(value: bytes) -> str:
    """16 bytes as a recovery code for people, in seven groups."""
    if len(value) != RECOVERY_BYTES:
        raise ValueError("a recovery code holds 16 bytes")
    number = int.from_bytes(value, "big") << 2
    symbols = "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
    return grouped(symbols + _recovery_checksum(value))


def read_recovery_code(text: str) -> bytes:
    """The 16 bytes of a typed recovery code; raises CodeError, also when a padding bit is not zero."""
    symbols = _symbols(text, RECOVERY_SYMBOLS)
    number = 0
    for symbol in symbols[:-2]:
        number = number << 5 | _VALUES[symbol]
    if number & 3:
        raise CodeError("padding")
    value = (number >> 2).to_bytes(RECOVERY_BYTES, "big")
    if not hmac.compare_digest(_recovery_checksum(value), symbols[-2:]):
        raise CodeError("checksum")
    return value


def recovery_seed(*, value: bytes, person: bytes) -> bytes:
    """Ed25519 seed of the recovery key: HKDF-SHA-256 of the code's 16 bytes, salted with the person's id (16
    bytes).
    """
    return HKDF(algorithm=SHA256(), length=32, salt=person, info=RECOVERY_INFO).derive(value)


def grouped(symbols: str) -> str:
    """Symbols in groups of four joined by hyphens, as they are printed."""
    return "-".join(symbols[start : start + GROUP] for start in range(0, len(symbols), GROUP))


def _symbols(text: str, count: int) -> str:
    """The canonical symbols of `text`; raises CodeError for any other symbol or number of them."""
    typed = [symbol for symbol in fold_digits(text).translate(_UPPER) if symbol not in _IGNORED]
    if len(typed) != count:
        raise CodeError("length")
    try:
        return "".join(ALPHABET[_VALUES[symbol]] for symbol in typed)
    except KeyError:
        raise CodeError("symbol") from None


def _activation_checksum(random: str) -> str:
    return _first_ten_bits(ACTIVATION_CHECKSUM + random.encode("ascii"))


def _recovery_checksum(value: bytes) -> str:
    return _first_ten_bits(RECOVERY_CHECKSUM + value)


def _first_ten_bits(data: bytes) -> str:
    digest = hashlib.sha256(data).digest()
    bits = int.from_bytes(digest[:2], "big") >> 6
    return ALPHABET[bits >> 5] + ALPHABET[bits & 31]
