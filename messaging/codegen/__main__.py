"""`python -m messaging.codegen [wire|docs]`: write the generated files; without a word, all of them."""

import os
import sys
from pathlib import Path
from typing import Final

from messaging.codegen import document, openapi, shapes, typescript

ROOT: Final = Path(__file__).resolve().parent.parent.parent
WIRE: Final = ROOT / "web" / "src" / "wire"


def main(arguments: list[str]) -> int:
    """Write what `arguments` name; returns the exit status."""
    if any(word not in ("wire", "docs") for word in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    declared = shapes.read()
    if not arguments or "wire" in arguments:
        _write(WIRE / "frames.ts", typescript.frames(declared))
        _write(WIRE / "errors.ts", typescript.errors())
    if not arguments or "docs" in arguments:
        # The HTTP chapter needs the composed application, and no server, database or secret.
        os.environ.setdefault("BEEP_TOOLING", "1")
        _write(ROOT / "docs" / "protocol.md", document.render(declared, openapi.published()))
    return 0


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
