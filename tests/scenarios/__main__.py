"""All browser stories, as `make test-browser` runs them: by several processes side by side, each with a Beep
of its own, which share the stories among themselves.

`python -m tests.scenarios [arguments of pytest]`. A story waits more than it works (for a passphrase to be
stretched, a server to come back, a page to be drawn), so two processes keep two processors busy: three
took as long, and each story three times what it takes alone. Each ends with the search for what its own
stories may have left on its own server.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TELLERS = 2


def main(arguments: list[str]) -> int:
    """Runs all of them; prints what each has said when it has ended. The exit status of the worst one."""
    with tempfile.TemporaryDirectory(prefix="stories") as folder:
        claims = Path(folder) / "claims"
        claims.mkdir()
        said = [Path(folder) / f"{number}.log" for number in range(1, TELLERS + 1)]
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "pytest", HERE, "--durations=10", *arguments],
                env=os.environ | {"STORIES": str(claims)},
                stdout=log.open("wb"),
                stderr=subprocess.STDOUT,
            )
            for log in said
        ]
        status = 0
        for process, log in zip(running, said, strict=True):
            status = max(status, abs(process.wait()))
            sys.stdout.write(
                f"── Stories, process {log.stem}\n{log.read_text(encoding='utf-8', errors='replace')}\n"
            )
            sys.stdout.flush()
        return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
