"""Serves the built web client: its files as they are, and `index.html` for each of the client's own routes.

Files under `assets/` carry a content hash in their names and may be kept for ever; everything else (the page,
the service worker, the manifest) is asked for again each time, so that a new version arrives with the next
load. Brotli and gzip variants beside a file (`app.js.br`, `app.js.gz`) are chosen by `Accept-Encoding`.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from whitenoise import WhiteNoise
from whitenoise.responders import StaticFile

from beep.headers import REPORT_PATH, content_security_policy

HASHED_NAME: Final = r"^/assets/.+[-.][A-Za-z0-9_-]{8,}\.[a-z0-9.]+$"
INLINE_SCRIPT: Final = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
MISSING: Final = "The web client has not been built; run `make web`.\n"


@dataclass(frozen=True)
class Client:
    """One build of the web client."""

    files: dict[str, StaticFile]
    policy: str
    """Content-Security-Policy of the page: the common one, and the hashes of the page's inline scripts."""


@lru_cache(maxsize=2)
def _load(root: Path, built: int) -> Client:
    """Read the build; `built` is the page's modification time in ns, so that a new build replaces the old
    one.
    """
    noise = WhiteNoise(
        None,
        root,
        max_age=0,
        allow_all_origins=False,
        immutable_file_test=HASHED_NAME,
        add_headers_function=None,
    )
    page = (root / "index.html").read_bytes()
    hashes = [
        "sha256-" + base64.b64encode(hashlib.sha256(script).digest()).decode()
        for script in INLINE_SCRIPT.findall(page)
    ]
    return Client(files=noise.files, policy=content_security_policy(hashes))


def current() -> Client | None:
    """The build that lies in `settings.WEB_DIST`, or None before the first build."""
    try:
        built = (settings.WEB_DIST / "index.html").stat().st_mtime_ns
    except FileNotFoundError:
        return None
    return _load(settings.WEB_DIST, built)


async def web_client(request: HttpRequest) -> HttpResponse:
    """A file of the build, else the page when the path can be a route, else 404."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    client = current()
    if client is None:
        return HttpResponse(MISSING, status=503, content_type="text/plain")
    file = client.files.get(request.path)
    # The console's files are for the console's host (`consoles.files`).
    if (
        file is not None
        and not request.path.endswith((".br", ".gz"))
        and not request.path.startswith("/console/")
    ):
        return _serve(file, request, client)
    # A route has no dot in its last step: a script that is gone must be a 404, never a page.
    if "." in request.path.rpartition("/")[2] or request.path == REPORT_PATH:
        return HttpResponse("Not found.\n", status=404, content_type="text/plain")
    return _serve(client.files["/index.html"], request, client)


def _serve(file: StaticFile, request: HttpRequest, client: Client) -> HttpResponse:
    answer = file.get_response(request.method, request.META)
    content = b""
    if answer.file is not None:
        with answer.file as stream:
            content = stream.read()
    response = HttpResponse(content, status=int(answer.status))
    del response["Content-Type"]
    for name, value in answer.headers:
        response[name] = value
    response["Content-Security-Policy"] = client.policy
    response["Integrity-Policy"] = "blocked-destinations=(script), endpoints=(csp)"
    return response
