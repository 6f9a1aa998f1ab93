"""One person, several devices: approved by the other one, with the past if wanted, and all of one mind."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, expect
from playwright.sync_api import TimeoutError as NotThere

from tests.scenarios import camera, devices, groups
from tests.scenarios.colleague import ARGON_PATIENCE, MESSAGE_PATIENCE, Colleague
from tests.scenarios.conftest import CHROMIUM_FLAGS
from tests.scenarios.stack import Stack
from tests.scenarios.test_devices import ROWS_LEFT

EARLIER = ("The file is on your desk", "Thank you, I have it", "Please sign page three")


@pytest.fixture
def pair(colleagues: Callable[..., list[Colleague]]) -> tuple[Colleague, Colleague]:
    """Two people with a short past."""
    owner, partner = colleagues(2)
    owner.open_conversation(partner.person.latin, partner.person.id)
    owner.write(EARLIER[0])
    partner.open_first_conversation()
    partner.expect_message(EARLIER[0])
    partner.write(EARLIER[1])
    owner.expect_message(EARLIER[1])
    owner.write(EARLIER[2])
    partner.expect_message(EARLIER[2])
    return owner, partner


def test_a_phone_is_approved_by_digits_gets_the_past_and_shares_what_is_read(
    pair: tuple[Colleague, Colleague], watched: Callable[..., BrowserContext]
) -> None:
    owner, partner = pair
    phone = devices.another_device(watched(**devices.PHONE), owner)
    devices.ask(phone)
    devices.approve_by_digits(owner, phone)
    devices.finish(phone)

    phone.open_first_conversation()
    for line in EARLIER:
        phone.expect_message(line)
        copied = phone.message(line)
        expect(copied).to_have_attribute("data-copied", re.compile(".*"))
    phone.write("Written on the phone")
    owner.page.goto(f"{owner.url}/")
    partner.expect_message("Written on the phone")
    owner.open_first_conversation()
    owner.expect_message("Written on the phone")
    expect(owner.message("Written on the phone")).to_have_class(re.compile(r"\bmine\b"))

    # What is read on one device is read on the other.
    for device in (owner, phone):
        device.page.goto(f"{device.url}/settings/look")
    partner.write("Have you read this?")
    for device in (owner, phone):
        device.page.goto(f"{device.url}/")
        expect(device.page.locator("[data-conversation] .badge")).to_be_visible(timeout=MESSAGE_PATIENCE)
    phone.open_first_conversation()
    phone.expect_message("Have you read this?")
    expect(owner.page.locator("[data-conversation] .badge")).to_have_count(0, timeout=MESSAGE_PATIENCE)


def test_an_approval_by_pasted_codes_and_one_with_wrong_digits(
    pair: tuple[Colleague, Colleague], watched: Callable[..., BrowserContext]
) -> None:
    owner, partner = pair
    laptop = devices.another_device(watched(), owner)
    devices.ask(laptop)
    answer = devices.approve_by_paste(owner, laptop, history=False)
    devices.finish_by_scan(laptop, answer)
    laptop.open_first_conversation()
    laptop.write("From the laptop, without the past")
    partner.expect_message("From the laptop, without the past")
    expect(laptop.message(EARLIER[0])).to_have_count(0)

    # Whichever device answers first decides alone: only one is awake now.
    laptop.page.close()
    # Somebody in the middle shows other digits than the owner's new device would.
    tablet = devices.another_device(watched(), owner)
    devices.ask(tablet)
    right = devices.digits_after_decision(owner, tablet)
    for _ in range(3):
        devices.type_digits(owner, f"{(int(right) + 1) % 10**8:08}")
    expect(owner.page.locator("dialog[open] [data-error]")).to_be_visible(timeout=MESSAGE_PATIENCE)
    expect(tablet.page.locator('[data-approval="refused"]')).to_be_visible(timeout=devices.APPROVAL_PATIENCE)


@pytest.fixture
def filming(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], tmp_path: Path
) -> Iterator[tuple[Browser, Path]]:
    """A browser whose camera films what the story puts before it."""
    film = tmp_path / "camera.y4m"
    args = [*CHROMIUM_FLAGS, *camera.flags(film)]
    started = browser_type.launch(**(browser_type_launch_args | {"args": args}))
    yield started, film
    started.close()


def test_an_approval_by_camera(
    filming: tuple[Browser, Path], watched: Callable[..., BrowserContext], stack: Stack
) -> None:
    browser, film = filming
    owner = Colleague(browser.new_context(locale="en-GB"), stack.url, stack.newcomer())
    owner.activate()
    phone = devices.another_device(watched(**devices.PHONE), owner)
    devices.ask(phone)
    code = phone.page.locator("[data-approval] [data-qr]").get_attribute("data-qr") or ""
    camera.film_code(film, code)
    dialog = devices.decide(owner)
    dialog.locator('[data-action="scan"]').click()
    dialog.get_by_role("button", name=owner.say("scan-camera")).click()
    expect(dialog.locator('[data-qr^="BEEP-APPROVED:"]')).to_be_visible(timeout=devices.APPROVAL_PATIENCE)
    devices.finish(phone)


def test_a_recovered_device_writes_at_once_while_the_partner_is_away(
    pair: tuple[Colleague, Colleague], watched: Callable[..., BrowserContext], stack: Stack
) -> None:
    owner, partner = pair
    partner.page.close()
    recovered = Colleague(watched(), stack.url, owner.person)
    recovered.take_over(owner)
    recovered.replace_device()
    recovered.open_first_conversation()
    recovered.write("My old laptop drowned; this is the new one")
    recovered.expect_state("My old laptop drowned; this is the new one", "sent")
    partner.page = partner.context.new_page()
    partner.page.goto(f"{stack.url}/")
    partner.open_first_conversation()
    partner.expect_message("My old laptop drowned; this is the new one")
    partner.write("Good to hear from you")
    recovered.expect_message("Good to hear from you")


def test_a_temporary_device_leaves_nothing_in_storage(
    pair: tuple[Colleague, Colleague], watched: Callable[..., BrowserContext], stack: Stack
) -> None:
    owner, partner = pair
    context = watched()
    shared = devices.another_device(context, owner)
    devices.ask(shared, temporary=True)
    devices.approve_by_digits(owner, shared, history=False)
    devices.finish(shared)
    owner.page.goto(f"{owner.url}/settings/devices")
    expect(owner.page.locator('[data-device-kind="temporary"]')).to_be_visible(timeout=MESSAGE_PATIENCE)
    owner.page.goto(f"{owner.url}/")

    shared.open_first_conversation()
    shared.write("From the computer in the lobby")
    partner.expect_message("From the computer in the lobby")
    partner.write("I read you")
    shared.expect_message("I read you")

    def left() -> dict[str, list[str]]:
        rows: dict[str, list[str]] = shared.page.evaluate(ROWS_LEFT)
        return rows

    rows = left()
    assert set(rows) <= {"meta"}, rows
    assert set(rows.get("meta", [])) <= {"schema", "preferences", "fence"}, rows
    kept = shared.page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
    assert not [key for key in kept if "vault" in key or "mark" in key], kept

    # Closing the page ends it: who opens the address again is asked who they are.
    shared.page.close()
    shared.page = context.new_page()
    shared.page.goto(f"{stack.url}/")
    expect(shared.page.get_by_label(shared.say("login"))).to_be_visible(timeout=ARGON_PATIENCE)
    rows = left()
    assert set(rows) <= {"meta"}, rows
    partner.write("Are you still in the lobby?")
    owner.open_first_conversation()
    owner.expect_message("Are you still in the lobby?")


def test_safety_numbers_are_equal_and_a_reset_by_two_officers_clears_the_mark(
    pair: tuple[Colleague, Colleague], watched: Callable[..., BrowserContext], stack: Stack, tmp_path: Path
) -> None:
    lost, partner = pair
    hers, his = devices.safety_number(lost), devices.safety_number(partner)
    assert hers == his
    assert re.fullmatch(r"[0-9]{60}", hers[0])
    dialog = devices.open_safety(partner)
    dialog.locator('[data-action="scan"]').click()
    devices.paste(partner.page, partner, hers[1])
    expect(partner.page.locator("dialog[open][data-safety][data-verified]")).to_be_visible(
        timeout=MESSAGE_PATIENCE
    )
    dialog.get_by_role("button", name=partner.say("close")).last.click()

    # Everything is lost: a letter, two officers, no delay in the demo.
    lost.context.close()
    letter = stack.manage("reset_letter", "--login", lost.person.login)
    code = re.search(r"/reset#(\S+)", letter)
    assert code
    found = Colleague(watched(), stack.url, lost.person)
    found.follow_letter("reset", code.group(1))
    expect(found.page.locator('[data-reset="waiting"]')).to_be_visible(timeout=ARGON_PATIENCE)
    groups.expect_notice(partner, "reset-requested")
    request = re.search(
        rf"request\s+(\S+)\nperson\s+{re.escape(lost.person.latin)}", stack.manage("reset_list")
    )
    assert request
    for number, (key, passphrase) in enumerate(stack.officers()):
        secret = tmp_path / f"officer-{number}"
        secret.write_text(passphrase)
        arguments = ("--request", request.group(1), "--key", str(key), "--passphrase-file", str(secret))
        stack.manage("reset_sign", *arguments, give="yes\n")
    # The page asks by itself every minute, and is perhaps in already.
    with suppress(NotThere):
        found.page.locator('[data-action="reset-look"]').click(timeout=5_000)
    found.expect_open()

    groups.expect_notice(partner, "identity-reset")
    expect(partner.page.locator('[data-action="safety"][data-verified]')).to_have_count(0)
    found.open_conversation(partner.person.latin, partner.person.id)
    found.write("It is me, with nothing but a letter")
    partner.expect_message("It is me, with nothing but a letter")
    anew = devices.safety_number(partner)
    assert anew == devices.safety_number(found)
    assert anew != hers
