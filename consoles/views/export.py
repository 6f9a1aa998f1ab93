"""Entries out of the console, as a ZIP that `beep-verify` accepts; needs a fresh one-time code."""

from django.http import HttpRequest, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase

from accounts.console import ConsoleCaller
from audit import auditing, search, selection
from beep import clock
from beep.errors import BeepError
from consoles.access import page
from consoles.views.entries import given_filters


@page("POST", fresh=True)
def download(request: HttpRequest, caller: ConsoleCaller) -> HttpResponseBase:
    """Everything that fits the form's filters, streamed; noted before the first byte leaves."""
    query = QueryDict(request.POST.get("query", "")[:4_000])
    form = request.POST.get("form", "jsonl")
    if form not in selection.FORMS:
        raise BeepError("bad_request", "An export is jsonl or csv.")
    filters = search.parse(given_filters(query))
    case = search.case_number(query.get("case", ""), needed=filters.names_a_person)
    selected = selection.select(filters)
    auditing.note_export(actor=caller.actor(), filters=filters, case=case, form=form, rows=selected.count)
    response = StreamingHttpResponse(selected.zip(form), content_type="application/zip")
    name = f"beep-audit-{clock.now():%Y%m%d-%H%M%S}.zip"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
