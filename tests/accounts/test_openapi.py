"""The whole HTTP API against its own OpenAPI document: no 5xx, and no answer that is not documented.

Schemathesis makes good and bad requests from the document, for a visitor and for somebody who is signed in.
Whatever the server answers must be listed, with the documented shape, and every refusal's code must stand
under its status.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from accounts import sessions
from accounts.models import Person, Throttle
from beep.api import api
from beep.errors import CATALOGUE
from tests.accounts.support import ORIGIN, Browser, activated

EXAMPLES = 8
"""Requests of each kind and visitor an operation: some 600 in all, twenty seconds."""

schemathesis.checks.load_all_checks()
CHECKED: list[Any] = schemathesis.checks.CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    ]
)
DOCUMENT: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema()))


def operations() -> list[Any]:
    """Every operation of the document, as a test parameter."""
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    schema.app = get_wsgi_application()
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(found) == sum(len(methods) for methods in DOCUMENT["paths"].values())
    return [pytest.param(operation, id=operation.label) for operation in found]


def documented_codes(operation: APIOperation[Any, Any, Any, Any]) -> dict[int, set[str]]:
    """Codes by status, as the document lists them."""
    responses = DOCUMENT["paths"][operation.path][operation.method]["responses"]
    return {
        int(status): set(re.findall(r"`(\w+)`", answer["description"]))
        for status, answer in responses.items()
    }


@pytest.fixture
def signed_in(db: None) -> Iterator[Browser]:
    """An open session; and requests leave the test's own transaction alone, as Django's test client does."""
    browser = activated()  # First: that client connects the signals again after each request.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield browser
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.django_db(databases=["default", "auditor"])
@pytest.mark.parametrize("operation", operations())
def test_no_surprises(signed_in: Browser, operation: APIOperation[Any, Any, Any, Any]) -> None:
    codes = documented_codes(operation)
    cookies: list[dict[str, str]] = [{}, {sessions.COOKIE: signed_in.token()}]
    good_and_bad = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )

    @seed(20260601)
    @settings(
        max_examples=EXAMPLES * 4,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=good_and_bad, cookie=st.sampled_from(cookies))
    def ask(case: Case[Any], cookie: dict[str, str]) -> None:
        # Whoever fuzzes is throttled at once, and then nothing else would be looked at.
        Throttle.objects.all().delete()
        case.cookies = cookie
        case.headers.clear()
        response = case.call(headers={"Origin": "http://localhost"})
        case.validate_response(
            response,
            checks=CHECKED,
        )
        if response.status_code >= 400:
            code = response.json()["code"]
            assert CATALOGUE[code][0] == response.status_code
            assert code in codes[response.status_code]

    ask()


def test_every_operation_is_documented() -> None:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), f"{method} {path}"
            unsafe = method not in {"get", "head"}
            assert {"400", "429", "500"} <= set(operation["responses"]), f"{method} {path}"
            assert not unsafe or "403" in operation["responses"], f"{method} {path}"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"login": "a\\u0000b"}',
        b'{"login": "\\ud800"}',
        b'{"login": 7}',
        b'{"login": true}',
        b'{"login": ["a"]}',
        b'{"login": ""}',
        b'{"login": "' + b"a" * 65 + b'"}',
        b'{"login": "a", "more": 1}',
        b'{"login": "a", "login\\u0000": 1}',
        b'{"login": NaN}',
        b"[" * 100_000,
    ],
    ids=lambda body: ascii(body[:30]),
)
def test_bodies_of_other_shapes_are_refused(client: Client, body: bytes) -> None:
    response = client.post(
        "/api/v1/sign-in/begin", body, content_type="application/json", headers={"origin": ORIGIN}
    )
    assert (response.status_code, response.json()["code"]) == (400, "bad_request")
    assert "detail" not in response.json() or "\\ud800" not in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("q=%00", 400),
        ("q=%ff%fe", 200),
        ("q=" + "a" * 201, 400),
        ("q=%D8%B9%D9%84%DB%8C", 200),
        ("cursor=x", 400),
        ("cursor=bnVsbA", 400),
        ("cursor=WyJhIiwiYiJd", 400),
        ("cursor=WyJcdWQ4MDAiLCIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDAiXQ", 400),
        ("cursor=WyJhXHUwMDAwIiwiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwIl0", 400),
    ],
)
def test_odd_queries_are_answered(query: str, status: int) -> None:
    browser = activated()
    assert browser.client.get(f"/api/v1/people?{query}").status_code == status


@pytest.mark.django_db
@pytest.mark.parametrize("id_", ["x", "%00", "0" * 32, "ABCDEF00-0000-4000-8000-000000000000"])
def test_odd_ids_are_refused(id_: str) -> None:
    browser = activated()
    assert browser.client.get(f"/api/v1/people/{id_}").status_code == 400


@pytest.mark.django_db
def test_nothing_is_there_for_who_is_not_signed_in(client: Client) -> None:
    activated()
    person = Person.objects.get().id
    for path in ("me", "devices", "people", f"people/{person}", f"people/{person}/identity", "key-packages"):
        response = client.get(f"/api/v1/{path}")
        assert (response.status_code, response.json()["code"]) == (401, "not_signed_in")
