"""Attack E in browsers: two tabs that each could lead, and a profile that somebody has copied."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserType, expect

from tests.scenarios.colleague import ARGON_PATIENCE, MESSAGE_PATIENCE, Colleague
from tests.scenarios.stack import Stack


def other_tab(owner: Colleague, stack: Stack) -> Colleague:
    """The same browser, another page."""
    tab = Colleague(owner.context, stack.url, owner.person)
    tab.page.goto(stack.url)
    tab.expect_open()
    tab.open_first_conversation()
    return tab


def test_a_thawed_tab_and_a_copied_profile_use_no_key_twice(
    colleague: Callable[..., Colleague],
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    stack: Stack,
    tmp_path: Path,
) -> None:
    partner = colleague()
    home, copy = tmp_path / "profile", tmp_path / "copy"

    def browse(folder: Path) -> Colleague:
        context = browser_type.launch_persistent_context(folder, locale="en-GB", **browser_type_launch_args)
        return Colleague(context, stack.url, person)

    person = stack.newcomer()
    owner = browse(home)
    owner.activate()
    owner.open_conversation(partner.person.latin, partner.person.id)
    owner.write("Is this line safe?")
    partner.open_first_conversation()
    partner.expect_message("Is this line safe?")
    partner.write("It is")
    owner.expect_message("It is")

    # The tab that leads is frozen, as a phone does it; the other one leads; then the first one thaws.
    second = other_tab(owner, stack)
    frozen = owner.context.new_cdp_session(owner.page)
    frozen.send("Page.setWebLifecycleState", {"state": "frozen"})
    second.write("Said by the tab that is left")
    partner.expect_message("Said by the tab that is left")
    frozen.send("Page.setWebLifecycleState", {"state": "active"})
    owner.write("Said by the tab that has thawed")
    second.write("Said by the other one")
    for tab in (partner, owner, second):
        for text in ("Said by the tab that has thawed", "Said by the other one"):
            tab.expect_message(text)
    owner.context.close()

    # A copy of the whole profile, keys and session included; the original goes on.
    shutil.copytree(home, copy, ignore=shutil.ignore_patterns("Singleton*"))
    owner = browse(home)
    owner.page.goto(stack.url)
    owner.expect_open()
    owner.open_first_conversation()
    owner.write("Said after the copy was made")
    partner.expect_message("Said after the copy was made")
    owner.context.close()

    thief = browse(copy)
    thief.page.goto(stack.url)
    expect(thief.page.get_by_text(thief.say("broken-rolled-back"), exact=True)).to_be_visible(
        timeout=ARGON_PATIENCE
    )
    expect(thief.composer).to_have_count(0)
    thief.context.close()
    owner = browse(home)
    owner.page.goto(stack.url)
    owner.expect_open()
    owner.open_first_conversation()
    partner.write("Still you?")
    owner.expect_message("Still you?")
    owner.write("Still me")
    partner.expect_message("Still me")
    owner.context.close()
    expect(partner.page.locator('[data-notice="log-mismatch"]')).to_have_count(0, timeout=MESSAGE_PATIENCE)
