"""All browser stories, as `make test-browser` runs them: two parts side by side, each with a Beep of its own.

`python -m tests.scenarios [arguments of pytest]`. A story waits more than it works (for a passphrase to be
stretched, a server to come back, a page to be drawn), so two together need little more time than one. Each
part ends with the search for what its own stories may have left on its own server.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.scenarios.conftest import PARTS

HERE = Path(__file__).resolve().parent


def main(arguments: list[str]) -> int:
    """Runs both parts; prints what each has said when it has ended. The exit status of the worse one."""
    with tempfile.TemporaryDirectory(prefix="stories") as folder:
        said = [Path(folder) / part for part in PARTS]
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "pytest", HERE, *arguments],
                env=os.environ | {"STORIES": part},
                stdout=log.open("wb"),
                stderr=subprocess.STDOUT,
            )
            for part, log in zip(PARTS, said, strict=True)
        ]
        status = 0
        for part, process, log in zip(PARTS, running, said, strict=True):
            status = max(status, abs(process.wait()))
            sys.stdout.write(
                f"── Stories, the {part} part\n{log.read_text(encoding='utf-8', errors='replace')}\n"
            )
            sys.stdout.flush()
        return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
