"""Integrity, alerts, plots and the ready answers."""

from datetime import UTC, datetime
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render

from accounts.console import ConsoleCaller
from audit import alerts, answers, auditing, integrity, plots, search
from beep import clock
from beep.errors import BeepError
from consoles import names, wording
from consoles.access import page

DAY: Final = 86_400_000
RANGES: Final = {"1": "day", "7": "week", "30": "month"}


@page("GET")
def show_integrity(request: HttpRequest, caller: ConsoleCaller) -> HttpResponse:
    """Size, checkpoint, cosignatures and their ages, the integrator's lag, failed checks. Noted."""
    found = integrity.look()
    auditing.note_report(actor=caller.actor(), report="integrity", parameters={"size": found.size})
    return render(request, "consoles/integrity.html", {"caller": caller, "found": found})


@page("GET")
def show_alerts(request: HttpRequest, caller: ConsoleCaller) -> HttpResponse:
    """What fits a rule in the last thirty days; what nobody has looked at stands first. Noted."""
    found = alerts.current()
    auditing.note_report(actor=caller.actor(), report="alerts", parameters={"rows": len(found)})
    lines = names.lines([alert.row for alert in found])
    context = {
        "caller": caller,
        "alerts": [(alert, line) for alert, line in zip(found, lines, strict=True)],
        "open": sum(alert.review is None for alert in found),
    }
    return render(request, "consoles/alerts.html", context)


@page("POST")
def review(request: HttpRequest, caller: ConsoleCaller, leaf: int) -> HttpResponse:
    """Note that an alert was looked at."""
    alerts.review(leaf=leaf, note=request.POST.get("note", ""), actor=caller.actor())
    return HttpResponseRedirect("/alerts")


@page("GET")
def show_plots(request: HttpRequest, caller: ConsoleCaller) -> HttpResponse:
    """Three pictures: events an hour by class, refused ratio, who did what. Noted, for the last has names."""
    begin, end, days = _range(request)
    auditing.note_report(actor=caller.actor(), report="plots", parameters={"days": int(days)})
    heat = plots.actors(begin=begin, end=end)
    known = names.by_id(heat.actors)
    columns = heat.actions[:20]
    most = max(
        (heat.counts.get((actor, action), 0) for actor in heat.actors for action in columns), default=0
    )
    rows = [
        (
            actor,
            known.get(actor, str(actor)),
            [_cell(heat.counts.get((actor, action), 0), most) for action in columns],
        )
        for actor in heat.actors
    ]
    context = {
        "caller": caller,
        "days": days,
        "ranges": RANGES,
        "columns": [(action, wording.sentence(action)) for action in columns],
        "rows": rows,
    }
    return render(request, "consoles/plots.html", context)


@page("GET")
def plot_data(request: HttpRequest, caller: ConsoleCaller) -> HttpResponse:
    """The two time plots' columns as JSON: seconds UTC, then a series a class. Noted like the page."""
    begin, end, days = _range(request)
    auditing.note_report(actor=caller.actor(), report="plots.data", parameters={"days": int(days)})
    classes = plots.by_class(begin=begin, end=end)
    ratio = plots.refused_ratio(begin=begin, end=end)
    return JsonResponse(
        {
            "times": classes.times,
            "classes": {wording.class_of(name): counts for name, counts in classes.series.items()},
            "refused": ratio.series["refused"],
            "all": ratio.series["all"],
        }
    )


@page("GET")
def reports(request: HttpRequest, caller: ConsoleCaller) -> HttpResponse:
    """The questions with ready answers."""
    now = datetime.now(UTC)
    return render(request, "consoles/reports.html", {"caller": caller, "month": f"{now:%Y-%m}"})


@page("GET")
def who_looked(request: HttpRequest, caller: ConsoleCaller) -> HttpResponse:
    """Who looked at a person's records; for print. Needs a case number and is noted."""
    given = {name: request.GET.get(name, "") for name in ("subject", "from", "to")}
    filters = search.parse(given)
    if filters.subject is None:
        raise BeepError("bad_request", "Choose a person first.", detail={"field": "subject"})
    case = search.case_number(request.GET.get("case", ""), needed=True)
    begin = filters.begin if filters.begin is not None else 0
    end = filters.end if filters.end is not None else clock.now_ms() + 1
    found = answers.who_looked(person=filters.subject, begin=begin, end=end)
    auditing.note_looked(actor=caller.actor(), person=filters.subject, case=case, rows=len(found.rows))
    context = {
        "caller": caller,
        "person": names.by_id([filters.subject]).get(filters.subject, str(filters.subject)),
        "subject": filters.subject,
        "begin": wording.moment(begin) if begin else None,
        "end": wording.moment(end),
        "case": case,
        "lines": names.lines(found.rows),
        "cut": found.cut,
        "made": datetime.now(UTC),
    }
    return render(request, "consoles/who_looked.html", context)


def _range(request: HttpRequest) -> tuple[int, int, str]:
    days = request.GET.get("days", "7")
    if days not in RANGES:
        raise BeepError("bad_request", "A plot shows a day, a week or a month.")
    end = clock.now_ms()
    return end - int(days) * DAY, end, days


def _cell(count: int, most: int) -> tuple[int, int]:
    """A count and its shade from 0 to 5."""
    return count, -(-5 * count // most) if most else 0
