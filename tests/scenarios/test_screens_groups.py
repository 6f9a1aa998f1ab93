"""The screens of groups, devices, safety numbers and reports, in two languages, for axe and for review."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from tests.scenarios import devices, groups
from tests.scenarios.colleague import MESSAGE_PATIENCE, Colleague, activate_together
from tests.scenarios.stack import Newcomer, Stack
from tests.scenarios.test_screens import GREETINGS, Reviewer
from tests.scenarios.words import LOCALES, Language, word

DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
NAMES: dict[Language, str] = {"en": "Budget round", "ur": "بجٹ کا دور", "fa": "دور بودجه"}


# The shorter suite has the backbone's screens in both directions of writing, and these in one.
@pytest.mark.parametrize("language", ["en", pytest.param("ur", marks=pytest.mark.soak)])
def test_every_screen_of_groups_and_devices_is_accessible_and_pictured(
    language: Language, watched: Callable[..., BrowserContext], stack: Stack, pictures: Path
) -> None:
    reviewer = Reviewer(language, pictures)
    people = stack.import_unit(f"Review Wing {language}", 4)
    founder, second = (
        Colleague(watched(locale=LOCALES[language], viewport=DESK), stack.url, person, language)
        for person in people[:2]
    )
    duty = ("--duty", "moderator", "--scope", "/planning/")
    stack.manage("grant_role", "--login", second.person.login, *duty)
    activate_together(founder, second)
    founder.look = lambda screen: reviewer.look(founder.page, screen)

    group = _group(founder, second, people[2:], language, reviewer)
    _direct(founder, second, language, reviewer)
    _report(founder, second, reviewer)
    _devices(founder, watched, language, reviewer)

    second.page.goto(f"{stack.url}/c/{group}")
    expect(second.composer).to_be_visible(timeout=MESSAGE_PATIENCE)
    for theme in ("light", "dark"):
        second.page.emulate_media(color_scheme=theme)
        second.page.set_viewport_size(PHONE)
        reviewer.look(second.page, "group-narrow", theme)
    stranger = watched(locale=LOCALES[language], viewport=DESK).new_page()
    stranger.goto(f"{stack.url}/reset")
    expect(stranger.get_by_label(word(language, "activation-code"))).to_be_visible(timeout=MESSAGE_PATIENCE)
    reviewer.look(stranger, "reset")

    assert reviewer.complaints == []
    assert len(reviewer.seen) == len(set(reviewer.seen)) >= 24


def _group(
    founder: Colleague, second: Colleague, invited: Sequence[Newcomer], language: Language, reviewer: Reviewer
) -> str:
    page = founder.page
    group = groups.make_group(founder, NAMES[language], [second.person, *invited])
    question, answer = GREETINGS[language]
    founder.write(question)
    groups.open_group(second, group)
    second.write(answer)
    founder.expect_message(answer)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        reviewer.look(page, "group", theme)
        groups.details(founder)
        reviewer.look(page, "group-details", theme)
    page.emulate_media(color_scheme="light")
    groups.member(founder, second.person).get_by_role("button").click()
    reviewer.look(page, "member-menu")
    page.keyboard.press("Escape")
    _dialog(page, '[data-action="add-members"]', "add-members", reviewer)
    _dialog(page, '[data-action="rename"]', "rename-group", reviewer)
    _dialog(page, '[data-action="picture"]', "group-picture", reviewer)
    _dialog(page, 'aside [data-action="leave"]', "leave-group", reviewer)
    return group


def _direct(founder: Colleague, second: Colleague, language: Language, reviewer: Reviewer) -> None:
    founder.page.goto(f"{founder.url}/")
    founder.open_conversation(second.person.latin, second.person.id)
    question, answer = GREETINGS[language]
    founder.write(question)
    second.page.goto(f"{second.url}/")
    row = second.page.locator('[data-conversation][data-kind="direct"]')
    row.click(timeout=MESSAGE_PATIENCE)
    second.write(answer)
    founder.expect_message(answer)
    dialog = devices.open_safety(founder)
    reviewer.look(founder.page, "safety")
    dialog.locator('[data-action="scan"]').click()
    reviewer.look(founder.page, "safety-scan")
    founder.page.keyboard.press("Escape")


def _report(founder: Colleague, second: Colleague, reviewer: Reviewer) -> None:
    page = founder.page
    page.locator('aside [data-action="report"]').click()
    page.locator('[data-message] input[type="checkbox"]:not([disabled])').first.check()
    reviewer.look(page, "report-choose")
    page.locator('[role="group"] [data-action="report"]').click()
    page.get_by_label(founder.say("report-note")).fill("Please have a look")
    # Ready when the moderators are known: its colour changes then.
    expect(page.locator('[data-action="send-report"]')).to_be_enabled(timeout=MESSAGE_PATIENCE)
    reviewer.look(page, "report-dialog")
    page.locator('[data-action="send-report"]').click()
    expect(page.locator("dialog[open]")).to_have_count(0, timeout=groups.GROUP_PATIENCE)
    second.page.goto(f"{second.url}/reports")
    second.page.locator("a[data-report]").click(timeout=groups.GROUP_PATIENCE)
    expect(second.page.locator("[data-verdict='proved']")).to_be_visible(timeout=groups.GROUP_PATIENCE)
    reviewer.look(second.page, "reports")


def _devices(
    founder: Colleague, watched: Callable[..., BrowserContext], language: Language, reviewer: Reviewer
) -> None:
    phone = devices.another_device(watched(locale=LOCALES[language], **devices.PHONE), founder)
    reviewer.look(phone.page, "new-device-ask")
    devices.ask(phone)
    dialog = devices.decide(founder)
    reviewer.look(founder.page, "pairing")
    code = devices.digits(phone)
    reviewer.look(phone.page, "approval-digits")
    dialog.locator("input[data-pairing-digits]").fill(code)
    dialog.locator('[data-action="approve"]').click()
    expect(dialog.locator('[data-qr^="BEEP-APPROVED:"]')).to_be_visible(timeout=devices.APPROVAL_PATIENCE)
    reviewer.look(founder.page, "pairing-approved")
    expect(phone.page.locator('[data-approval="confirm"]')).to_be_visible(timeout=devices.APPROVAL_PATIENCE)
    reviewer.look(phone.page, "approval-confirm")
    devices.finish(phone)
    reviewer.look(phone.page, "phone-home")
    founder.page.goto(f"{founder.url}/settings/devices")
    expect(founder.page.locator("[data-device]")).to_have_count(2, timeout=MESSAGE_PATIENCE)
    reviewer.look(founder.page, "devices")


def _dialog(page: Page, opener: str, screen: str, reviewer: Reviewer) -> None:
    page.locator(opener).first.click()
    expect(page.locator("dialog[open]")).to_be_visible(timeout=MESSAGE_PATIENCE)
    reviewer.look(page, screen)
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
