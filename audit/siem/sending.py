"""The connection to the receiver: TLS, and the one acknowledgement that syslog has. Pure: no Django.

RFC 5425 knows no acknowledgements: what was written may be lost with the connection. But a receiver answers
`close_notify` with its own (§4.4), and TLS keeps the order, so its answer proves that it has read everything
before. `settle` closes the connection in this way; until then nothing counts as received. A receiver that
just closes, as rsyslog with GnuTLS does, cannot be told from one that died or never wanted us; it is believed
only where the operator says so (`silent_close`).
"""

import socket
import ssl
from collections.abc import Iterable
from typing import Final

from audit.siem.configuration import Configuration

PATIENCE: Final = 15.0
"""Seconds for a connection, for one write, and for the answer to our closing."""
BUFFER: Final = 64 * 1024
"""Bytes that are handed to TLS at once, at least."""


class UnsettledError(OSError):
    """The receiver ended the connection without saying that it has read everything."""


class Link:
    """One connection. Every method raises OSError (ssl.SSLError is one) when it is of no use any more."""

    def __init__(self, configuration: Configuration, context: ssl.SSLContext) -> None:
        plain = socket.create_connection((configuration.host, configuration.port), PATIENCE)
        try:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(PATIENCE * 1000))
            self._silent_close: Final = configuration.silent_close
            self._socket: Final = context.wrap_socket(plain, server_hostname=configuration.host)
        except BaseException:
            plain.close()
            raise

    def send(self, frames: Iterable[bytes]) -> None:
        """Write frames; no more than one and 64 KiB are held beside them."""
        waiting = bytearray()
        for each in frames:
            waiting += each
            if len(waiting) >= BUFFER:
                self._socket.sendall(waiting)
                waiting.clear()
        if waiting:
            self._socket.sendall(waiting)

    def check(self) -> None:
        """Raise UnsettledError when the receiver has gone; what else it may say is none of its business."""
        self._socket.settimeout(0.0)
        try:
            if not self._socket.recv(1024):
                raise UnsettledError("the receiver has closed the connection")
        except ssl.SSLWantReadError:
            pass
        finally:
            self._socket.settimeout(PATIENCE)

    def settle(self) -> None:
        """Close, and return when the receiver has confirmed that it has read everything."""
        try:
            self._socket.unwrap()
        except OSError as error:
            # Errno 0 is how the ssl module says end of file after some OpenSSL versions.
            silent = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) or error.errno == 0
            if not silent:
                raise
            if not self._silent_close:
                raise UnsettledError(
                    "the receiver closed without close_notify; see BEEP_SIEM_SILENT_CLOSE"
                ) from None
        except ValueError as error:  # The connection is gone already.
            raise UnsettledError(str(error)) from None
        finally:
            self.drop()

    def drop(self) -> None:
        """Close without a word."""
        self._socket.close()
