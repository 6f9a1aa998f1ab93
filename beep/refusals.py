"""Turns every refusal under /api/ into the same JSON, whoever made it: `{"code", "message", "detail"?}`."""

from collections.abc import Callable
from inspect import iscoroutinefunction
from math import ceil
from typing import Any, Final

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from beep.errors import BeepError
from beep.origins import check_origin

API_PREFIX: Final = "/api/"
HEALTH_PATH: Final = "/healthz"
"""Asked by whatever watches the process, under whatever name it knows for it."""
CODE_OF_STATUS: Final = {
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    429: "rate_limited",
    503: "busy",
}
"""The code for an answer that Django made itself and that knows only its status."""


def to_response(error: BeepError) -> JsonResponse:
    """The answer that carries `error`; `detail.retry_after` is in seconds, and stands in `Retry-After` as
    well.
    """
    detail = dict(error.detail)
    if error.retry_after is not None:
        detail["retry_after"] = error.retry_after
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if detail:
        body["detail"] = detail
    response = JsonResponse(body, status=error.status)
    response["Cache-Control"] = "no-store"
    if error.retry_after is not None:
        response["Retry-After"] = str(max(1, ceil(error.retry_after)))
    return response


@sync_and_async_middleware
def refusals(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware: refuse what no address under /api/ accepts, and give Django's own error pages the common
    form.

    Both flavours, so that neither kind of server pays for a change of thread.
    """
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            return _refused_early(request) or _in_common_form(request, await get_response(request))

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        return _refused_early(request) or _in_common_form(request, get_response(request))

    return synchronous


def _refused_early(request: HttpRequest) -> HttpResponseBase | None:
    """A host that is not ours, another origin's page, and NUL, which PostgreSQL's text cannot hold."""
    if request.path == HEALTH_PATH:
        return None
    try:
        request.get_host()
        if not request.path.startswith(API_PREFIX):
            return None
        check_origin(request)
        if "\0" in request.path:
            raise BeepError("bad_request", "The path contains a NUL character.")
    except DisallowedHost:
        return to_response(BeepError("bad_request", "Beep does not answer to this host name."))
    except BeepError as error:
        return to_response(error)
    return None


def _in_common_form(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code < 400 or not request.path.startswith(API_PREFIX):
        return response
    if response.get("Content-Type", "").startswith("application/json"):
        return response
    code = CODE_OF_STATUS.get(response.status_code) or (
        "bad_request" if response.status_code < 500 else "internal"
    )
    replaced = to_response(BeepError(code))
    if "Allow" in response:
        replaced["Allow"] = response["Allow"]
    return replaced
