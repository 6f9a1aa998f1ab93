"""Which pages a host name shows: the messenger's on its own, the console's on `console.<host>`.

They are two origins on purpose: a script hole in one must not reach what belongs to the other. So neither
shows anything of the other's, and the console's pages get a stricter policy of their own.
"""

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from beep.headers import REPORT_PATH

CONSOLE_URLS: Final = "consoles.urls"
CONSOLE_DIRECTIVES: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
    "report-uri": REPORT_PATH,
}
CONSOLE_POLICY: Final = "; ".join(f"{name} {value}" for name, value in CONSOLE_DIRECTIVES.items())


def is_console(request: HttpRequest) -> bool:
    """Whether the request asks the console's host, whatever the port."""
    given: str = request.META.get("HTTP_HOST", "")
    name, _, port = given.rpartition(":")
    host = name if port.isdigit() else given
    console: str = settings.CONSOLE_HOST
    # With a dot at its end a name means the same, and Django lets it in as the same.
    return host.lower().removesuffix(".") == console


@sync_and_async_middleware
def hosts(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware: gives requests to the console's host the console's addresses and policy."""
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            console = _routed(request)
            return _finished(await get_response(request), console)

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        console = _routed(request)
        return _finished(get_response(request), console)

    return synchronous


def _routed(request: HttpRequest) -> bool:
    console = is_console(request)
    # What browsers report goes to the one place for it, from whichever page.
    if console and request.path != REPORT_PATH:
        request.urlconf = CONSOLE_URLS
    return console


def _finished(response: HttpResponseBase, console: bool) -> HttpResponseBase:
    if console:
        response["Content-Security-Policy"] = CONSOLE_POLICY
        # Under `no-referrer` a browser sends forms with the origin `null`; no other host is told anything.
        response["Referrer-Policy"] = "same-origin"
    return response
