"""`python -m beep.demo.manage COMMAND …`: Django's command line inside the demo that runs.

The demo writes down what it gave its processes (`environment.json`, mode 0600, in the data folder).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from beep.demo.configuration import ROOT


def main() -> int:
    """The status of `manage.py` with the demo's environment; 1 when there is no demo."""
    folder = Path(os.environ.get("BEEP_DATA_DIR") or ROOT / ".beep").absolute()
    try:
        given: dict[str, str] = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"no demo has run in {folder}: {error}", file=sys.stderr)
        return 1
    command = [sys.executable, str(ROOT / "manage.py"), *sys.argv[1:]]
    return subprocess.run(command, env={**os.environ, **given}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
