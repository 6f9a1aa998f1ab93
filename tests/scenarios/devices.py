"""What a person does with several devices, in the words of the screen."""

import re
from typing import Any, Final

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.scenarios.colleague import ARGON_PATIENCE, MESSAGE_PATIENCE, Colleague

APPROVAL_PATIENCE: Final = 120_000
"""Milliseconds for a step of an approval or of a transfer of history, on a loaded machine."""
_EIGHT: Final = re.compile(r"^[0-9]{8}$")
PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "user_agent": "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36",
}
"""A context of the size of a phone."""


def another_device(context: BrowserContext, owner: Colleague) -> Colleague:
    """The same person at another browser, signed in as far as the question how it is to be let in."""
    device = Colleague(context, owner.url, owner.person, owner.language)
    device.take_over(owner)
    device.sign_in()
    owner.take_over(device)  # the authenticator has moved on
    expect(device.page.locator('[data-action="ask-approval"]')).to_be_visible(timeout=ARGON_PATIENCE)
    return device


def ask(device: Colleague, *, temporary: bool = False) -> None:
    """Ask the other device for approval."""
    if temporary:
        device.page.get_by_label(device.say("shared-choice")).check()
    device.look("new-device-ask")
    device.page.locator('[data-action="ask-approval"]').click()
    expect(device.page.locator('[data-approval="asking"]')).to_be_visible(timeout=APPROVAL_PATIENCE)


def decide(owner: Colleague) -> Locator:
    """Open the request on the device that may approve."""
    owner.page.goto(f"{owner.url}/settings/devices")
    owner.page.locator('[data-pairing] [data-action="decide"]').first.click(timeout=APPROVAL_PATIENCE)
    dialog = owner.page.locator("dialog[open]")
    expect(dialog).to_be_visible()
    return dialog


def digits(device: Colleague) -> str:
    """The eight digits that the new device shows once the other one has answered."""
    shown = device.page.locator("[data-digits]")
    expect(shown).to_have_attribute("data-digits", _EIGHT, timeout=APPROVAL_PATIENCE)
    return shown.get_attribute("data-digits") or ""


def digits_after_decision(owner: Colleague, device: Colleague) -> str:
    """Open the request on the approving device, which makes the new one show its digits; returns them."""
    decide(owner)
    return digits(device)


def type_digits(owner: Colleague, text: str) -> None:
    """Type digits into the open request and press the button."""
    field = owner.page.locator("dialog[open] input[data-pairing-digits]")
    field.fill(text)
    button = owner.page.locator('dialog[open] [data-action="approve"]')
    button.click()
    expect(field).to_have_value("", timeout=MESSAGE_PATIENCE)


def approve_by_digits(owner: Colleague, device: Colleague, *, history: bool = True) -> str:
    """Type the digits on the approving device; returns the text of its answering QR."""
    dialog = decide(owner)
    _with_history(owner, dialog, history)
    dialog.locator("input[data-pairing-digits]").fill(digits(device))
    owner.look("pairing-digits")
    dialog.locator('[data-action="approve"]').click()
    return _answer(dialog)


def approve_by_paste(owner: Colleague, device: Colleague, *, history: bool = True) -> str:
    """Paste the text of the new device's QR, as somebody without a camera does."""
    text = device.page.locator("[data-approval] [data-qr]").get_attribute("data-qr") or ""
    dialog = decide(owner)
    _with_history(owner, dialog, history)
    if not dialog.locator("[data-scan]").is_visible():
        dialog.locator('[data-action="scan"]').click()
    paste(owner.page, owner, text)
    return _answer(dialog)


def paste(page: Page, who: Colleague, text: str) -> None:
    """Give a scanner the text of a code instead of its picture."""
    scanner = page.locator("[data-scan]")
    scanner.locator("summary").click()
    scanner.get_by_label(who.say("scan-paste-label")).fill(text)
    scanner.get_by_role("button", name=who.say("scan-paste-use")).click()


def finish(device: Colleague) -> None:
    """Say on the new device that the other one has approved, and come in."""
    device.page.locator('[data-action="approved-yes"]').click(timeout=APPROVAL_PATIENCE)
    device.expect_open()


def finish_by_scan(device: Colleague, answer: str) -> None:
    """Come in by the approving device's own code, which nobody can fake."""
    expect(device.page.locator('[data-approval="confirm"]')).to_be_visible(timeout=APPROVAL_PATIENCE)
    device.page.locator('[data-approval] [data-action="scan"]').click()
    paste(device.page, device, answer)
    device.expect_open()


def safety_number(who: Colleague) -> tuple[str, str]:
    """Digits and QR text of the open direct conversation."""
    dialog = open_safety(who)
    shown = "".join(dialog.get_by_role("list", name=who.say("safety-number")).locator("li").all_inner_texts())
    qr = dialog.locator("[data-qr]").get_attribute("data-qr") or ""
    dialog.get_by_role("button", name=who.say("close")).last.click()
    return shown, qr


def open_safety(who: Colleague) -> Locator:
    """The dialog in which two people compare their number."""
    if not who.page.locator('[data-action="safety"]').is_visible():
        who.page.get_by_role("button", name=who.say("details"), exact=True).click()
    who.page.locator('[data-action="safety"]').click()
    dialog = who.page.locator("dialog[open][data-safety]")
    expect(dialog.locator("[data-qr]")).to_be_visible(timeout=MESSAGE_PATIENCE)
    return dialog


def _with_history(owner: Colleague, dialog: Locator, wanted: bool) -> None:
    dialog.get_by_label(owner.say("pairing-history")).set_checked(wanted)


def _answer(dialog: Locator) -> str:
    answer = dialog.locator('[data-qr^="BEEP-APPROVED:"]')
    expect(answer).to_be_visible(timeout=APPROVAL_PATIENCE)
    return answer.get_attribute("data-qr") or ""
