"""The log in pages, one entry, and its evidence."""

import json
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import render

from accounts import people, units
from accounts.console import ConsoleCaller
from audit import auditing, canonical, evidence, growth, integrity, search
from audit.events import CATALOGUE
from audit.integrity import Waiting
from audit.note import encode_base64
from audit.search import Filters, Place
from beep.errors import BeepError
from consoles import names, wording
from consoles.access import page

LATE: Final = 3_000
"""Milliseconds that an event may wait to be taken in before a page says that it may lack something."""
FORM_FIELDS: Final = (
    "from",
    "to",
    "begin",
    "end",
    "actor",
    "system",
    "subject",
    "target",
    "ministry",
    "address",
    "outcome",
)


@page("GET")
def log(request: HttpRequest, caller: ConsoleCaller) -> HttpResponse:
    """The log, newest first, through the filters of the address. Every look is noted."""
    given = given_filters(request.GET)
    context = _form(caller, request.GET)
    try:
        filters = search.parse(given)
        context |= {"filters": filters}
        case = search.case_number(request.GET.get("case", ""), needed=filters.names_a_person)
        before = Place.parse(request.GET["before"]) if request.GET.get("before") else None
        # Before the rows are read: what is taken in between is then on the page after all.
        late = integrity.waiting()
        found = auditing.look(actor=caller.actor(), filters=filters, case=case, before=before)
    except BeepError as error:
        # Who was chosen stays chosen. A name that is shown is noted, as where it was found.
        context |= {"people": _people(context["filters"]), "error": error}
        if context["people"]:
            shown: dict[str, canonical.Json] = {"found": len(context["people"])}
            auditing.note_report(actor=caller.actor(), report="people", parameters=shown)
        return render(request, "consoles/log.html", context, status=error.status)
    following = _address(request.GET, before=str(found.following)) if found.following else None
    if late.oldest is not None and (late.lag_ms or 0) > LATE and _reaches(late, filters, before):
        context |= {"late": late, "late_since": wording.moment(late.oldest)}
    context |= {
        "lines": names.lines(found.rows),
        "following": following,
        "first": _address(request.GET, before=None) if before else None,
        "people": _people(filters),
        "filtered": bool(filters.plain()),
        "case": case or "",
        "query": _address(request.GET, before=None).partition("?")[2],
    }
    return render(request, "consoles/log.html", context)


@page("GET")
def entry(request: HttpRequest, caller: ConsoleCaller, leaf: int) -> HttpResponse:
    """One entry with its clear texts. The look is noted, with the case of the search it came from."""
    case = search.case_number(request.GET.get("case", ""), needed=False)
    found = auditing.view(actor=caller.actor(), leaf=leaf, case=case)
    context = {
        "caller": caller,
        "line": names.lines([found.row])[0],
        "entry": found,
        "openings": sorted(found.openings.items()),
        "erased": sorted(auditing.commitments(found.event) - set(found.openings)),
        "json": json.dumps(found.event, ensure_ascii=False, indent=2),
        "case": case or "",
    }
    return render(request, "consoles/entry.html", context)


@page("GET")
def proof(request: HttpRequest, caller: ConsoleCaller, leaf: int) -> HttpResponse:
    """The evidence that the page's script verifies: bytes in base64, the policy as text.

    `?pinned=` is the size of the last state that the browser has verified; `consistency` leads on from it.
    """
    pinned = growth.parse_size(request.GET.get("pinned", ""))
    found = auditing.evidence_of(actor=caller.actor(), leaf=leaf)
    return JsonResponse(
        {
            "index": found.index,
            "body": encode_base64(found.body),
            "proof": [encode_base64(step) for step in found.proof],
            "checkpoint": found.note.decode(),
            "consistency": [encode_base64(step) for step in growth.since(pinned, note=found.note)],
            "policy": evidence.readers_policy(found.note),
        }
    )


@page("GET")
def proof_file(request: HttpRequest, caller: ConsoleCaller, leaf: int) -> HttpResponse:
    """The evidence as a C2SP tlog-proof file."""
    found = auditing.evidence_of(actor=caller.actor(), leaf=leaf)
    response = HttpResponse(found.format(), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="entry-{leaf}.tlog-proof"'
    return response


@page("GET")
def find_people(request: HttpRequest, caller: ConsoleCaller) -> HttpResponse:
    """People by name or post, to fill in a filter; noted like everything that an auditor looks up."""
    query = "".join(filter(str.isprintable, request.GET.get("q", ""))).strip()[:100]
    if len(query) < 2:
        return JsonResponse({"people": []})
    found, _ = people.search(query=query, cursor=None)
    auditing.note_report(actor=caller.actor(), report="people", parameters={"found": len(found)})
    return JsonResponse(
        {
            "people": [
                {
                    "id": str(card.id),
                    "name": card.name.latin or card.name.local,
                    "detail": " · ".join(part for part in (card.post.latin, card.ministry.latin) if part),
                }
                for card in found
            ]
        }
    )


@page("POST")
def save(request: HttpRequest, caller: ConsoleCaller) -> HttpResponse:
    """Keep the filters of the form under a name."""
    given = QueryDict(request.POST.get("query", "")[:4_000])
    filters = search.parse(given_filters(given))
    auditing.save_search(actor=caller.actor(), name=request.POST.get("name", ""), filters=filters)
    return HttpResponseRedirect(_address(given, before=None))


@page("POST")
def drop(request: HttpRequest, caller: ConsoleCaller, search_id: Any) -> HttpResponse:
    """Forget a saved search."""
    auditing.drop_search(actor=caller.actor(), search=search_id)
    return HttpResponseRedirect("/log")


def given_filters(given: QueryDict) -> dict[str, Any]:
    """The filters' fields of a form, as `search.parse` takes them."""
    fields: dict[str, Any] = {name: given.get(name, "") for name in FORM_FIELDS}
    fields["actions"] = [action for action in given.getlist("actions") if action]
    return fields


def filters_query(plain: dict[str, canonical.Json]) -> str:
    """The address's query for filters as `Filters.plain` writes them."""
    return urlencode(plain, doseq=True)


def _form(caller: ConsoleCaller, given: QueryDict) -> dict[str, Any]:
    saved = [
        {"id": kept.id, "name": kept.name, "query": filters_query(kept.filters)}
        for kept in auditing.saved(person=caller.person)
    ]
    actions = sorted(CATALOGUE)
    classes = sorted({f"{action.partition('.')[0]}." for action in actions if "." in action})
    return {
        "caller": caller,
        "given": given,
        "chosen": given.getlist("actions"),
        "classes": [(name, wording.class_of(name)) for name in classes],
        "actions": [(action, wording.sentence(action)) for action in actions],
        "ministries": units.ministries(),
        "saved": saved,
        "filters": Filters(),
    }


def _reaches(late: Waiting, filters: Filters, before: Place | None) -> bool:
    """Whether what waits could belong on this page; of more than is counted nobody knows the oldest."""
    if not late.whole or late.oldest is None:
        return True
    return late.oldest < (filters.end or late.oldest + 1) and (before is None or late.oldest <= before.at)


def _people(filters: Filters) -> dict[UUID, str]:
    """The names of those whom the filters name."""
    return names.by_id({person for person in (filters.actor, filters.subject) if person})


def _address(given: QueryDict, *, before: str | None) -> str:
    copy = given.copy()
    copy.pop("before", None)
    if before:
        copy["before"] = before
    for name in [name for name in copy if not any(copy.getlist(name))]:
        del copy[name]
    return f"/log?{copy.urlencode()}" if copy else "/log"
