"""The HTTP API for conversations and KeyPackages, through Django's client and a real session."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.test import Client as Browser

from accounts import sessions
from accounts.callers import Visitor
from accounts.models import Device, Person
from beep import clock
from beep.schemas import from_base64url, to_base64url
from messaging.mls import decode_key_package
from messaging.mls.messages import MlsMessage
from messaging.models import Conversation, KeyPackage
from tests.messaging.world import Human, begun, direct, human

pytestmark = pytest.mark.django_db
ORIGIN = {"origin": "http://testserver"}


def browser(who: Human) -> Browser:
    """A browser in which somebody is signed in."""
    with transaction.atomic():
        opened = sessions.begin(
            person=Person.objects.get(id=who.id),
            device=Device.objects.get(id=who.client.device),
            visitor=Visitor(address=None),
        )
    made = Browser()
    made.cookies[sessions.COOKIE] = sessions.cookie_value(opened.token)
    return made


def post(using: Browser, path: str, body: Any) -> tuple[int, Any]:
    answer = using.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers=ORIGIN)
    return answer.status_code, answer.json()


def get(using: Browser, path: str) -> tuple[int, Any]:
    answer = using.get(f"/api/v1/{path}")
    return answer.status_code, answer.json()


def packages(who: Human, count: int) -> list[str]:
    made = [who.client.key_package(now_ms=clock.now_ms()) for _ in range(count)]
    return [to_base64url(MlsMessage(package).encode()) for package in made]


def test_key_packages() -> None:
    alice = human()
    using = browser(alice)
    assert get(using, "key-packages") == (200, {"counts": {"1": 0, "83": 0}})
    body = {"suite": 83, "packages": packages(alice, 2), "last_resort": packages(alice, 1)[0]}
    assert post(using, "key-packages", body) == (200, {"counts": {"1": 0, "83": 2}})
    assert get(using, "key-packages") == (200, {"counts": {"1": 0, "83": 2}})
    status, refusal = post(using, "key-packages", body)
    assert (status, refusal["code"], refusal["detail"]["rule"]) == (400, "key_package_refused", "duplicate")


@pytest.mark.parametrize(
    "change",
    [
        {"suite": 2},
        {"suite": True},
        {"suite": "83"},
        {"packages": None},
        {"packages": [1]},
        {"packages": ["AA=="]},
        {"packages": ["AA"] * 101},
        {"packages": ["A" * 12_000]},
        {"last_resort": 5},
        {"more": 1},
    ],
    ids=str,
)
def test_upload_of_another_shape(change: dict[str, Any]) -> None:
    using = browser(human())
    status, refusal = post(
        using, "key-packages", {"suite": 83, "packages": [], "last_resort": None, **change}
    )
    assert (status, refusal["code"]) == (400, "bad_request")
    assert not KeyPackage.objects.exists()


def test_claim() -> None:
    talk = direct(published=1)
    using = browser(talk.alice)
    body = {"persons": [str(talk.bob.id)], "suite": 83, "conversation": str(talk.id), "devices": None}
    status, answer = post(using, "key-packages/claim", body)
    assert status == 200
    (claimed,) = answer["packages"]
    assert claimed["device"] == str(talk.bob.client.device)
    assert (claimed["person"], answer["missing"]) == (str(talk.bob.id), [])
    package = decode_key_package(from_base64url(claimed["package"]))
    assert package.leaf_node.signature_key == talk.bob.client.signature_key
    assert post(using, "key-packages/claim", body) == (200, {"packages": [], "missing": [str(talk.bob.id)]})
    for persons in ([], [str(uuid4())] * 101, None):
        status, refusal = post(using, "key-packages/claim", {**body, "persons": persons})
        assert (status, refusal["code"]) == (400, "bad_request")
    status, refusal = post(browser(human()), "key-packages/claim", body)
    assert (status, refusal["code"]) == (403, "not_a_member")


def test_open_direct_and_read_it() -> None:
    alice, bob = human(), human()
    using = browser(alice)
    status, opened = post(using, "conversations/direct", {"person": str(bob.id)})
    assert status == 200
    assert opened == {
        "id": opened["id"],
        "kind": "direct",
        "persons": [str(id_) for id_ in sorted([alice.id, bob.id], key=lambda id_: id_.bytes)],
        "last_seq": 0,
        "generation": 0,
        "epoch": 0,
        "group_id": None,
        "blocked": False,
        "orders": 0,
        "frozen_seq": None,
        "left": False,
    }
    assert post(browser(bob), "conversations/direct", {"person": str(alice.id)}) == (200, opened)
    assert get(using, f"conversations/{opened['id']}") == (200, opened)
    for partner in (alice.id, uuid4()):
        status, refusal = post(using, "conversations/direct", {"person": str(partner)})
        assert (status, refusal["code"]) == (400, "no_partner")
    for person in ("x", str(bob.id).upper(), None, bob.id.hex):
        status, refusal = post(using, "conversations/direct", {"person": person})
        assert (status, refusal["code"]) == (400, "bad_request")


def test_open_a_group_and_oneself() -> None:
    alice = human()
    using = browser(alice)
    status, group = post(using, "conversations/group", {})
    assert (status, group["kind"], group["persons"]) == (200, "group", [str(alice.id)])
    assert post(using, "conversations/group", {})[1]["id"] != group["id"]
    status, own = post(using, "conversations/self", {})
    assert (status, own["kind"], own["persons"]) == (200, "self", [str(alice.id)])
    assert post(using, "conversations/self", {}) == (200, own)
    assert get(using, f"conversations/{group['id']}") == (200, group)
    for path in ("conversations/group", "conversations/self"):
        status, refusal = post(using, path, {"person": str(alice.id)})
        assert (status, refusal["code"]) == (400, "bad_request")
    status, refusal = get(browser(human()), f"conversations/{own['id']}")
    assert (status, refusal["code"]) == (403, "not_a_member")


def test_state_after_a_begin() -> None:
    talk = begun()
    status, state = get(browser(talk.bob), f"conversations/{talk.id}")
    assert status == 200
    assert (state["generation"], state["epoch"], state["last_seq"]) == (1, 1, 1)
    assert from_base64url(state["group_id"]) == talk.group.group_id
    for stranger, id_ in ((human(), talk.id), (talk.bob, uuid4())):
        status, refusal = get(browser(stranger), f"conversations/{id_}")
        assert (status, refusal["code"]) == (403, "not_a_member")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "key-packages"),
        ("POST", "key-packages"),
        ("POST", "key-packages/claim"),
        ("POST", "conversations/direct"),
        ("POST", "conversations/group"),
        ("POST", "conversations/self"),
        ("GET", f"conversations/{UUID(int=7)}"),
    ],
)
def test_without_a_session(method: str, path: str) -> None:
    answer = Browser().generic(method, f"/api/v1/{path}", b"{}", "application/json", headers=ORIGIN)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


def test_a_page_of_another_origin_does_nothing() -> None:
    alice, bob = human(), human()
    answer = browser(alice).post(
        "/api/v1/conversations/direct",
        json.dumps({"person": str(bob.id)}),
        content_type="application/json",
        headers={"origin": "https://elsewhere.example"},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert not Conversation.objects.exists()


def test_the_answers_are_documented() -> None:
    document = Browser().get("/api/v1/openapi.json").json()
    claim = document["paths"]["/api/v1/key-packages/claim"]["post"]["responses"]
    assert "`not_a_member`" in claim["403"]["description"]
    assert "`rate_limited`" in claim["429"]["description"]
    assert document["components"]["schemas"]["ClaimKeyPackages"]["additionalProperties"] is False
