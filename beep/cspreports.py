"""Receives what browsers report about blocked content. In the demo the last reports can be read, so that a
test fails on any.

A report says which rule was broken and where from; it may also hold a URL, so the log keeps only the rule and
the origin.
"""

import json
import re
from collections import deque
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import Counter

from beep import metrics

log = structlog.get_logger("beep.csp")

MAX_REPORT_BYTES: Final = 16_384
MAX_HOST: Final = 253
"""Characters of a DNS name."""
RULE: Final = re.compile(r"[a-z-]{1,40}\Z")
"""A directive's name or a keyword such as `inline`. Anybody may send a report, so no other text is logged."""
received = Counter(
    "beep_csp_reports", "Content-security reports that browsers sent", registry=metrics.REGISTRY
)
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
        directive=directive if isinstance(directive, str) and RULE.match(directive) else "unknown",
        blocked=_origin_of(blocked) if isinstance(blocked, str) else "unknown",
    )


def _origin_of(uri: str) -> str:
    """Scheme, host and port of a URL; the scheme of one without a host; `inline`, `eval` and their like."""
    if RULE.match(uri):
        return uri
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "unknown"
    if not RULE.match(parts.scheme) or len(host or "") > MAX_HOST:
        return "unknown"
    if not host:
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")
