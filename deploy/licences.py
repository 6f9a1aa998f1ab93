#!/usr/bin/env python3
"""Fails when a package that Beep installs is not free software or does not name its licence."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

FREE = re.compile(
    r"\b(0BSD|Apache|Artistic|BlueOak|BSD|CC0|CC-BY-[34]|HPND|ISC|LGPL|MIT|MIT-0|MPL|OFL|PostgreSQL|PSF|Python"
    r"|Unicode|Unlicense|Zlib|ZPL|Zope|A?GPL)",
    re.IGNORECASE,
)
NOT_FREE = re.compile(
    r"BUSL|Business Source|SSPL|Elastic|Commons Clause|Proprietary|Commercial|UNLICENSED", re.I
)

READ_BY_HAND = {"svelte-toolbelt": "MIT"}
"""Packages whose metadata name no licence: name → the licence in their archive."""


def python_packages() -> Iterator[tuple[str, str]]:
    """Name and licence of every package in the virtual environment."""
    command = [sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed", "--with-system"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for package in json.loads(listed):
        yield package["Name"], package["License"]


def web_packages() -> Iterator[tuple[str, str]]:
    """Name and licence of every package in the client's lock file, those for other machines included."""
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text())
    for path, package in lock["packages"].items():
        if path:
            yield path.removeprefix("node_modules/"), package.get("license", "")


def main() -> int:
    """Print what is wrong; 0 when nothing is."""
    wrong = []
    count = 0
    for name, said in [*python_packages(), *web_packages()]:
        licence = READ_BY_HAND.get(name, said)
        count += 1
        if not FREE.search(licence) or NOT_FREE.search(licence):
            wrong.append(f"{name}: {licence or 'says nothing'}")
    print("\n".join([*wrong, f"{count} packages, {len(wrong)} without a free licence"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
