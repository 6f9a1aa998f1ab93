"""Receives what browsers report about blocked content. In the demo the last reports can be read, so that a
test fails on any.

A report says which rule was broken and where from; it may also hold a URL, so the log keeps only the rule and
the origin.
"""

import json
from collections import deque
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import Counter

log = structlog.get_logger("beep.csp")

MAX_REPORT_BYTES: Final = 16_384
received = Counter("beep_csp_reports", "Content-security reports that browsers sent")
_last: deque[Any] = deque(maxlen=50)
_count = 0


async def csp_report(request: HttpRequest) -> HttpResponse:
    """POST stores one report (204); GET, in the demo only, answers `{"count", "reports"}`."""
    if request.method == "GET" and settings.DEMO:
        return JsonResponse({"count": _count, "reports": list(_last)})
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    try:
        body = request.body
        report = json.loads(body) if len(body) <= MAX_REPORT_BYTES else None
    except (ValueError, RecursionError, RequestDataTooBig):
        report = None
    if not isinstance(report, dict | list):
        return HttpResponse(status=400)
    _note(report)
    return HttpResponse(status=204)


def _note(report: Any) -> None:
    global _count
    _count += 1
    received.inc()
    if settings.DEMO:
        _last.append(report)
    inner = report.get("csp-report", {}) if isinstance(report, dict) else {}
    directive = inner.get("effective-directive") if isinstance(inner, dict) else None
    blocked = inner.get("blocked-uri") if isinstance(inner, dict) else None
    log.warning(
        "csp_report",
        directive=directive if isinstance(directive, str) else "unknown",
        blocked=_origin_of(blocked) if isinstance(blocked, str) else "unknown",
    )


def _origin_of(uri: str) -> str:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return "unknown"
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else uri[:40]
