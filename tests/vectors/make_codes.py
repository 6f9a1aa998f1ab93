"""Makes codes.json: activation and recovery codes as people type them (`accounts.codes`).

`symbols` are the canonical ones; `typed` are spellings that mean them. A recovery code's 16 bytes, the
person's id and the public key that comes from both are hex.
"""

import json
from pathlib import Path
from uuid import UUID

from nacl.signing import SigningKey

from accounts import codes

PERSON = UUID("5e5e5e5e-0000-4000-8000-000000000001").bytes
PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def spellings(symbols: str) -> list[str]:
    """Different ways to type the same code."""
    grouped = codes.grouped(symbols)
    return [
        symbols,
        grouped,
        grouped.lower(),
        f"  {symbols[:7]} {symbols[7:]}\n",
        grouped.replace("-", "–"),
        grouped.replace("-", "\u00a0"),
        "\u200f" + grouped.replace("-", "\u2010") + "\u200e",
        symbols.replace("0", "O").replace("1", "I"),
        symbols.replace("0", "o").replace("1", "l"),
        symbols.translate(PERSIAN_DIGITS),
        grouped.translate(ARABIC_DIGITS),
    ]


def activation() -> list[str]:
    """Canonical activation codes."""
    randoms = ["0" * 18, "Z" * 18, "0123456789ABCDEFGH", "JKMNPQRSTVWXYZ0101", "B33PB33PB33PB33PB3"]
    return [codes.activation_code_of(random) for random in randoms]


def other(symbol: str) -> str:
    """The symbol after `symbol` in the alphabet."""
    return codes.ALPHABET[(codes.ALPHABET.index(symbol) + 1) % 32]


def wrong(symbols: str) -> list[str]:
    """Texts that are not this code or any other."""
    return [
        "",
        symbols[:-1],
        symbols + "0",
        other(symbols[0]) + symbols[1:],
        symbols[:-1] + other(symbols[-1]),
        "U" + symbols[1:],
        "*" + symbols[1:],
        "é" + symbols[1:],
        "ı" + symbols[1:],
        "Ａ" + symbols[1:],
        symbols[0] + "\0" + symbols[1:],
        symbols.replace("0", "٫") if "0" in symbols else "٫" + symbols[1:],
    ]


def padded_wrongly(value: bytes) -> str:
    """A recovery code with a padding bit set and the checksum of its 16 bytes."""
    symbols = codes.write_recovery_code(value).replace("-", "")
    return symbols[:25] + codes.ALPHABET[codes.ALPHABET.index(symbols[25]) | 1] + symbols[26:]


def main() -> None:
    """Write codes.json beside this script."""
    values = [
        bytes(16),
        bytes([0xFF] * 16),
        bytes(range(16)),
        bytes.fromhex("b33fb33fb33fb33fb33fb33fb33fb33f"),
    ]
    recovery = {value: codes.write_recovery_code(value).replace("-", "") for value in values}
    vectors = {
        "activation": [{"symbols": symbols, "typed": spellings(symbols)} for symbols in activation()],
        "activation_refused": [text for symbols in activation()[1:3] for text in wrong(symbols)],
        "recovery": [
            {
                "symbols": symbols,
                "grouped": codes.grouped(symbols),
                "typed": spellings(symbols),
                "bytes": value.hex(),
                "person": PERSON.hex(),
                "seed": (seed := codes.recovery_seed(value=value, person=PERSON)).hex(),
                "public_key": bytes(SigningKey(seed).verify_key).hex(),
            }
            for value, symbols in recovery.items()
        ],
        "recovery_refused": [text for symbols in list(recovery.values())[1:3] for text in wrong(symbols)]
        + [padded_wrongly(value) for value in values[:1] + values[2:]],
    }
    text = json.dumps(vectors, indent=1, ensure_ascii=True)
    Path(__file__).with_name("codes.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
