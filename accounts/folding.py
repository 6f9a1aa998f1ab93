"""One form for what people type in different ways: names, searches, codes, passphrases. Pure: no Django.

Arabic, Persian and Urdu keyboards write the same letter with different code points, and digits in three rows.
The web client folds in the same way, on the shared vectors `tests/vectors/folding.json`.
"""

import re
import unicodedata
from typing import Final

DIGITS: Final = {base + value: ord("0") + value for base in (0x0660, 0x06F0) for value in range(10)}
"""Arabic-Indic (U+0660) and Extended Arabic-Indic (U+06F0) digits to ASCII."""

LETTERS: Final = str.maketrans(
    {
        "ي": "ی",  # U+064A, Arabic yeh
        "ى": "ی",  # U+0649, alef maksura
        "ك": "ک",  # U+0643, Arabic kaf
        "ة": "ه",  # U+0629, teh marbuta
        "ۃ": "ه",  # U+06C3, its Urdu form
        "ہ": "ه",  # U+06C1, Urdu heh: Persian and Arabic keyboards do not have it
        "ھ": "ه",  # U+06BE, Urdu two-eyed heh
        "ە": "ه",  # U+06D5, ae
        "ٱ": "ا",  # U+0671, alef wasla; the other alefs, و and ی with hamza come apart in NFKD
        "ß": "ss",
        "ς": "σ",
        "ـ": "",  # U+0640, tatweel
    }
)
SEPARATORS: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
WORDS: Final = re.compile(r"[^\W_]+")

PASSPHRASE_LETTERS: Final = str.maketrans({"ي": "ی", "ك": "ک", "\u200c": ""})


def fold_digits(text: str) -> str:
    """`text` with Arabic and Persian digits as ASCII digits."""
    return text.translate(DIGITS)


def fold(text: str) -> str:
    """`text` in the form that names are compared in.

    NFKD; lower case; combining marks (category M) and invisible formatting (Cf: ZWNJ, direction marks) and
    tatweel dropped; letters by `LETTERS`; digits to ASCII; every run of spaces and control characters one
    space, none outside. Folding twice changes nothing.
    """
    # Lower-casing can make new compositions (İ), so the text is taken apart again afterwards.
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).lower())
    kept = "".join(symbol for symbol in apart if not _dropped(symbol))
    return SEPARATORS.sub(" ", kept.translate(LETTERS).translate(DIGITS)).strip(" ")


def words(text: str) -> list[str]:
    """The words of `fold(text)`: runs of letters and digits, each once, in order."""
    return list(dict.fromkeys(WORDS.findall(fold(text))))


def fold_passphrase(text: str) -> str:
    """`text` in the form that goes into Argon2id: the same on every keyboard, and case counts.

    NFKC; Arabic yeh and kaf to their Persian forms; ZWNJ (U+200C) and what remains of combining marks
    (category M) dropped; digits to ASCII. Spaces stay as they are.
    """
    composed = unicodedata.normalize("NFKC", text)
    kept = "".join(symbol for symbol in composed if not unicodedata.category(symbol).startswith("M"))
    return kept.translate(PASSPHRASE_LETTERS).translate(DIGITS)


def _dropped(symbol: str) -> bool:
    category = unicodedata.category(symbol)
    return category == "Cf" or category.startswith("M")
