"""A second device: who may ask, what is relayed, who may approve, and how the session begins."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from nacl.signing import SigningKey

from accounts import lifecycle, pairings
from accounts.models import Device, Pairing, PairingMessage, Session, Ticket
from accounts.signals import pairing_waiting
from accounts.statements import Signer
from audit import intake
from beep import clock
from beep.clock import StoppedClock
from beep.schemas import from_base64url, to_base64url
from tests.accounts.devices import (
    addition,
    approve,
    entry_of,
    finish,
    joined,
    newcomer,
    signed_in_anew,
)
from tests.accounts.support import OPERATOR, Browser, Refused, activated, at_once
from tests.support.databases import TestDatabase


@pytest.fixture
def time() -> Iterator[StoppedClock]:
    with clock.stopped(datetime(2026, 6, 1, 12, tzinfo=UTC)) as stopped:
        yield stopped


@pytest.fixture
def owner(db: None, time: StoppedClock) -> Browser:
    made = activated()
    time.advance(timedelta(seconds=30))
    return made


def say(browser: Browser, pairing: str, body: bytes, *, ticket: str | None = None) -> Any:
    return browser.post(f"pairings/{pairing}/messages", {"ticket": ticket, "body": to_base64url(body)})


def read(browser: Browser, pairing: str, *, ticket: str | None = None, after: int = 0) -> Any:
    return browser.post(f"pairings/{pairing}/read", {"ticket": ticket, "after": after})


def test_a_second_device_joins_and_both_stay(owner: Browser, time: StoppedClock) -> None:
    new, ticket, pairing = newcomer(owner)
    (asks,) = owner.get("pairings")["pairings"]
    assert (asks["id"], asks["kind"], asks["address"]) == (pairing, "regular", "127.0.0.1")
    assert say(new, pairing, b"commitment", ticket=ticket) == {"seq": 1}
    assert say(owner, pairing, b"n") == {"seq": 2}
    assert say(new, pairing, b"reveal", ticket=ticket) == {"seq": 3}
    talk = read(owner, pairing, after=1)
    assert [(each["seq"], each["side"], from_base64url(each["body"])) for each in talk["messages"]] == [
        (2, "old", b"n"),
        (3, "new", b"reveal"),
    ]
    assert talk["state"] == "open"
    statement = addition(owner, entry_of(new))
    devices = approve(owner, pairing, statement)["devices"]
    assert {device["id"] for device in devices} == {str(owner.device), str(new.device)}
    assert read(new, pairing, ticket=ticket)["state"] == "approved"
    assert say(owner, pairing, b"approved") == {"seq": 4}
    assert finish(new, ticket, pairing)["device"]["id"] == str(new.device)
    assert new.get("me")["login"] == owner.get("me")["login"]
    assert owner.get("pairings") == {"pairings": []}
    new.chain = owner.chain = [*owner.chain, statement]
    time.advance(timedelta(seconds=30))
    assert new.sign_in()["outcome"] == "session"


def test_the_recovery_code_still_replaces_everything(owner: Browser, time: StoppedClock) -> None:
    second, _ = joined(owner)
    time.advance(timedelta(seconds=30))
    third, ticket, pairing = newcomer(owner)
    body = {"ticket": ticket, "statement": to_base64url(third.replacement().encode())}
    assert third.post("sign-in/replace", body)["device"]["id"] == str(third.device)
    for out in (owner, second):
        assert out.get("me").detail == {"reason": "replaced"}
    assert finish(third, ticket, pairing).code == "pairing_refused"


def test_a_ticket_is_needed_and_asks_only_a_few_times(owner: Browser, time: StoppedClock) -> None:
    new = owner.other_browser()
    ticket = signed_in_anew(new)
    stranger = to_base64url(bytes(32))
    assert new.post("pairings", {"ticket": stranger, "kind": "regular"}).code == "ticket_refused"
    made = [new.post("pairings", {"ticket": ticket, "kind": "regular"}) for _ in range(pairings.A_TICKET)]
    assert new.post("pairings", {"ticket": ticket, "kind": "regular"}).code == "rate_limited"
    assert [asks["id"] for asks in owner.get("pairings")["pairings"]] == [made[-1]["pairing"]]
    assert read(new, made[0]["pairing"], ticket=ticket)["state"] == "dead"
    time.advance(timedelta(minutes=10))
    assert new.post("pairings", {"ticket": ticket, "kind": "regular"}).code == "ticket_refused"


def test_who_is_out_asks_nobody(owner: Browser) -> None:
    new = owner.other_browser()
    ticket = signed_in_anew(new)
    lifecycle.suspend(person=owner.person, reason="test", actor=OPERATOR)
    assert new.post("pairings", {"ticket": ticket, "kind": "regular"}).code == "person_inactive"


def test_after_ten_minutes_nothing_goes(owner: Browser, time: StoppedClock) -> None:
    new, ticket, pairing = newcomer(owner)
    time.advance(timedelta(minutes=10))
    assert owner.get("pairings") == {"pairings": []}
    assert read(new, pairing, ticket=ticket)["state"] == "dead"
    assert say(new, pairing, b"x", ticket=ticket).code == "pairing_refused"
    assert approve(owner, pairing, addition(owner, entry_of(new))).code == "pairing_refused"
    assert Device.objects.count() == 1


def test_who_is_approved_has_ten_minutes_to_finish(owner: Browser, time: StoppedClock) -> None:
    new, ticket, pairing = newcomer(owner)
    time.advance(timedelta(minutes=9))
    approve(owner, pairing, addition(owner, entry_of(new)))
    time.advance(timedelta(minutes=10))
    assert finish(new, ticket, pairing).code == "pairing_refused"


def test_the_relay_is_small(owner: Browser) -> None:
    new, ticket, pairing = newcomer(owner)
    assert say(new, pairing, bytes(8193), ticket=ticket).code == "bad_request"
    for _ in range(16):
        assert "seq" in say(new, pairing, bytes(8192), ticket=ticket)
    assert say(new, pairing, b"x", ticket=ticket).code == "pairing_refused"
    assert say(owner, pairing, b"x").code == "pairing_refused"


def test_strangers_read_and_write_nothing(owner: Browser, time: StoppedClock) -> None:
    _, ticket, pairing = newcomer(owner)
    other = activated(2)
    wrong = to_base64url(bytes(32))
    statement = addition(owner, entry_of(other))
    for refused, code in [
        (say(other, pairing, b"x"), "not_found"),
        (read(other, pairing), "not_found"),
        (other.post(f"pairings/{pairing}/fail", {}), "not_found"),
        (approve(other, pairing, statement), "not_found"),
        (say(owner, pairing, b"x", ticket=wrong), "ticket_refused"),
        (read(owner, pairing, ticket=wrong), "ticket_refused"),
        (finish(other, wrong, pairing), "ticket_refused"),
        (finish(other, ticket, str(uuid4())), "ticket_refused"),
        (read(Browser(login="nobody"), pairing), "not_signed_in"),
        (say(owner, str(uuid4()), b"x"), "not_found"),
    ]:
        assert refused.code == code
    assert not PairingMessage.objects.exists()


def test_the_first_device_that_answers_takes_it_on(owner: Browser, time: StoppedClock) -> None:
    second, _ = joined(owner)
    time.advance(timedelta(seconds=30))
    new, ticket, pairing = newcomer(owner)
    assert say(second, pairing, b"n") == {"seq": 1}
    assert owner.get("pairings") == {"pairings": []}
    assert len(second.get("pairings")["pairings"]) == 1
    assert say(owner, pairing, b"n").code == "pairing_refused"
    assert approve(owner, pairing, addition(owner, entry_of(new))).code == "pairing_refused"
    # But whoever sees a device that is not theirs may refuse it.
    assert owner.post(f"pairings/{pairing}/fail", {}) is None
    assert read(new, pairing, ticket=ticket)["state"] == "dead"


def test_three_wrong_digits_end_it(owner: Browser) -> None:
    """The approving client counts; the server only ends the pairing."""
    new, ticket, pairing = newcomer(owner)
    assert owner.post(f"pairings/{pairing}/fail", {}) is None
    assert owner.post(f"pairings/{pairing}/fail", {}).code == "pairing_refused"
    assert approve(owner, pairing, addition(owner, entry_of(new))).code == "pairing_refused"
    assert finish(new, ticket, pairing).code == "pairing_refused"


def test_an_approval_adds_the_new_device_and_nothing_else(owner: Browser, time: StoppedClock) -> None:
    second, _ = joined(owner)
    time.advance(timedelta(seconds=30))
    new, _, pairing = newcomer(owner)
    owner_entry, second_entry = owner.chain[1].statement.devices
    entry = entry_of(new)
    another = replace(entry, id=uuid4().bytes, signature_key=bytes(SigningKey.generate().verify_key))

    def rule(statement: Any) -> object:
        return approve(owner, pairing, statement).detail.get("rule")

    recovery = (Signer.RECOVERY, owner.recovery_key)
    assert rule(addition(owner, entry, signer=recovery)) == "signer"
    assert rule(addition(owner, entry, signer=(Signer.DEVICE, second.key))) == "signer"
    assert rule(addition(owner, entry, signer=(Signer.DEVICE, new.key))) == "signer"
    assert rule(addition(owner)) == "one_addition"
    assert rule(addition(owner, entry, another)) == "one_addition"
    assert rule(addition(owner, entry_of(new, hours=1))) == "one_addition"
    by_owner = (Signer.DEVICE, owner.key)
    mine = next(each for each in (owner_entry, second_entry) if each.id == owner.device.bytes)
    other = next(each for each in (owner_entry, second_entry) if each.id == second.device.bytes)
    assert rule(owner.next(mine, entry, signer=by_owner)) == "device_dropped"
    assert rule(owner.next(mine, replace(other, name="X"), entry, signer=by_owner)) == "device_changed"
    assert Device.objects.count() == 2
    assert not isinstance(approve(owner, pairing, addition(owner, entry)), Refused)


def test_finishing_needs_the_listed_key_and_happens_once(owner: Browser, time: StoppedClock) -> None:
    new, ticket, pairing = newcomer(owner)
    assert finish(new, ticket, pairing).code == "pairing_refused"
    approve(owner, pairing, addition(owner, entry_of(new)))
    thief = replace(new, key=SigningKey.generate())
    assert finish(thief, ticket, pairing).code == "sign_in_refused"
    assert finish(new, ticket, pairing, device_signature=to_base64url(bytes(64))).code == "sign_in_refused"
    assert not isinstance(finish(new, ticket, pairing), Refused)
    assert finish(new, ticket, pairing).code == "pairing_refused"
    assert Ticket.objects.get().used_at is not None
    assert new.post("pairings", {"ticket": ticket, "kind": "regular"}).code == "ticket_refused"


def test_who_was_revoked_meanwhile_does_not_come_in(owner: Browser) -> None:
    new, ticket, pairing = newcomer(owner)
    statement = addition(owner, entry_of(new))
    approve(owner, pairing, statement)
    owner.chain = [*owner.chain, statement]
    back = owner.next(owner.entry(), signer=(Signer.DEVICE, owner.key))
    owner.post("devices/revoke", {"statement": to_base64url(back.encode())})
    assert finish(new, ticket, pairing).code == "device_revoked"
    assert Session.objects.filter(device_id=new.device).count() == 0


def test_who_left_meanwhile_does_not_come_in(owner: Browser) -> None:
    new, ticket, pairing = newcomer(owner)
    approve(owner, pairing, addition(owner, entry_of(new)))
    lifecycle.suspend(person=owner.person, reason="test", actor=OPERATOR)
    assert finish(new, ticket, pairing).code == "person_inactive"


def test_five_regular_devices_at_most(owner: Browser, time: StoppedClock) -> None:
    for _ in range(4):
        joined(owner)
        time.advance(timedelta(seconds=30))
    new, _, pairing = newcomer(owner)
    refused = approve(owner, pairing, addition(owner, entry_of(new)))
    assert refused.detail == {"rule": "too_many_devices"}


def test_the_persons_sockets_are_told_of_each_step(owner: Browser) -> None:
    told: list[tuple[UUID, UUID]] = []

    def note(*, pairing: UUID, person: UUID, **_: Any) -> None:
        told.append((pairing, person))

    pairing_waiting.connect(note)
    try:
        new, ticket, pairing = newcomer(owner)
        assert len(told) == 1
        say(new, pairing, b"commitment", ticket=ticket)
        say(owner, pairing, b"n")
        say(owner, pairing, b"n again")
        assert len(told) == 3
        approve(owner, pairing, addition(owner, entry_of(new)))
        finish(new, ticket, pairing)
        assert set(told) == {(UUID(pairing), owner.person)}
        assert len(told) == 5
    finally:
        pairing_waiting.disconnect(note)


def test_every_step_that_counts_is_audited(owner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded: list[Any] = []
    new = owner.other_browser()
    ticket = signed_in_anew(new)
    monkeypatch.setattr(intake, "record", recorded.append)
    first = new.post("pairings", {"ticket": ticket, "kind": "regular"})["pairing"]
    owner.post(f"pairings/{first}/fail", {})
    second = new.post("pairings", {"ticket": ticket, "kind": "regular"})["pairing"]
    approve(owner, second, addition(owner, entry_of(new)))
    actions = [event.action for event in recorded]
    assert actions == [
        "pairing.begun",
        "pairing.failed",
        "pairing.begun",
        "identity.appended",
        "device.added",
        "pairing.approved",
    ]
    assert ticket.encode() not in repr(recorded).encode()


def test_the_table_holds_no_ticket_and_is_pruned(owner: Browser, time: StoppedClock) -> None:
    new, ticket, pairing = newcomer(owner)
    say(new, pairing, b"x", ticket=ticket)
    stored = Pairing.objects.get()
    assert bytes(stored.ticket_hash) != from_base64url(ticket)
    time.advance(timedelta(days=15))
    newcomer(owner)
    assert not Pairing.objects.filter(id=pairing).exists()
    assert not PairingMessage.objects.exists()


def test_two_approvals_at_once_add_one_device(fresh_database: TestDatabase, time: StoppedClock) -> None:
    """Of one pairing by one device twice; of two pairings by two devices: the chain has one successor."""
    owner = activated()
    time.advance(timedelta(seconds=30))
    new, ticket, pairing = newcomer(owner)
    statement = addition(owner, entry_of(new))
    assert at_once(*[lambda: approve(owner, pairing, statement)] * 2) == ["ok", "pairing_refused"]
    owner.chain = [*owner.chain, statement]
    finish(new, ticket, pairing)
    new.chain = list(owner.chain)
    asking = []
    for approver in (owner, new):
        time.advance(timedelta(seconds=30))
        asking.append((approver, *newcomer(owner)))

    def act(approver: Browser, browser: Browser, pairing: str) -> Any:
        return approve(approver, pairing, addition(approver, entry_of(browser)))

    # The second sign-in voided the first ticket; its pairing stands on its own.
    outcomes = at_once(*[partial(act, approver, each, asked) for approver, each, _, asked in asking])
    assert outcomes == ["ok", "statement_stale"]
    assert Device.objects.filter(revoked_at__isnull=True).count() == 3


def test_finishing_twice_at_once_opens_one_session(fresh_database: TestDatabase, time: StoppedClock) -> None:
    owner = activated()
    time.advance(timedelta(seconds=30))
    new, ticket, pairing = newcomer(owner)
    approve(owner, pairing, addition(owner, entry_of(new)))
    assert at_once(*[lambda: finish(new, ticket, pairing)] * 3) == [
        "ok",
        "pairing_refused",
        "pairing_refused",
    ]
    assert Session.objects.filter(device_id=new.device).count() == 1
