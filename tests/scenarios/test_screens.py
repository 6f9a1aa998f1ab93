"""Every screen, in English and in Urdu: axe finds nothing serious, and a picture is left for review."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from tests.scenarios.colleague import ARGON_PATIENCE, MESSAGE_PATIENCE, Colleague, activate_together
from tests.scenarios.stack import Stack
from tests.scenarios.words import LOCALES, Language, word

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
SETTLED = """
() => Promise.allSettled(document.getAnimations()
  .filter(one => one.effect?.getComputedTiming().endTime < Infinity)
  .map(one => one.finished)).then(() => null)
"""
"""Ends when colours have come to what they shall be; what turns for ever may go on."""
JUDGE = "axe.run({resultTypes: ['violations']}).then(result => JSON.stringify(result.violations))"
SERIOUS = ("serious", "critical")
SETTINGS = ("look", "privacy", "devices", "ledger", "diagnostics")
GREETINGS: dict[Language, tuple[str, str]] = {
    "en": ("Good morning! Is the **budget note** ready?", "Almost. You have it by noon."),
    "ur": ("السلام علیکم! کیا بجٹ نوٹ تیار ہے؟", "وعلیکم السلام، دوپہر تک مل جائے گا۔"),
    "fa": ("سلام، یادداشت بودجه آماده است؟", "تا ظهر می‌رسد."),
}


class Reviewer:
    """Looks at a page with axe's eyes and takes its picture."""

    def __init__(self, language: Language, pictures: Path) -> None:
        self._language = language
        self._pictures = pictures
        self.seen: list[str] = []
        self.complaints: list[str] = []

    def look(self, page: Page, screen: str, theme: str = "light") -> None:
        """Judge and picture what is on the screen now."""
        name = f"{self._language}-{screen}-{theme}"
        page.evaluate(SETTLED)
        page.screenshot(path=self._pictures / f"{name}.png")
        # Evaluated by the debugger, so the page's own policy stays in force.
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE.read_text(encoding="utf-8"))
        violations = json.loads(page.evaluate(JUDGE))
        for violation in violations:
            if violation["impact"] in SERIOUS:
                targets = [node["html"][:160] for node in violation["nodes"][:3]]
                self.complaints.append(f"{name}: {violation['id']} ({violation['help']}): {targets}")
        self.seen.append(name)


@pytest.mark.parametrize("language", ["en", "ur"])
def test_every_screen_is_accessible_and_pictured(
    language: Language,
    watched: Callable[..., BrowserContext],
    stack: Stack,
    pictures: Path,
) -> None:
    reviewer = Reviewer(language, pictures)
    size: ViewportSize = {"width": 1280, "height": 800}
    first = Colleague(watched(locale=LOCALES[language], viewport=size), stack.url, stack.newcomer(), language)
    second = Colleague(
        watched(locale=LOCALES[language], viewport=size), stack.url, stack.newcomer(), language
    )
    first.look = lambda screen: reviewer.look(first.page, screen)
    activate_together(first, second)
    reviewer.look(first.page, "empty")

    # The whole name: those who were imported for other stories share a first one, and a page holds twenty.
    first.page.get_by_label(first.say("search-label")).fill(second.person.latin)
    first.page.locator(f'[data-person="{second.person.id}"]').wait_for(timeout=MESSAGE_PATIENCE)
    reviewer.look(first.page, "directory")
    first.open_conversation(second.person.latin, second.person.id)
    reviewer.look(first.page, "conversation-empty")
    question, answer = GREETINGS[language]
    first.write(question)
    second.open_first_conversation()
    second.expect_message(question.replace("**", ""))
    second.write(answer)
    first.expect_message(answer)
    first.composer.fill(question)
    for theme in ("light", "dark"):
        first.page.emulate_media(color_scheme=theme)
        reviewer.look(first.page, "conversation", theme)
    first.page.set_viewport_size({"width": 390, "height": 844})
    reviewer.look(first.page, "conversation-narrow", "dark")
    first.page.emulate_media(color_scheme="light")
    reviewer.look(first.page, "conversation-narrow")
    first.page.set_viewport_size(size)
    look_at_the_reasons_for_trust(first, reviewer)
    for section in SETTINGS:
        first.page.goto(f"{stack.url}/settings/{section}")
        heading = first.page.get_by_role("heading", name=word(language, f"settings-{section}"))
        expect(heading.first).to_be_visible(timeout=MESSAGE_PATIENCE)
        if section == "ledger":
            first.page.locator("[data-ledger]").first.wait_for(timeout=MESSAGE_PATIENCE)
        reviewer.look(first.page, f"settings-{section}")

    first.page.goto(f"{stack.url}/settings/privacy")
    first.page.get_by_role("button", name=first.say("lock-now")).click()
    expect(first.page.get_by_role("button", name=first.say("unlock"))).to_be_visible(timeout=ARGON_PATIENCE)
    reviewer.look(first.page, "locked")
    first.unlock()

    replaced = first.page
    moved = Colleague(watched(locale=LOCALES[language], viewport=size), stack.url, first.person, language)
    moved.take_over(first)
    moved.look = lambda screen: reviewer.look(moved.page, screen)
    moved.replace_device()
    reviewer.look(moved.page, "new-device")
    expect(replaced.get_by_text(word(language, "revoked-replaced"))).to_be_visible(timeout=MESSAGE_PATIENCE)
    reviewer.look(replaced, "revoked")

    stranger = watched(locale=LOCALES[language], viewport=size).new_page()
    stranger.goto(f"{stack.url}/recover")
    expect(stranger.get_by_label(word(language, "recovery-code"))).to_be_visible(timeout=MESSAGE_PATIENCE)
    reviewer.look(stranger, "recover")

    assert reviewer.complaints == []
    assert len(reviewer.seen) == len(set(reviewer.seen)) >= 24


def look_at_the_reasons_for_trust(person: Colleague, reviewer: Reviewer) -> None:
    """Beside the conversation: why this device list can be trusted, once every check has been made."""
    page = person.page
    page.get_by_role("button", name=person.say("details"), exact=True).click()
    panel = page.locator("details.keys")
    panel.locator("summary").click(timeout=MESSAGE_PATIENCE)
    for name in ("policy", "witnesses", "fresh", "grows", "listed", "own"):
        check = panel.locator(f'[data-check="{name}"][data-state="good"]')
        expect(check).to_be_visible(timeout=2 * MESSAGE_PATIENCE)
    panel.locator("li").last.scroll_into_view_if_needed()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        reviewer.look(page, "key-trust", theme)
    page.emulate_media(color_scheme="light")
    pane = page.get_by_role("complementary", name=person.say("details"))
    pane.get_by_role("button", name=person.say("close"), exact=True).click()
