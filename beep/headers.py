"""Security headers on every answer, and the access log: method, path without query, status, milliseconds.

The policy trusts this origin alone and nothing inline. The one exception is made by the build: an inline
import map (there is no external form of it) is allowed by its SHA-256, which `beep.webclient` takes from the
built page.
"""

import time
from collections.abc import Callable, Iterable
from functools import cache
from inspect import iscoroutinefunction
from typing import Any, Final

import structlog
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from beep.origins import websocket_origins

log = structlog.get_logger("beep.access")

REPORT_PATH: Final = "/csp-report"

PERMISSIONS_POLICY: Final = ", ".join(
    # The camera scans QR codes; the clipboard takes a copied safety number.
    ["camera=(self)", "clipboard-write=(self)"]
    + [
        f"{feature}=()"
        for feature in (
            "accelerometer",
            "autoplay",
            "browsing-topics",
            "clipboard-read",
            "display-capture",
            "encrypted-media",
            "fullscreen",
            "gamepad",
            "geolocation",
            "gyroscope",
            "hid",
            "identity-credentials-get",
            "idle-detection",
            "local-fonts",
            "magnetometer",
            "microphone",
            "midi",
            "otp-credentials",
            "payment",
            "picture-in-picture",
            "screen-wake-lock",
            "serial",
            "storage-access",
            "usb",
            "window-management",
            "xr-spatial-tracking",
        )
    ]
)

FIXED_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS_POLICY,
    "Reporting-Endpoints": f'csp="{REPORT_PATH}"',
}


def content_security_policy(script_hashes: Iterable[str] = ()) -> str:
    """The policy; `script_hashes` are CSP hash sources without quotes, for example `sha256-…`."""
    scripts = " ".join(["'self'", *(f"'{value}'" for value in script_hashes)])
    directives = {
        "default-src": "'self'",
        "script-src": scripts,
        "connect-src": " ".join(["'self'", *websocket_origins()]),
        "img-src": "'self' blob: data:",
        "worker-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "svelte-trusted-html beep-worker",
        # Not report-to: browsers hold those reports back for up to a minute, and a test waits for none.
        "report-uri": REPORT_PATH,
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


@cache
def _default_policy() -> str:
    return content_security_policy()


@sync_and_async_middleware
def security_headers(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware, outermost: adds the headers to every answer, errors included, and writes the access log."""
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            started = time.monotonic()
            return _finish(request, await get_response(request), started)

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        started = time.monotonic()
        return _finish(request, get_response(request), started)

    return synchronous


def _finish(request: HttpRequest, response: HttpResponseBase, started: float) -> HttpResponseBase:
    for name, value in FIXED_HEADERS.items():
        response.setdefault(name, value)
    if "Content-Security-Policy" not in response:
        response["Content-Security-Policy"] = _default_policy()
    if settings.ORIGINS[0].startswith("https://"):
        response["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    if request.path.startswith("/api/"):
        response.setdefault("Cache-Control", "no-store")
    log.info(
        "request",
        method=request.method,
        path=request.path,
        status=response.status_code,
        ms=round((time.monotonic() - started) * 1000, 1),
    )
    return response
