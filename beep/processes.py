"""Child processes that never outlive their owner, whatever ends it, `kill -9` included (Linux only).

The kernel sends a child its `PR_SET_PDEATHSIG` signal when the **thread** that forked it ends (prctl(2));
therefore children are started from the main thread only.
"""

import ctypes
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

PR_SET_PDEATHSIG: Final = 1
"""From linux/prctl.h."""

_libc = ctypes.CDLL(None, use_errno=True)


class Child:
    """One running child; `name` is for people."""

    def __init__(
        self, name: str, process: subprocess.Popen[bytes], log: Path, polite: signal.Signals
    ) -> None:
        self.name: Final = name
        self.process: Final = process
        self.log: Final = log
        self._polite: Final = polite

    @property
    def pid(self) -> int:
        """Process id; with a wrapper that execs, the id of the wrapped program."""
        return self.process.pid

    def exited(self) -> int | None:
        """The exit status, or None while it runs."""
        return self.process.poll()

    def last_lines(self, count: int = 12) -> str:
        """The end of its log, for an error message."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])
        except FileNotFoundError:
            return ""

    def stop(self, patience: float) -> None:
        """Ask politely, wait up to `patience` seconds, then kill; returns when it is gone."""
        if self.process.poll() is None:
            self.process.send_signal(self._polite)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


def spawn(
    name: str,
    command: Sequence[str | os.PathLike[str]],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path | None = None,
    stdin: bytes = b"",
    polite: signal.Signals = signal.SIGTERM,
    pass_fds: Sequence[int] = (),
) -> Child:
    """Start `command` with its output appended to `log` (mode 0600) and `stdin`, up to 4 KiB, on its standard
    input.

    The child gets a session of its own, so that a Ctrl-C in the terminal reaches the owner alone, which then
    stops its children in order. `polite` ends it: when the owner stops it and when the owner dies. It
    inherits the descriptors `pass_fds` under their numbers, and no others. Raises RuntimeError outside the
    main thread, OSError when the program cannot be started.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("children die with the thread that starts them; start them from the main thread")
    read_end, write_end = os.pipe()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        # A pipe holds 64 KiB, so this cannot block.
        os.write(write_end, stdin)
        process = subprocess.Popen(
            command,
            stdin=read_end,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            pass_fds=tuple(pass_fds),
            preexec_fn=_die_with_parent(polite, os.getpid()),
        )
    finally:
        for each in (read_end, write_end, descriptor):
            os.close(each)
    return Child(name, process, log, polite)


def _die_with_parent(number: signal.Signals, parent: int) -> Callable[[], None]:
    def before_exec() -> None:
        if _libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0) != 0:
            os._exit(126)
        # The owner may have died between fork and prctl; nobody would ever send the signal.
        if os.getppid() != parent:
            os._exit(125)

    return before_exec
