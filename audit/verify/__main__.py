"""`beep-verify EXPORT [--policy FILE] [--known CHECKPOINT]`: verify an export of Beep's audit log.

EXPORT is a folder or a ZIP file. Status 0: everything holds. 1: something does not, and the last line names
the alarm and the first bad entry. 2: it could not be tried.
"""

import argparse
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

from audit.policy import Policy, PolicyError
from audit.verify.alarms import ALARMS, AlarmError
from audit.verify.export import UntriedError, verify
from audit.verify.source import Source


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(
        prog="beep-verify", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("export", type=Path)
    parser.add_argument(
        "--policy", type=Path, help="your own copy of the policy; else the export's is believed"
    )
    parser.add_argument(
        "--known", type=Path, help="a checkpoint that you have kept: the log must continue it"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    options = parser.parse_args(arguments)
    try:
        policy = Policy.parse(options.policy.read_text(encoding="utf-8")) if options.policy else None
        known = options.known.read_bytes() if options.known else None
        if not options.export.exists():
            raise FileNotFoundError(f"{options.export} does not exist")
    except (OSError, PolicyError, UnicodeDecodeError) as error:
        print(error, file=sys.stderr)
        return 2
    shown = _Progress(quiet=options.quiet or not sys.stderr.isatty())
    try:
        with Source(options.export) as source:
            found = verify(source, policy=policy, known=known, progress=shown)
    except (AlarmError, zipfile.BadZipFile) as error:
        shown.end()
        if isinstance(error, AlarmError):
            print(ALARMS[error.name], file=sys.stderr)
        print(f"REFUSED {error}", file=sys.stderr)
        return 1
    except UntriedError as error:
        shown.end()
        print(error, file=sys.stderr)
        return 2
    shown.end()
    if policy is None:
        print("note: the policy is the export's own; give yours with --policy", file=sys.stderr)
    seen = ", ".join(
        f"{name} {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(at))} UTC"
        for name, at in found.times.items()
    )
    print(f"GOOD {found.entries} entries of {found.size} in {found.origin}; cosigned by {seen}")
    return 0


class _Progress:
    """A bar on a terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._next = 0.0

    def __call__(self, done: int, total: int) -> None:
        if not self._quiet and time.monotonic() >= self._next:
            self._next = time.monotonic() + 0.2
            filled = 40 * done // max(1, total)
            print(f"\r[{'#' * filled:<40}] {done}/{total}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if not self._quiet:
            print(file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
