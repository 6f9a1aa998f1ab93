"""The console's one script, style sheet and font: what `web/` has built into `dist/console/`."""

import mimetypes
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase

NAMES: Final = frozenset({"console.js", "console.css", "inter.woff2"})
"""Nothing else is read, whatever a request asks for."""


@lru_cache(maxsize=16)
def _read(path: Path, changed: int) -> tuple[bytes, str]:
    content = path.read_bytes()
    return content, f'"{sha256(content).hexdigest()[:32]}"'


def serve(request: HttpRequest, name: str) -> HttpResponseBase:
    """One of the files, or 304 when the browser has it."""
    path = settings.WEB_DIST / "console" / name
    if name not in NAMES or request.method not in ("GET", "HEAD") or not path.is_file():
        raise Http404
    content, tag = _read(path, path.stat().st_mtime_ns)
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag})
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    # Asked for each time: the name does not change with the content.
    return HttpResponse(content, content_type=kind, headers={"ETag": tag, "Cache-Control": "no-cache"})
