"""In and out: sign-in, the fresh one-time code, sign-out.

The passphrase is stretched in the browser, as in the messenger, and never sent: the page's script asks for
the salt, derives the sign-in secret and posts that.
"""

import base64
import binascii
import json
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render

from accounts import console, credentials
from accounts.auth import visitor_of
from accounts.console import ConsoleCaller
from beep.errors import BeepError
from consoles.access import clear_cookie, page, safe_next, set_cookie

MAX_BODY: Final = 4_096


@page("GET", public=True)
def sign_in_page(request: HttpRequest) -> HttpResponse:
    """The form; what it needs beside itself comes from the two addresses below."""
    return render(request, "consoles/sign_in.html", {"next": safe_next(request)})


@page("POST", public=True)
def begin(request: HttpRequest) -> HttpResponse:
    """JSON `{login}` → `{salt, challenge}` for any login; whether it exists is not told."""
    try:
        greeting = console.begin(login=_text(_body(request), "login"))
    except BeepError as error:
        return _refused(error)
    return JsonResponse({"salt": _encode(greeting.salt), "challenge": _encode(greeting.challenge)})


@page("POST", public=True)
def sign_in(request: HttpRequest) -> HttpResponse:
    """JSON `{login, signin_secret, totp, challenge}` → 200 and the cookie, or `{code, message}`."""
    try:
        body = _body(request)
        opened = console.sign_in(
            login=_text(body, "login"),
            signin_secret=_bytes(body, "signin_secret", credentials.SECRET_BYTES),
            token=_text(body, "totp"),
            challenge=_bytes(body, "challenge", None),
            visitor=visitor_of(request),
        )
    except BeepError as error:
        return _refused(error)
    response = JsonResponse({})
    set_cookie(response, opened)
    return response


@page("GET", "POST")
def step_up(request: HttpRequest, caller: ConsoleCaller) -> HttpResponse:
    """Ask for a one-time code, and go on where it was needed."""
    refused: BeepError | None = None
    if request.method == "POST":
        try:
            console.step_up(caller=caller, token=request.POST.get("totp", "")[:16])
            return HttpResponseRedirect(safe_next(request))
        except BeepError as error:
            refused = error
    context = {"caller": caller, "next": safe_next(request), "error": refused}
    return render(request, "consoles/step_up.html", context, status=refused.status if refused else 200)


@page("POST")
def sign_out(request: HttpRequest, caller: ConsoleCaller) -> HttpResponse:
    """End the session."""
    console.sign_out(caller=caller)
    response = HttpResponseRedirect("/sign-in")
    clear_cookie(response)
    return response


def _refused(error: BeepError) -> JsonResponse:
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.retry_after is not None:
        body["retry_after"] = error.retry_after
    return JsonResponse(body, status=error.status)


def _body(request: HttpRequest) -> dict[str, Any]:
    if len(request.body) > MAX_BODY:
        raise BeepError("too_large")
    try:
        found = json.loads(request.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BeepError("bad_request")
    return found


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or len(value) > 256 or "\0" in value:
        raise BeepError("bad_request")
    return value


def _bytes(body: dict[str, Any], name: str, length: int | None) -> bytes:
    text = _text(body, name)
    try:
        value = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BeepError("bad_request") from None
    if _encode(value) != text or (length is not None and len(value) != length):
        raise BeepError("bad_request")
    return value


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
