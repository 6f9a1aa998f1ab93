"""Authentication of HTTP requests: the session cookie, checked in one query.

That a request comes from a page of our own is `beep.origins`' business, before any operation runs.
"""

import ipaddress
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja.security import APIKeyCookie

from accounts import sessions
from accounts.callers import Caller, Visitor
from accounts.sessions import SignedIn
from beep import clock, rates
from beep.errors import BeepError

PER_MINUTE: Final = 3_000
"""Requests of one device. Entering a group of a thousand takes two for each member."""


class SessionCookie(APIKeyCookie):
    """Ninja's authentication: `request.auth` becomes a `Caller`."""

    param_name = sessions.COOKIE

    def __init__(self) -> None:
        # Django's CSRF token is not used: the cookie is SameSite=Strict and the origin is checked.
        super().__init__(csrf=False)

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller:
        """The caller.

        Raises BeepError `not_signed_in`, `device_revoked` to whom a revoked device was, or `rate_limited`.
        """
        caller = sessions.find(key, address=address_of(request))
        if caller is None:
            raise sessions.refusal(key)
        # Views take turns in few threads: one device must not have them all.
        rates.spend(key=f"http:{caller.device}", limit=PER_MINUTE, seconds=60, now_ms=clock.now_ms())
        return caller


def caller_of(request: HttpRequest) -> Caller:
    """The caller of a request that passed `SessionCookie`."""
    caller = getattr(request, "auth", None)
    if not isinstance(caller, Caller):
        raise BeepError("not_signed_in")
    return caller


def caller_if_any(request: HttpRequest) -> Caller | None:
    """The caller of a request that may do without a session: None when it has no cookie.

    A cookie that is not good any more is refused as `SessionCookie` refuses it.
    """
    key = request.COOKIES.get(sessions.COOKIE)
    return SessionCookie().authenticate(request, key) if key else None


def visitor_of(request: HttpRequest) -> Visitor:
    """Whoever sends a request that needs no session."""
    return Visitor(address=address_of(request))


def address_of(request: HttpRequest) -> str | None:
    """The client's IP address: the proxy's word where a proxy is trusted, else the connection's."""
    return client_address(
        forwarded=request.headers.get("X-Forwarded-For"), peer=request.META.get("REMOTE_ADDR", "")
    )


def client_address(*, forwarded: str | None, peer: str) -> str | None:
    """The same from the header X-Forwarded-For and the connection's other end.

    The last entry of the header is the one that our own proxy added; all before it are the client's claims.
    """
    claimed = forwarded if settings.TRUSTED_PROXY else None
    return _valid((claimed.rsplit(",", 1)[-1] if claimed else peer).strip())


def set_cookie(response: HttpResponse, opened: SignedIn) -> None:
    """Give the browser a session's token. `__Host-`: this host alone, over TLS (or on localhost).

    A temporary device's cookie does not outlive the browser: others use that computer too.
    """
    response.set_cookie(
        sessions.COOKIE,
        sessions.cookie_value(opened.token),
        max_age=None if opened.temporary else sessions.IDLE,
        path="/",
        secure=True,
        httponly=True,
        samesite="Strict",
    )


def clear_cookie(response: HttpResponse) -> None:
    """Take the token back; `__Host-` cookies are only deleted by a Secure one."""
    response.set_cookie(
        sessions.COOKIE, "", max_age=0, path="/", secure=True, httponly=True, samesite="Strict"
    )


def _valid(address: str) -> str | None:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None
