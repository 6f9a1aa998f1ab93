"""Who may see a page: a living console session, and a fresh one-time code where a page asks for one.

Refusals become pages; a browser without a session is sent to sign in. What a page shows is never cached.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render

from accounts import console
from accounts.auth import address_of
from accounts.console import ConsoleCaller
from beep.errors import BeepError
from consoles.origins import check_origin

SAFE: Final = frozenset({"GET", "HEAD"})


def page(*methods: str, public: bool = False, fresh: bool = False) -> Callable[[Any], Any]:
    """A view for these methods; `public` needs no session, `fresh` a one-time code within five minutes.

    The view gets `request`, then the caller unless public. A BeepError that it raises becomes a page.
    """

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def answer(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
            try:
                response = _answer(request, view, methods, public, fresh, arguments, named)
            except BeepError as error:
                response = refusal(request, error)
            response["Cache-Control"] = "no-store"
            return response

        return answer

    return decorate


def _answer(
    request: HttpRequest,
    view: Callable[..., HttpResponseBase],
    methods: tuple[str, ...],
    public: bool,
    fresh: bool,
    arguments: tuple[Any, ...],
    named: dict[str, Any],
) -> HttpResponseBase:
    if request.method not in methods:
        raise BeepError("method_not_allowed")
    if request.method not in SAFE:
        check_origin(request)
    if public:
        return view(request, *arguments, **named)
    caller = caller_of(request)
    if caller is None:
        return _to("/sign-in", request)
    if fresh and not caller.fresh:
        return _to("/step-up", request)
    return view(request, caller, *arguments, **named)


def caller_of(request: HttpRequest) -> ConsoleCaller | None:
    """The living session behind the request's cookie, if there is one."""
    with transaction.atomic():
        return console.find(request.COOKIES.get(console.COOKIE), address=address_of(request))


def set_cookie(response: HttpResponse, opened: console.Opened) -> None:
    """Give the browser a console session. `__Host-`: this host alone, and until the browser closes."""
    response.set_cookie(
        console.COOKIE,
        console.cookie_value(opened.token),
        path="/",
        secure=True,
        httponly=True,
        samesite="Strict",
    )


def clear_cookie(response: HttpResponse) -> None:
    """Take the session's cookie back."""
    response.set_cookie(
        console.COOKIE, "", max_age=0, path="/", secure=True, httponly=True, samesite="Strict"
    )


def refusal(request: HttpRequest, error: BeepError) -> HttpResponse:
    """A page that says what was refused and where to go on."""
    response = render(request, "consoles/refused.html", {"error": error}, status=error.status)
    if error.retry_after is not None:
        response["Retry-After"] = str(max(1, round(error.retry_after)))
    return response


def safe_next(request: HttpRequest) -> str:
    """Where a form leads back to: a path of this host, else the log."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    plain = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if plain else "/log"


def _to(address: str, request: HttpRequest) -> HttpResponseRedirect:
    back = request.get_full_path() if request.method in SAFE else "/log"
    return HttpResponseRedirect(f"{address}?{urlencode({'next': back})}")
