"""Says that a server takes connections, and that it ends: systemd's notification protocol, sd_notify(3).

A datagram to the Unix socket that `NOTIFY_SOCKET` names; nothing happens where nobody asked. With
`Type=notify`, `systemctl restart` waits for it, and so does the demo's rolling restart.
"""

import os
import socket
from contextlib import suppress
from typing import Final

READY: Final = b"READY=1"
STOPPING: Final = b"STOPPING=1"


def tell(state: bytes) -> None:
    """Send `state` when somebody asked for it; a listener that is gone is no reason to fail."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    # An abstract name begins with a zero byte, which no environment can hold.
    target = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, suppress(OSError):
        sender.setblocking(False)
        sender.sendto(state, target)
