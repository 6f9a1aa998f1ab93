"""The list of one's devices: names, temporary ones that end by themselves, and the history they are sent."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from nacl.signing import SigningKey

from accounts import history, sessions
from accounts.models import Device, HistoryChunk, Pairing, Person, Session
from accounts.statements import DeviceKind, Signer
from accounts.tasks import delete_old_pairings
from beep import clock
from beep.clock import StoppedClock
from beep.schemas import from_base64url, to_base64url
from tests.accounts.devices import addition, approve, entry_of, finish, joined, newcomer
from tests.accounts.support import Browser, Refused, activated

pytestmark = pytest.mark.django_db


@pytest.fixture
def time() -> Iterator[StoppedClock]:
    with clock.stopped(datetime(2026, 6, 1, 12, tzinfo=UTC)) as stopped:
        yield stopped


@pytest.fixture
def owner(time: StoppedClock) -> Browser:
    made = activated()
    time.advance(timedelta(seconds=30))
    return made


def revoke(browser: Browser, *kept: Any) -> Any:
    """The browser signs a statement that keeps only these entries."""
    statement = browser.next(*kept, signer=(Signer.DEVICE, browser.key), at=clock.now_ms())
    return browser.post("devices/revoke", {"statement": to_base64url(statement.encode())})


# --- Names --------------------------------------------------------------------------------------------------


def test_a_device_is_renamed(owner: Browser, time: StoppedClock) -> None:
    second, _ = joined(owner)
    one, other = owner.chain[-1].statement.devices

    def rename(*entries: Any, **changes: Any) -> Any:
        statement = owner.next(*entries, signer=changes.pop("signer", (Signer.DEVICE, owner.key)), **changes)
        return owner.post("devices/rename", {"statement": to_base64url(statement.encode())})

    assert rename(one, other).detail == {"rule": "device_changed"}
    assert rename(replace(one, name="Desk")).detail == {"rule": "device_dropped"}
    added = replace(one, id=uuid4().bytes, signature_key=bytes(32))
    assert rename(one, other, added).detail == {"rule": "one_device"}
    listed = rename(replace(one, name="Desk"), other)["devices"]
    assert {each["name"] for each in listed} == {"Desk", "Browser"}
    assert len(second.get("devices")["devices"]) == 2


def test_an_identity_is_renewed_by_a_statement_that_changes_nothing(owner: Browser) -> None:
    joined(owner)
    one, other = owner.chain[-1].statement.devices
    by_device, by_recovery = (Signer.DEVICE, owner.key), (Signer.RECOVERY, owner.recovery_key)

    def renew(*entries: Any, signer: Any = by_device, **changes: Any) -> Any:
        statement = owner.next(*entries, signer=signer, **changes)
        return owner.post("devices/renew", {"statement": to_base64url(statement.encode())})

    added = replace(one, id=uuid4().bytes, signature_key=bytes(32))
    another = bytes(SigningKey.generate().verify_key)
    for refused, rule in (
        (renew(one, other, added), "one_device"),
        (renew(one), "device_dropped"),
        (renew(one, replace(other, name="Desk")), "device_changed"),
        (renew(one, other, signer=by_recovery, recovery_key=another), "recovery_key"),
    ):
        assert (refused.code, refused.detail) == ("statement_refused", {"rule": rule})
    before = owner.chain[-1].statement
    assert len(renew(one, other)["devices"]) == 2
    person = Person.objects.get(id=UUID(bytes=before.person))
    assert person.statement_version == before.version + 1
    assert Browser(login="nobody").post("devices/renew", {"statement": ""}).code == "not_signed_in"


def test_nobody_else_renames(owner: Browser) -> None:
    other = activated(2)
    statement = owner.next(replace(owner.entry(), name="Mine"), signer=(Signer.DEVICE, owner.key))
    body = {"statement": to_base64url(statement.encode())}
    assert other.post("devices/rename", body).detail == {"rule": "person"}
    assert Browser(login="nobody").post("devices/rename", body).code == "not_signed_in"


def test_no_statement_is_dated_so_late_that_a_reset_could_not_follow(owner: Browser) -> None:
    """Times never go back along a chain, and a reset's must be near the present."""

    def renamed(at: timedelta) -> Any:
        listed = replace(owner.entry(), name="Desk")
        when = clock.to_ms(clock.now() + at)
        statement = owner.next(listed, signer=(Signer.DEVICE, owner.key), at=when)
        return owner.post("devices/rename", {"statement": to_base64url(statement.encode())})

    for late in (timedelta(days=365 * 100), timedelta(hours=24, milliseconds=1)):
        refused = renamed(late)
        assert (refused.code, refused.detail) == ("statement_refused", {"rule": "at"})
    assert renamed(timedelta(hours=24))["devices"][0]["name"] == "Desk"


# --- Temporary devices --------------------------------------------------------------------------------------


def test_a_temporary_device_ends_by_itself(owner: Browser, time: StoppedClock) -> None:
    shared, _ = joined(owner, hours=8)
    listed = {each["id"]: each for each in owner.get("devices")["devices"]}
    mine = listed[str(shared.device)]
    assert mine["kind"] == 2
    assert mine["expires_at"] == clock.to_ms(clock.now() + timedelta(hours=8))
    assert Session.objects.get(device_id=shared.device).expires_at == clock.from_ms(mine["expires_at"])
    time.advance(timedelta(hours=7, minutes=59))
    assert shared.get("me")["device"]["id"] == str(shared.device)
    assert Session.objects.get(device_id=shared.device).expires_at == clock.from_ms(mine["expires_at"])
    time.advance(timedelta(minutes=1))
    assert shared.get("me").code == "not_signed_in"
    assert shared.sign_in()["outcome"] == "replace", "an expired device is no known device"
    assert owner.get("me")["login"] == owner.login


def test_a_temporary_devices_cookie_ends_with_the_browser(owner: Browser, time: StoppedClock) -> None:
    shared, _ = joined(owner, hours=8)
    assert shared.client.cookies[sessions.COOKIE]["max-age"] == ""
    assert int(owner.client.cookies[sessions.COOKIE]["max-age"]) == sessions.IDLE.total_seconds()
    time.advance(timedelta(seconds=30))
    assert shared.sign_in()["outcome"] == "session"
    assert shared.client.cookies[sessions.COOKIE]["max-age"] == ""


def test_who_has_only_an_expired_device_cannot_be_written_to(owner: Browser, time: StoppedClock) -> None:
    joined(owner, hours=1)
    Device.objects.filter(kind=1).update(revoked_at=clock.now())
    other = activated(2)
    assert other.get(f"people/{owner.person}")["activated"]
    time.advance(timedelta(hours=1))
    assert not other.get(f"people/{owner.person}")["activated"]


def test_a_temporary_device_puts_itself_out_when_its_tab_closes(owner: Browser) -> None:
    """The page has only what fetch sends with keepalive: the cookie, the origin, 64 KiB of JSON."""
    shared, _ = joined(owner, hours=8)
    kept = [entry for entry in shared.chain[-1].statement.devices if entry.id != shared.device.bytes]
    assert not isinstance(revoke(shared, *kept), Refused)
    assert shared.get("me").detail == {"reason": "revoked"}
    assert owner.get("me")["login"] == owner.login


def test_a_temporary_device_does_nothing_else_to_the_chain(owner: Browser, time: StoppedClock) -> None:
    shared, _ = joined(owner, hours=8)
    mine = next(each for each in shared.chain[-1].statement.devices if each.id == shared.device.bytes)
    assert revoke(shared, mine).code == "statement_refused", "it may not put its owner out"
    time.advance(timedelta(seconds=30))
    new, _, pairing = newcomer(owner)
    statement = addition(shared, entry_of(new))
    assert approve(shared, pairing, statement).code == "pairing_refused"
    said = shared.post(f"pairings/{pairing}/messages", {"ticket": None, "body": ""})
    assert said.code == "pairing_refused"


def test_the_servers_clock_bounds_a_temporary_device(owner: Browser) -> None:
    """The chain counts 24 hours from the device's own word for when it was added."""
    new, _, pairing = newcomer(owner, kind="temporary")
    late = clock.now_ms() + 3_600_000
    entry = replace(entry_of(new, hours=24), added_at=late, expires_at=late + 24 * 3_600_000)
    refused = approve(owner, pairing, addition(owner, entry, at=late))
    assert refused.detail == {"rule": "temporary_too_long"}


def test_a_temporary_pairing_takes_no_regular_device(owner: Browser) -> None:
    new, ticket, pairing = newcomer(owner, kind="temporary")
    assert approve(owner, pairing, addition(owner, entry_of(new))).detail == {"rule": "one_addition"}
    assert not isinstance(approve(owner, pairing, addition(owner, entry_of(new, hours=24))), Refused)
    assert finish(new, ticket, pairing)["device"]["id"] == str(new.device)
    assert Device.objects.get(id=new.device).kind == DeviceKind.TEMPORARY


# --- History ------------------------------------------------------------------------------------------------


def put(browser: Browser, pairing: str, index: int, chunk: bytes, *, last: bool = False) -> Any:
    return browser.post(f"history/{pairing}/{index}", {"chunk": to_base64url(chunk), "last": last})


def test_history_travels_once(owner: Browser) -> None:
    new, pairing = joined(owner)
    assert new.get(f"history/{pairing}") == {"chunks": [], "last": None}
    assert put(owner, pairing, 1, b"two", last=True) is None
    assert put(owner, pairing, 0, b"one") is None
    assert put(owner, pairing, 0, b"one") is None
    assert put(owner, pairing, 0, b"other").code == "conflict"
    assert put(owner, pairing, 0, b"one", last=True).code == "conflict"
    assert put(owner, pairing, 2, b"three").code == "history_full"
    assert new.get(f"history/{pairing}") == {"chunks": [0, 1], "last": 1}
    assert from_base64url(new.get(f"history/{pairing}/1")["chunk"]) == b"two"
    assert new.get(f"history/{pairing}/2").code == "not_found"
    assert new.post(f"history/{pairing}/done", {}) is None
    assert not HistoryChunk.objects.exists()
    assert put(owner, pairing, 0, b"one").code == "pairing_refused"
    assert new.get(f"history/{pairing}").code == "pairing_refused"
    assert new.post(f"history/{pairing}/done", {}) is None


def test_the_last_chunk_is_the_last(owner: Browser) -> None:
    _, pairing = joined(owner)
    put(owner, pairing, 5, b"six")
    assert put(owner, pairing, 4, b"five", last=True).code == "history_full"
    assert put(owner, pairing, 7, b"eight", last=True) is None
    assert put(owner, pairing, 6, b"seven", last=True).code == "history_full"
    assert put(owner, pairing, 6, b"seven") is None


def test_one_device_writes_and_one_reads(owner: Browser, time: StoppedClock) -> None:
    new, pairing = joined(owner)
    time.advance(timedelta(seconds=30))
    third, _ = joined(owner)
    stranger = activated(2)
    put(owner, pairing, 0, b"one")
    for other in (third, stranger):
        assert put(other, pairing, 1, b"x").code == "not_found"
        assert other.get(f"history/{pairing}").code == "not_found"
        assert other.get(f"history/{pairing}/0").code == "not_found"
        assert other.post(f"history/{pairing}/done", {}).code == "not_found"
    assert put(new, pairing, 1, b"x").code == "not_found"
    assert owner.get(f"history/{pairing}/0").code == "not_found"


def test_a_pairing_that_was_not_approved_carries_nothing(owner: Browser) -> None:
    new, ticket, pairing = newcomer(owner)
    assert put(owner, pairing, 0, b"x").code == "not_found"
    owner.post(f"pairings/{pairing}/messages", {"ticket": None, "body": ""})
    assert put(owner, pairing, 0, b"x").code == "not_found"
    assert new.get(f"history/{pairing}").code == "not_signed_in"
    assert ticket


def test_a_revoked_device_neither_reads_nor_writes(owner: Browser) -> None:
    new, pairing = joined(owner)
    put(owner, pairing, 0, b"one")
    statement = revoke(
        owner, next(e for e in owner.chain[-1].statement.devices if e.id == owner.device.bytes)
    )
    assert not isinstance(statement, Refused)
    assert new.get(f"history/{pairing}/0").code == "device_revoked"
    assert put(owner, pairing, 1, b"two").code == "pairing_refused", "nobody is left to read it"


def test_an_approver_who_is_revoked_writes_no_more(owner: Browser) -> None:
    new, pairing = joined(owner)
    mine = next(each for each in new.chain[-1].statement.devices if each.id == new.device.bytes)
    assert not isinstance(revoke(new, mine), Refused)
    assert put(owner, pairing, 0, b"x").code == "device_revoked"


def test_history_is_bounded(owner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    _, pairing = joined(owner)
    assert put(owner, pairing, 1000, b"x").code == "bad_request"
    assert put(owner, pairing, 0, bytes(400_001)).code == "bad_request"
    assert put(owner, pairing, 0, bytes(400_000)) is None
    monkeypatch.setattr(history, "CHUNKS_A_PERSON", 2)
    assert put(owner, pairing, 1, b"x") is None
    assert put(owner, pairing, 2, b"x").code == "history_full"


def test_after_14_days_history_is_gone(owner: Browser, time: StoppedClock) -> None:
    new, pairing = joined(owner)
    put(owner, pairing, 0, b"one")
    time.advance(timedelta(days=14))
    assert new.get(f"history/{pairing}/0").code == "pairing_refused"
    assert put(owner, pairing, 1, b"two").code == "pairing_refused"
    time.advance(timedelta(seconds=1))
    joined(owner)
    assert not HistoryChunk.objects.exists()


def test_the_worker_deletes_what_nobody_fetched(owner: Browser, time: StoppedClock) -> None:
    _, pairing = joined(owner)
    put(owner, pairing, 0, b"one")
    time.advance(timedelta(days=14))
    delete_old_pairings()
    assert HistoryChunk.objects.count() == 1
    time.advance(timedelta(minutes=10, seconds=1))
    delete_old_pairings()
    assert not HistoryChunk.objects.exists()
    assert not Pairing.objects.exists()
