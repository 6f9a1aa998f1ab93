"""The operations port: `/metrics` for Prometheus and `/live` for whoever restarts what hangs.

One HTTP listener a process, in a thread of its own, so that it answers while the event loop is busy, and that
nothing of it can be reached through the public port. Off unless `BEEP_OPERATIONS` says where. It has no
sign-in: what it shows are numbers about the whole process, and who may reach it is the network's affair. So
an address that is not loopback is refused unless `BEEP_OPERATIONS_REMOTE=1` says that this is meant.

No Django: the witnesses and other small processes use it too.
"""

import ipaddress
import os
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import structlog
from django.core.exceptions import ImproperlyConfigured
from prometheus_client import make_wsgi_app

from beep import metrics

log = structlog.get_logger(__name__)

STANDSTILL: Final = 15.0
"""Seconds without a turn of the event loop after which a process counts as hanging."""
PATIENCE: Final = 10.0
"""Seconds that a client of this port may keep a thread waiting."""

StartResponse = Callable[[str, list[tuple[str, str]]], Any]

_metrics: Final = make_wsgi_app(metrics.REGISTRY)


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 takes a free one."""

    host: str
    port: int

    @classmethod
    def of(cls, env: Mapping[str, str]) -> "Address | None":
        """`BEEP_OPERATIONS` as `host:port`, the host an address literal (IPv6 in brackets) or `localhost`.

        None when unset. Raises ImproperlyConfigured for another form, and for a host that is not loopback
        without `BEEP_OPERATIONS_REMOTE=1`.
        """
        value = env.get("BEEP_OPERATIONS", "")
        if not value:
            return None
        host, _, port = value.rpartition(":")
        host = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
        try:
            loopback = ipaddress.ip_address(host).is_loopback
        except ValueError:
            raise ImproperlyConfigured("BEEP_OPERATIONS must be address:port") from None
        if not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise ImproperlyConfigured("BEEP_OPERATIONS must end in a port")
        if not loopback and env.get("BEEP_OPERATIONS_REMOTE") != "1":
            raise ImproperlyConfigured(
                "BEEP_OPERATIONS is not a loopback address; set BEEP_OPERATIONS_REMOTE=1 when only the"
                " monitoring network reaches it"
            )
        return cls(host, int(port))


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    allow_reuse_address = True

    def server_bind(self) -> None:
        """Without the look-up of the host's name that the base class does."""
        socket.socket.bind(self.socket, self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "operations", self.server_address[1]
        self.setup_environ()


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = PATIENCE

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: a line a scrape is worth nobody's disk."""


def application(environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """The WSGI application of the port."""
    match environ["PATH_INFO"]:
        case "/metrics":
            answer: Iterable[bytes] = _metrics(environ, start_response)
            return answer
        case "/live":
            silence = metrics.loop.silence()
            alive = silence < STANDSTILL
            status, text = ("200 OK", "live\n") if alive else ("503 Hanging", f"silent for {silence:.0f} s\n")
        case _:
            status, text = "404 Not Found", "/metrics and /live\n"
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")])
    return [text.encode()]


def start(env: Mapping[str, str] | None = None) -> str | None:
    """Listen where `BEEP_OPERATIONS` says, until the process ends; the URL, or None when it is unset.

    Raises ImproperlyConfigured, or OSError when the port is taken: a process that is to be watched and cannot
    be does not start.
    """
    address = Address.of(os.environ if env is None else env)
    if address is None:
        return None
    kind = _Server6 if ":" in address.host else _Server
    server = kind((address.host, address.port), _Handler)
    server.set_app(application)
    threading.Thread(target=server.serve_forever, name="beep-operations", daemon=True).start()
    host = f"[{address.host}]" if ":" in address.host else address.host
    url = f"http://{host}:{server.server_port}"
    log.info("operations_port", url=url)
    return url
