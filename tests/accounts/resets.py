"""Somebody who lost everything: letter, request and finish, with real keys and statements."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from nacl.signing import SigningKey

from accounts import reset_officers, resets, signing
from accounts.identity import sign_statement
from accounts.models import (
    Person,
    ResetRequest,
)
from accounts.signing import Label
from accounts.statements import (
    Flags,
    RevokedEntry,
    SignedStatement,
    Signer,
    Statement,
)
from beep import clock
from beep.clock import StoppedClock
from beep.errors import BeepError
from beep.schemas import from_base64url, to_base64url
from tests.accounts.devices import entry_of
from tests.accounts.support import OPERATOR, Browser, Refused
from tests.support import trust as made

DELAY = timedelta(hours=72)


def statement(new: Browser, **changes: Any) -> Statement:
    """The reset that `new` asks for, after the chain that the letter's offer showed."""
    newest = new.chain[-1].statement
    gone = [RevokedEntry(each.id, each.signature_key, clock.now_ms()) for each in newest.devices]
    fields: dict[str, Any] = {
        "person": newest.person,
        "version": newest.version + 1,
        "prev_hash": newest.hash,
        "recovery_key": bytes(new.recovery_key.verify_key),
        "flags": Flags.RESET,
        "devices": (entry_of(new),),
        "revoked": tuple(sorted((*newest.revoked, *gone), key=lambda each: each.id)),
        "at": clock.now_ms(),
    }
    return Statement(**{**fields, **changes})


def signed_by_both(new: Browser, unsigned: Statement) -> SignedStatement:
    signers = [(Signer.DEVICE, new.key), (Signer.RECOVERY, new.recovery_key)]
    return sign_statement(statement=unsigned, signers=signers)


def begun(owner: Browser) -> tuple[Browser, dict[str, str]]:
    """Somebody who lost everything, in a new browser, with the letter's offer; and the letter."""
    code = resets.issue(person=owner.person, actor=OPERATOR)
    number = Person.objects.get(id=owner.person).personnel_number
    typed = {"code": code, "personnel_number": number}
    new = Browser(login=owner.login)
    offer = new.post("reset/begin", typed)
    assert not isinstance(offer, Refused), offer
    new.take_offer(offer)
    new.chain = [SignedStatement.parse(from_base64url(body)) for body in offer["chain"]]
    return new, typed


def request_body(
    new: Browser, typed: dict[str, str], signed: SignedStatement | None = None
) -> dict[str, str]:
    signed = signed or signed_by_both(new, statement(new))
    return {
        **typed,
        "salt": to_base64url(new.salt),
        "signin_secret": to_base64url(new.secret),
        "totp": new.code(),
        "statement": to_base64url(signed.encode()),
    }


@dataclass
class Asked:
    """A reset under way."""

    new: Browser
    ticket: str
    request: UUID
    hash: bytes

    def status(self) -> Any:
        return self.new.post("reset/status", {"ticket": self.ticket})

    def sign(self, officer: SigningKey) -> int:
        return reset_officers.sign(request=self.request, key=officer, expected=self.hash, actor=OPERATOR)

    def finish(self, *, key: SigningKey | None = None, **changes: Any) -> Any:
        content = signing.sign_in_content(challenge=from_base64url(self.ticket), device=self.new.device.bytes)
        signature = signing.sign(key=key or self.new.key, label=Label.SIGN_IN, content=content)
        body = {"ticket": self.ticket, "device_signature": to_base64url(signature)}
        return self.new.post("reset/finish", {**body, **changes})


def asked(owner: Browser) -> Asked:
    """A request that waits for its officers."""
    new, typed = begun(owner)
    signed = signed_by_both(new, statement(new))
    answered = new.post("reset/request", request_body(new, typed, signed))
    assert not isinstance(answered, Refused), answered
    request = ResetRequest.objects.get(person_id=owner.person, state="open")
    return Asked(new, answered["ticket"], request.id, signed.statement.hash)


def refusal(act: Callable[[], Any]) -> str:
    """The code of the BeepError that `act` raises."""
    with pytest.raises(BeepError) as refused:
        act()
    return refused.value.code


def finished(owner: Browser, time: StoppedClock) -> Asked:
    reset = asked(owner)
    reset.sign(made.OFFICERS[0])
    reset.sign(made.OFFICERS[1])
    time.advance(DELAY)
    me = reset.finish()
    assert not isinstance(me, Refused), me
    return reset
