"""A reset that can still be stopped: whoever comes later is told, and a device of the person stops it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from accounts import reset_officers
from accounts.models import ResetRequest
from accounts.statements import SignedStatement, Signer
from audit import events, intake
from beep import clock
from beep.clock import StoppedClock
from beep.schemas import to_base64url
from tests.accounts.devices import joined
from tests.accounts.resets import DELAY, asked, begun, refusal, request_body
from tests.accounts.support import OPERATOR, Browser, Refused, activated
from tests.support import trust as made


def shown(browser: Browser) -> list[dict[str, Any]]:
    answered = browser.get("resets")
    assert not isinstance(answered, Refused), answered
    resets: list[dict[str, Any]] = answered["resets"]
    return resets


def unchanged(owner: Browser, **changes: Any) -> SignedStatement:
    """The owner's statement that says nothing new."""
    listed = owner.chain[-1].statement.devices
    return owner.next(*listed, signer=(Signer.DEVICE, owner.key), **changes)


def stop(owner: Browser, statement: SignedStatement) -> Any:
    return owner.post("reset/stop", {"statement": to_base64url(statement.encode())})


def test_who_comes_later_is_told(owner: Browser, time: StoppedClock) -> None:
    partner, stranger = activated(2), activated(3)
    assert not isinstance(partner.post("conversations/direct", {"person": str(owner.person)}), Refused)
    assert shown(owner) == shown(partner) == []
    reset = asked(owner)
    asked_at = clock.now_ms()
    time.advance(timedelta(hours=5))
    expected = {
        "person": str(owner.person),
        "asked_at": asked_at,
        "earliest": asked_at + int(DELAY / timedelta(milliseconds=1)),
    }
    assert shown(owner) == shown(partner) == [expected]
    assert shown(stranger) == [], "nobody else is told who has lost everything"
    time.advance(DELAY)
    assert shown(partner) == [expected], "due and signed by nobody: it can still be stopped"
    reset_officers.drop(request=reset.request, reason="test", actor=OPERATOR)
    assert shown(owner) == shown(partner) == []


def test_it_needs_a_session(owner: Browser) -> None:
    assert Browser(login="nobody").get("resets").code == "not_signed_in"
    assert stop(owner.other_browser(), unchanged(owner)).code == "not_signed_in"


def test_a_device_that_is_still_there_stops_it(
    owner: Browser, time: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reset = asked(owner)
    reset.sign(made.OFFICERS[0])
    reset.sign(made.OFFICERS[1])
    time.advance(DELAY)
    assert reset.status()["state"] == "ready", "the last moment: signed and due"
    recorded: list[events.Event] = []
    with monkeypatch.context() as patched:
        patched.setattr(intake, "record", recorded.append)
        assert stop(owner, unchanged(owner)) is None
    appended, dropped = recorded
    assert isinstance(appended, events.StatementAppended)
    assert isinstance(dropped, events.ResetDropped)
    assert dropped.reason == "stopped by a device of the person"
    assert appended.actor.device == dropped.actor.device == owner.device
    assert reset.status()["state"] == "dropped"
    assert reset.finish().detail == {"state": "dropped"}
    row = ResetRequest.objects.get(id=reset.request)
    assert (row.state, row.signin_hash, row.sealed_totp_seed) == ("dropped", None, None)
    assert shown(owner) == []
    assert owner.get("me")["login"] == owner.login


def test_only_what_changes_nothing_stops_it(owner: Browser) -> None:
    reset = asked(owner)
    renamed = owner.next(replace(owner.entry(), name="Mine"), signer=(Signer.DEVICE, owner.key))
    answered = stop(owner, renamed)
    assert (answered.code, answered.detail["rule"]) == ("statement_refused", "device_changed")
    by_paper = owner.next(owner.entry(), signer=(Signer.RECOVERY, owner.recovery_key), recovery_key=bytes(32))
    assert stop(owner, by_paper).code == "statement_refused"
    assert stop(owner, unchanged(owner, version=1)).code == "statement_stale"
    forged = unchanged(replace(owner, key=activated(2).key))
    assert stop(owner, forged).code == "statement_refused"
    assert owner.post("reset/stop", {"statement": to_base64url(b"x")}).code == "statement_malformed"
    assert reset.status()["state"] == "waiting", "what was refused has stopped nothing"


def test_a_shared_computer_stops_nothing(owner: Browser) -> None:
    """A temporary device signs that it leaves, and nothing else."""
    temporary, _ = joined(owner, hours=2)
    reset = asked(owner)
    answered = stop(temporary, unchanged(temporary))
    assert (answered.code, answered.detail["rule"]) == ("statement_refused", "temporary_signer")
    assert reset.status()["state"] == "waiting"


def test_where_nobody_asks_there_is_nothing_to_stop(owner: Browser) -> None:
    assert stop(owner, unchanged(owner)).code == "not_found"
    reset = asked(owner)
    assert stop(activated(2), unchanged(owner)).code == "not_found"
    assert stop(owner, unchanged(owner)) is None
    assert stop(owner, unchanged(owner)).code == "not_found"
    assert refusal(lambda: reset.sign(made.OFFICERS[0])) == "not_found"


def test_after_it_was_stopped_a_new_letter_begins_again(owner: Browser) -> None:
    asked(owner)
    statement = unchanged(owner)
    assert stop(owner, statement) is None
    owner.chain = [*owner.chain, statement]
    new, typed = begun(owner)
    assert "ticket" in new.post("reset/request", request_body(new, typed))
    assert len(shown(owner)) == 1
