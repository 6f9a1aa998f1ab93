"""The HTTP API under /api/v1: mounts the applications' routers and gives every refusal its documented form.

The OpenAPI document is `/api/v1/openapi.json`. There is no documentation page: it would load scripts from
elsewhere.
"""

from typing import Any, Final

from django.core.exceptions import RequestDataTooBig
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from ninja.types import DictStrAny

from accounts.api import router as accounts_router
from beep.errors import BeepError
from beep.refusals import CODE_OF_STATUS, to_response
from messaging.api import router as messaging_router

MAX_REPORTED_ERRORS: Final = 8
"""A refused body names at most this many of its faults."""


class StrictParser(Parser):
    """JSON and query strings without NUL characters, which PostgreSQL's text cannot hold."""

    def parse_body(self, request: HttpRequest) -> DictStrAny:
        """Parse the body; raises BeepError `bad_request` or `too_large`."""
        try:
            body = super().parse_body(request)
        except RequestDataTooBig as error:
            raise BeepError("too_large") from error
        except (ValueError, RecursionError) as error:
            raise BeepError("bad_request", "The body is not JSON.") from error
        _refuse_nul(body)
        return body

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> DictStrAny:
        """Parse a query string; raises BeepError `bad_request`."""
        parsed = super().parse_querydict(data, list_fields, request)
        _refuse_nul(parsed)
        return parsed


def _refuse_nul(root: Any) -> None:
    pending = [root]
    while pending:
        value = pending.pop()
        if isinstance(value, str) and "\0" in value:
            raise BeepError("bad_request", "A string contains a NUL character.")
        if isinstance(value, dict):
            pending.extend(value)
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


api = NinjaAPI(
    title="Beep",
    version="1",
    urls_namespace="api",
    docs_url=None,
    # The document, too, answers 405 to what it does not know.
    docs_decorator=require_safe,
    parser=StrictParser(),
)


@api.exception_handler(BeepError)
def _beep_error(request: HttpRequest, error: BeepError) -> HttpResponse:
    return to_response(error)


@api.exception_handler(ValidationError)
def _validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Name where the request is wrong and how, never the offending value: it may be a secret."""
    faults = [
        {"where": ".".join(str(step) for step in fault["loc"]), "what": fault["type"]}
        for fault in error.errors[:MAX_REPORTED_ERRORS]
    ]
    return to_response(BeepError("bad_request", detail={"faults": faults}))


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return to_response(BeepError(CODE_OF_STATUS.get(error.status_code, "bad_request")))


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return to_response(BeepError("not_found"))


@api.exception_handler(DataError)
def _data_error(request: HttpRequest, error: DataError) -> HttpResponse:
    """A value that passed the schema and that no column can hold."""
    return to_response(BeepError("bad_request"))


api.add_router("", accounts_router)
api.add_router("", messaging_router)
