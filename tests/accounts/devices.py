"""A person's second browser on its way in: what each side sends, with real keys and statements."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from accounts import signing
from accounts.signing import Label
from accounts.statements import DeviceEntry, DeviceKind, SignedStatement, Signer
from beep import clock
from beep.schemas import from_base64url, to_base64url
from tests.accounts.support import Browser, Refused


def newcomer(owner: Browser, *, kind: str = "regular") -> tuple[Browser, str, str]:
    """Another browser of the owner that has signed in and asks: it, its ticket and its pairing."""
    new = owner.other_browser()
    ticket = signed_in_anew(new)
    begun = new.post("pairings", {"ticket": ticket, "kind": kind})
    assert not isinstance(begun, Refused), begun
    return new, ticket, begun["pairing"]


def signed_in_anew(browser: Browser) -> str:
    """The ticket that a browser unknown to the person gets."""
    answered = browser.sign_in(known=False)
    assert not isinstance(answered, Refused), answered
    ticket: str = answered["ticket"]
    return ticket


def entry_of(browser: Browser, *, hours: int = 0) -> DeviceEntry:
    """The browser's entry, a temporary one with `hours` of life."""
    entry = replace(browser.entry(), added_at=clock.now_ms())
    if not hours:
        return entry
    ends = clock.to_ms(clock.now() + timedelta(hours=hours))
    return replace(entry, kind=DeviceKind.TEMPORARY, expires_at=ends)


def addition(owner: Browser, *entries: DeviceEntry, **changes: Any) -> SignedStatement:
    """The owner's statement that lists `entries` beside what is listed already."""
    listed = owner.chain[-1].statement.devices
    changes = {"at": clock.now_ms(), **changes}
    return owner.next(*listed, *entries, signer=changes.pop("signer", (Signer.DEVICE, owner.key)), **changes)


def approve(owner: Browser, pairing: str, statement: SignedStatement) -> Any:
    """The approving device's last step; both chains are kept up by `joined`."""
    return owner.post(f"pairings/{pairing}/approve", {"statement": to_base64url(statement.encode())})


def finish(new: Browser, ticket: str, pairing: str, **changes: Any) -> Any:
    """The new device's last step."""
    content = signing.sign_in_content(challenge=from_base64url(ticket), device=new.device.bytes)
    signature = signing.sign(key=new.key, label=Label.SIGN_IN, content=content)
    body = {"ticket": ticket, "device_signature": to_base64url(signature)}
    return new.post(f"pairings/{pairing}/finish", {**body, **changes})


def joined(owner: Browser, *, hours: int = 0) -> tuple[Browser, str]:
    """A second device of the owner with an open session, and the pairing it came by."""
    new, ticket, pairing = newcomer(owner, kind="temporary" if hours else "regular")
    statement = addition(owner, entry_of(new, hours=hours))
    approved = approve(owner, pairing, statement)
    assert not isinstance(approved, Refused), approved
    owner.chain = [*owner.chain, statement]
    new.chain = list(owner.chain)
    me = finish(new, ticket, pairing)
    assert not isinstance(me, Refused), me
    return new, pairing
