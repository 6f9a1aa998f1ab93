"""Hears which processes of the demo are ready: the receiving end of sd_notify(3).

Who speaks is told by the kernel (SCM_CREDENTIALS, unix(7)), not by the message.
"""

import secrets
import socket
import struct
from typing import Final

_CREDENTIALS: Final = struct.Struct("3i")
"""Process, user and group: `struct ucred`."""


class Readiness:
    """A socket of an abstract name, which no file has to be cleaned up for."""

    def __init__(self) -> None:
        name = f"beep-demo-{secrets.token_hex(8)}"
        self._socket: Final = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind("\0" + name)
        self._socket.setblocking(False)
        self._ready: Final[set[int]] = set()
        self.environment: Final = {"NOTIFY_SOCKET": "@" + name}
        """For the processes that shall speak."""

    def is_ready(self, pid: int) -> bool:
        """Whether the process `pid` has said so."""
        while True:
            try:
                data, ancillary, _, _ = self._socket.recvmsg(256, socket.CMSG_SPACE(_CREDENTIALS.size))
            except BlockingIOError:
                return pid in self._ready
            for level, kind, content in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                    sender = _CREDENTIALS.unpack(content)[0]
                    if b"READY=1" in data.split(b"\n"):
                        self._ready.add(sender)

    def forget(self, pid: int) -> None:
        """The process has ended; its number may come again."""
        self._ready.discard(pid)

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()
