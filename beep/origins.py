"""One rule for who may call from a browser, for HTTP and WebSocket alike: only the web client's own origins.

Cookies are `SameSite=Strict`, yet another host of the same site (a ministry's other web application, or the
consoles) counts as "same site" for a cookie. So the `Origin` header decides, which scripts cannot set.
"""

import json
from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest

from beep.errors import BeepError

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def websocket_origins() -> tuple[str, ...]:
    """The web client's origins as `connect-src` needs them: `wss://host` for `https://host`."""
    return tuple(origin.replace("http", "ws", 1) for origin in settings.ORIGINS)


class OriginGuard:
    """Lets in what has one `Origin` header that is, byte for byte, an origin of ours: handshakes, long polls.

    In place of Channels' OriginValidator: that one ends in an exception on a malformed port, and asks Valkey
    for a channel in order to refuse, which would let anybody make work there.
    """

    def __init__(self, application: Any, origins: Iterable[str], *, required: bool = True) -> None:
        self._application = application
        self._required = required
        self._origins = frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass on to the application, or answer 403: for a handshake by closing before it is answered."""
        given = [value for name, value in scope.get("headers", ()) if name == b"origin"]
        if (len(given) == 1 and given[0] in self._origins) or not (given or self._required):
            await self._application(scope, receive, send)
        elif scope["type"] == "http":
            await _forbid(send)
        elif (await receive())["type"] == "websocket.connect":
            await send({"type": "websocket.close", "code": 4403})


async def _forbid(send: Any) -> None:
    refusal = BeepError("forbidden", "This request came from a page of another origin.")
    body = json.dumps({"code": refusal.code, "message": refusal.message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def guarded(application: Any, *, required: bool = True) -> OriginGuard:
    """Wrap an application with the configured origins.

    `required=False` lets in who names no origin, which no browser's page can do: for what a cookie does not
    open.
    """
    return OriginGuard(application, settings.ORIGINS, required=required)


def check_origin(request: HttpRequest) -> None:
    """Refuse a request that may change something and was sent by a page of another origin.

    A browser sends `Origin` with every such request, and no script can set it; a request without one is
    refused too. Accepted are the configured origins and the origin of the host that was asked, which Django
    has checked against ALLOWED_HOSTS. Raises BeepError `forbidden`.
    """
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("Origin")
    if origin in settings.ORIGINS or origin == f"{request.scheme}://{request.get_host()}":
        return
    raise BeepError("forbidden", "This request came from a page of another origin.")
