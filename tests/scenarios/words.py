"""The client's words, read from its own Fluent files, so that a story can be told in each language."""

import re
from functools import cache
from pathlib import Path
from typing import Final, Literal

Language = Literal["en", "ur", "fa"]
LOCALES: Final[dict[Language, str]] = {"en": "en-GB", "ur": "ur-PK", "fa": "fa-IR"}
FOLDER: Final = Path(__file__).resolve().parents[2] / "web" / "src" / "i18n"
MESSAGE: Final = re.compile(r"^([a-z][a-z0-9-]*) = (.+)$", re.MULTILINE)


@cache
def messages(language: Language) -> dict[str, str]:
    """Message id → pattern of one line; messages with variants are not among them."""
    text = (FOLDER / f"{language}.ftl").read_text(encoding="utf-8")
    return {name: words for name, words in MESSAGE.findall(text) if not words.endswith("->")}


def word(language: Language, name: str) -> str:
    """A message without arguments; KeyError when there is none of that name."""
    return messages(language)[name].strip()


def pattern(language: Language, name: str) -> re.Pattern[str]:
    """Matches a message whatever its arguments are; Fluent isolates them with bidi marks."""
    parts = re.split(r"\{[^}]*\}", messages(language)[name].strip())
    return re.compile(".*".join(re.escape(part) for part in parts))
