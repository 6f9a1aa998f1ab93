"""One rule for who may call from a browser, for HTTP and WebSocket alike: only the web client's own origins.

Cookies are `SameSite=Strict`, yet another host of the same site (a ministry's other web application, or the consoles)
counts as "same site" for a cookie. So the `Origin` header decides, which scripts cannot set.
"""

from urllib.parse import urlsplit

from channels.security.websocket import OriginValidator
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.deprecation import MiddlewareMixin

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSP_REPORT_PATH = "/csp-report"


def is_own_origin(origin: str) -> bool:
    """Whether `origin`, as a browser serialises it, is one of the web client's."""
    return origin in settings.ORIGINS


def websocket_origins() -> tuple[str, ...]:
    """The web client's origins as `connect-src` needs them: `wss://host` for `https://host`."""
    return tuple(origin.replace("http", "ws", 1) for origin in settings.ORIGINS)


def guarded(application: object) -> OriginValidator:
    """Wrap a WebSocket application: a handshake without one of our origins is refused before it starts."""
    return OriginValidator(application, [_with_port(origin) for origin in settings.ORIGINS])


def _with_port(origin: str) -> str:
    parts = urlsplit(origin)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


class CrossOriginMiddleware(MiddlewareMixin):
    """Refuses requests that change something and were sent by a page of another origin.

    A browser sends `Origin` with every such request, and `Sec-Fetch-Site` beside it. A request with neither was not made
    by a web page, carries no cookie of a victim, and passes.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Answer 403 `cross_origin`, or let the request through."""
        if request.method in SAFE_METHODS or request.path == CSP_REPORT_PATH:
            return None
        origin = request.headers.get("Origin")
        site = request.headers.get("Sec-Fetch-Site")
        if origin is None and site in (None, "same-origin", "none"):
            return None
        if origin is not None and is_own_origin(origin):
            return None
        message = "This request came from a page of another origin."
        return JsonResponse({"code": "cross_origin", "message": message}, status=403)
