"""Whether anything was deleted: what the log tells of, against what is stored."""

import re
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.console import ConsoleCaller
from audit import accepted, answers, auditing
from beep import clock
from beep.errors import BeepError
from consoles import names
from consoles.access import page


@page("GET")
def deleted(request: HttpRequest, caller: ConsoleCaller) -> HttpResponse:
    """Whether anything was deleted in a month, or on a day of it; for print. Noted."""
    match = re.fullmatch(r"(20[0-9]{2})-(0[1-9]|1[0-2])(?:-([0-9]{2}))?", request.GET.get("month", ""))
    try:
        if match is None:
            raise ValueError
        filters = answers.whole_month(int(match[1]), int(match[2]), int(match[3]) if match[3] else None)
    except ValueError:
        raise BeepError(
            "bad_request",
            "A month is written like 2026-03, a day like 2026-03-09.",
            detail={"field": "month"},
        ) from None
    begin, end = filters.begin or 0, min(filters.end or 0, clock.now_ms())
    auditing.note_report(actor=caller.actor(), report="deleted", parameters={"month": match[0]})
    context = {
        "caller": caller,
        "month": match[0],
        "lines": names.lines(answers.destructions(begin=begin, end=end)),
        "checked": accepted.check(begin=begin, end=end),
        "made": datetime.now(UTC),
    }
    return render(request, "consoles/deleted.html", context)
