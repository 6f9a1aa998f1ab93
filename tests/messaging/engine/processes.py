"""Server processes for tests, and a proxy that can cut a line."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from beep.leftovers import usable_port

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 120.0
"""Seconds that a server may take to come up."""
SERVERS = ("uvicorn", "daphne")


class ServerProcess:
    """One `python -m messaging.servers.<kind>`, or another module that takes the same arguments."""

    def __init__(self, module: str, port: int, environment: Mapping[str, str], log: Path) -> None:
        self.port = port
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *module.split(), "--host", "127.0.0.1", "--port", str(port)],
                cwd=ROOT,
                env={**os.environ, **environment, "BEEP_PORT": str(port)},
                stdout=output,
                stderr=output,
            )

    def wait_until_up(self) -> None:
        """Until it accepts connections; raises AssertionError with its log otherwise."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                ended = self.process.poll() is not None
                assert not ended, self.log.read_text(errors="replace")[-3000:]
                assert time.monotonic() < deadline, self.log.read_text(errors="replace")[-3000:]
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def terminate(self) -> None:
        """SIGTERM, without waiting."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Be gone."""
        if self.process.poll() is None:
            self.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def server(
    kind: str, environment: Mapping[str, str], log: Path, *, port: int | None = None
) -> Iterator[ServerProcess]:
    """A server that is up; `kind` is one of SERVERS, or a whole module."""
    module = f"messaging.servers.{kind}" if kind in SERVERS else kind
    process = ServerProcess(module, port or usable_port(0), environment, log)
    try:
        process.wait_until_up()
        yield process
    finally:
        process.stop()


class Proxy:
    """A TCP proxy to `target` that can cut all connections and refuse new ones."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._open = True
        self._writers: set[asyncio.StreamWriter] = set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            writer.close()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        both = {writer, far_writer}
        self._writers |= both
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            self._writers -= both

    def cut(self) -> None:
        """As if the target had died."""
        self._open = False
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        """As if it had come back."""
        self._open = True


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def proxy(target: int) -> AsyncIterator[Proxy]:
    """A proxy that listens on `proxy.port`."""
    made = Proxy(target)
    listener = await asyncio.start_server(made._serve, "127.0.0.1", 0)
    made.port = listener.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.cut()
        listener.close()
