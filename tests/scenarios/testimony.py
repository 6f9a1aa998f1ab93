"""What a failed story leaves behind for whoever reads only its output: what the pages showed, and what the
processes of its Beep complained of. Made up people alone are in it.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Error, Page

MARK: Final = "│ "
"""Begins each line; `.ci/run` repeats those at its end."""
LINES: Final = 8
"""So many of one page, and of one process."""
WIDTH: Final = 240
"""Letters of a line."""
GRAVE: Final = frozenset({"warning", "error", "critical"})
"""Levels of what a process of ours logs."""
LAST_WORDS: Final = ("Error", "ERROR", "FATAL", "PANIC")
"""What marks a line as grave in what is said without a level: by PostgreSQL, or by a crash."""


def given(browsers: Iterable[Browser], data_dirs: Iterable[Path]) -> str:
    """What can be said now; empty when there is nothing. Raises nothing: the story's own failure counts."""
    lines: list[str] = []
    for page in [page for browser in browsers for context in browser.contexts for page in context.pages]:
        with suppress(Error):
            lines += _shown(page)
    for log in [log for folder in data_dirs for log in sorted(folder.glob("*.log"))]:
        lines += list(_complaints(log))[-LINES:]
    return "\n".join(f"{MARK}{line}"[:WIDTH] for line in lines)


def _shown(page: Page) -> Iterator[str]:
    yield f"at {page.url}:"
    # What speaks up first: alerts and live regions; then the page from its beginning.
    for part in ("[role=alert]", "[role=status]", "body"):
        for place in page.locator(part).all()[:2]:
            text = place.inner_text(timeout=2_000) if place.is_visible() else ""
            text = " / ".join(line.strip() for line in text.splitlines() if line.strip())
            if text:
                yield f"  {part}: {text}"


def _complaints(log: Path) -> Iterator[str]:
    with suppress(OSError):
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                told = json.loads(line)
                grave = isinstance(told, dict) and told.get("level") in GRAVE
            except ValueError:
                grave = any(word in line for word in LAST_WORDS)
            if grave:
                yield f"{log.stem}: {line}"
