"""Entries out of the console, as a ZIP that `beep-verify` accepts; needs a fresh one-time code."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
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
    parts: Any = selected.zip(form)
    if isinstance(request, ASGIRequest):
        parts = _one_by_one(parts)
    response = StreamingHttpResponse(parts, content_type="application/zip")
    name = f"beep-audit-{clock.now():%Y%m%d-%H%M%S}.zip"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


async def _one_by_one(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The parts as they are made, each in the request's own thread: what Django is given as a plain iterator
    it reads to its end before the first byte leaves.
    """

    def following() -> bytes | None:
        return next(parts, None)

    while (part := await sync_to_async(following)()) is not None:
        yield part
