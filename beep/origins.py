"""One rule for who may call from a browser, for HTTP and WebSocket alike: only the web client's own origins.

Cookies are `SameSite=Strict`, yet another host of the same site (a ministry's other web application, or the
consoles) counts as "same site" for a cookie. So the `Origin` header decides, which scripts cannot set.
"""

from typing import Any, Final

from channels.security.websocket import OriginValidator, WebsocketDenier
from django.conf import settings
from django.http import HttpRequest

from beep.errors import BeepError

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def websocket_origins() -> tuple[str, ...]:
    """The web client's origins as `connect-src` needs them: `wss://host` for `https://host`."""
    return tuple(origin.replace("http", "ws", 1) for origin in settings.ORIGINS)


class ExactOriginValidator(OriginValidator):
    """Lets a handshake through whose one `Origin` header is, byte for byte, an origin of ours.

    Channels' own comparison takes the header apart first, and a malformed port there ends in an exception.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        """Pass on to the application, or deny before the handshake is answered."""
        given = [value for name, value in scope.get("headers", ()) if name == b"origin"]
        if len(given) == 1 and given[0] in self.allowed_origins:
            return await self.application(scope, receive, send)
        return await WebsocketDenier()(scope, receive, send)


def guarded(application: Any) -> ExactOriginValidator:
    """Wrap a WebSocket application: a handshake without one of our origins is refused before it starts."""
    return ExactOriginValidator(application, [origin.encode() for origin in settings.ORIGINS])


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
