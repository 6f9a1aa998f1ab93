"""A form of the console is sent by a page of the console, and by nothing else."""

from django.http import HttpRequest

from beep.errors import BeepError


def check_origin(request: HttpRequest) -> None:
    """Raises BeepError `forbidden` unless the request's Origin is the host that was asked.

    Cookies are SameSite=Strict; this keeps out the other hosts of the same site, the messenger among them.
    """
    if request.headers.get("Origin") != f"{request.scheme}://{request.get_host()}":
        raise BeepError("forbidden", "This request came from a page of another origin.")
