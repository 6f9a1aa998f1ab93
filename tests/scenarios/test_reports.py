"""A report to the moderators: the reporter chooses what, and the server's own log proves it."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from tests.scenarios.colleague import MESSAGE_PATIENCE, Colleague, activate_together
from tests.scenarios.groups import GROUP_PATIENCE
from tests.scenarios.stack import Stack
from tests.scenarios.under_node import run

RUDE = "You will regret this, and everybody will know why"
HARMLESS = "See you at the meeting"
REPLY = "I do not want to hear that again"


def test_a_reported_message_is_proved_and_what_was_not_chosen_stays_unseen(
    watched: Callable[..., BrowserContext], stack: Stack, tmp_path: Path
) -> None:
    *browsing, one, other = stack.import_unit("Inspection Wing", 5)
    reporter, offender, moderator = (Colleague(watched(), stack.url, person) for person in browsing)
    stack.manage(
        "grant_role", "--login", moderator.person.login, "--duty", "moderator", "--scope", "/planning/"
    )
    activate_together(reporter, offender, moderator)
    offender.open_conversation(reporter.person.latin, reporter.person.id)
    offender.write(HARMLESS)
    offender.write(RUDE)
    reporter.open_first_conversation()
    reporter.expect_message(RUDE)
    reporter.write(REPLY)
    offender.expect_message(REPLY)

    page = reporter.page
    page.get_by_role("button", name=reporter.say("details"), exact=True).click()
    page.locator('aside [data-action="report"]').click()
    reporter.message(RUDE).get_by_role("checkbox").check()
    # Nobody can prove to others what they said themselves.
    expect(reporter.message(REPLY).get_by_role("checkbox")).to_be_disabled()
    page.locator('[role="group"] [data-action="report"]').click()
    page.get_by_label(reporter.say("report-note")).fill("This is the third time")
    reporter.look("report-dialog")
    page.locator('[data-action="send-report"]').click()
    expect(page.locator("dialog[open]")).to_have_count(0, timeout=GROUP_PATIENCE)

    inbox = moderator.page.locator("[data-reports]")
    expect(inbox).to_have_attribute("data-reports", "1", timeout=GROUP_PATIENCE)
    inbox.click()
    moderator.look("reports")
    moderator.page.locator("a[data-report]").click()
    report = moderator.page.locator("article[data-report]")
    expect(report.get_by_text("This is the third time")).to_be_visible(timeout=MESSAGE_PATIENCE)
    proved = report.locator('[data-verdict="proved"]')
    expect(proved).to_have_count(1, timeout=GROUP_PATIENCE)
    moderator.look("report")
    expect(proved.filter(has_text=RUDE).locator(f'[data-person="{offender.person.id}"]')).to_be_visible()
    expect(report.get_by_text(HARMLESS)).to_have_count(0)
    # Whoever was reported sees nothing of it.
    assert "third time" not in offender.page.content()

    # Somebody with a changed client claims other words than were said: nothing proves them.
    run("real-forger", stack, tmp_path, [one, other])
    moderator.page.locator("a[data-report]").filter(has_text=one.latin).click(timeout=GROUP_PATIENCE)
    forged = moderator.page.locator("article[data-report]")
    expect(forged.get_by_text("Look at what I am told")).to_be_visible(timeout=MESSAGE_PATIENCE)
    expect(forged.locator('[data-verdict="not-proved"]')).to_have_count(1, timeout=GROUP_PATIENCE)
    expect(forged.locator('[data-verdict="proved"]')).to_have_count(0)
    moderator.look("report-forged")
