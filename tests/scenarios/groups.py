"""What people do with groups, in the words of the screen. Each function takes whoever does it."""

from collections.abc import Sequence
from typing import Final

from playwright.sync_api import Locator, expect

from tests.scenarios.colleague import MESSAGE_PATIENCE, Colleague
from tests.scenarios.stack import Newcomer

GROUP_PATIENCE: Final = 120_000
"""Milliseconds until a change of a group is in the log and on the screen, on a loaded machine."""


def make_group(founder: Colleague, name: str, people: Sequence[Newcomer]) -> str:
    """Choose people one by one, name the group, make it; returns the conversation's id."""
    page = founder.page
    page.goto(f"{founder.url}/new/group")
    for person in people:
        choose(founder, person)
    founder.look("group-people")
    page.locator('[data-action="next"]').click()
    page.get_by_label(founder.say("group-name")).fill(name)
    founder.look("group-about")
    page.locator('[data-action="make-group"]').click()
    page.wait_for_url("**/c/*", timeout=GROUP_PATIENCE)
    return page.url.rsplit("/", 1)[1]


def choose(who: Colleague, person: Newcomer) -> None:
    """Find somebody by name in the picker and tick them."""
    field = who.page.locator('[role="tabpanel"]').get_by_label(who.say("search-label"))
    field.fill(person.latin)
    who.page.locator(f'label[data-person="{person.id}"] input').check(timeout=MESSAGE_PATIENCE)


def open_group(who: Colleague, group: str) -> None:
    """Go to the conversation from the list, waiting until it is there."""
    who.page.locator(f'[data-conversation="{group}"]').first.click(timeout=GROUP_PATIENCE)
    expect(who.page.locator("[data-title]")).to_be_visible(timeout=MESSAGE_PATIENCE)


def details(who: Colleague) -> Locator:
    """The page of details beside the conversation, opened if it is not."""
    pane = who.page.get_by_role("complementary", name=who.say("details"))
    if not pane.is_visible():
        who.page.get_by_role("button", name=who.say("details"), exact=True).click()
        expect(pane).to_be_visible(timeout=MESSAGE_PATIENCE)
    return pane


def member(who: Colleague, person: Newcomer) -> Locator:
    """Somebody's row in the list of members."""
    return details(who).locator(f'[data-role][data-person="{person.id}"]')


def expect_role(who: Colleague, person: Newcomer, role: str | None) -> None:
    """The person is in the group as `role`; None: is not in it."""
    row = member(who, person)
    if role is None:
        expect(row).to_have_count(0, timeout=GROUP_PATIENCE)
    else:
        expect(row).to_have_attribute("data-role", role, timeout=GROUP_PATIENCE)


def act_on(who: Colleague, person: Newcomer, action: str) -> None:
    """Choose an action from the menu of a member's row."""
    member(who, person).get_by_role("button").click()
    who.page.locator(f'[role="menu"] [data-action="{action}"]').click()


def add(who: Colleague, person: Newcomer) -> None:
    """Add one person to the open group."""
    details(who).locator('[data-action="add-members"]').click()
    choose(who, person)
    who.look("add-members")
    who.page.locator('dialog [data-action="add"]').click()
    expect(who.page.locator("dialog[open]")).to_have_count(0, timeout=GROUP_PATIENCE)


def remove(who: Colleague, person: Newcomer) -> None:
    """Remove a member, and say yes."""
    act_on(who, person, "remove")
    dialog = who.page.locator("dialog[open]")
    dialog.get_by_role("button", name=who.say("remove"), exact=True).click()
    expect(dialog).to_have_count(0, timeout=GROUP_PATIENCE)


def leave(who: Colleague) -> None:
    """Leave the open group."""
    details(who).locator('[data-action="leave"]').click()
    who.page.locator('[data-action="leave-confirm"]').click()
    expect(who.page.locator("dialog[open]")).to_have_count(0, timeout=GROUP_PATIENCE)


def rename(who: Colleague, name: str) -> None:
    """Give the open group another name."""
    details(who).locator('[data-action="rename"]').click()
    dialog = who.page.locator("dialog[open]")
    dialog.get_by_label(who.say("group-name")).fill(name)
    dialog.get_by_role("button", name=who.say("save")).click()
    expect(dialog).to_have_count(0, timeout=GROUP_PATIENCE)


def expect_title(who: Colleague, name: str) -> None:
    """The name that stands above the conversation."""
    expect(who.page.locator("[data-title]")).to_contain_text(name, timeout=GROUP_PATIENCE)


def expect_notice(who: Colleague, kind: str) -> None:
    """A line of that kind stands in the conversation."""
    expect(who.page.locator(f'[data-notice="{kind}"]').first).to_be_attached(timeout=GROUP_PATIENCE)


def expect_standing(who: Colleague, standing: str) -> None:
    """Whether this person may write here: in, out, waiting or stopped."""
    shown = who.page.locator(f'.conversation[data-standing="{standing}"]')
    expect(shown).to_be_visible(timeout=GROUP_PATIENCE)


def all_hear(people: Sequence[Colleague], speaker: Colleague, text: str) -> None:
    """One says it, everybody reads it."""
    speaker.write(text)
    for person in people:
        person.expect_message(text)
