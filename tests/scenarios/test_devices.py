"""A person moves to another browser: the old device is out at once, and both sides go on writing."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.scenarios.colleague import ARGON_PATIENCE, MESSAGE_PATIENCE, Colleague
from tests.scenarios.stack import Stack

ROWS_LEFT = """
async () => {
  const left = {};
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    for (const table of database.objectStoreNames) {
      const keys = await new Promise(resolve => {
        const request = database.transaction(table).objectStore(table).getAllKeys();
        request.onsuccess = () => resolve(request.result);
      });
      if (keys.length > 0) left[table] = keys;
    }
    database.close();
  }
  return left;
}
"""
"""Keys of all rows in the browser's databases, by table."""


def test_a_new_browser_replaces_the_device_and_the_conversation_goes_on(
    colleagues: Callable[..., list[Colleague]], watched: Callable[..., BrowserContext], stack: Stack
) -> None:
    first, second = colleagues(2)
    first.open_conversation(second.person.latin, second.person.id)
    first.write("This was written on the old device")
    second.open_first_conversation()
    second.expect_message("This was written on the old device")

    moved = Colleague(watched(), stack.url, first.person)
    moved.take_over(first)
    moved.replace_device()
    expect(first.page.get_by_text("You now use another device")).to_be_visible(timeout=MESSAGE_PATIENCE)

    moved.open_first_conversation()
    moved.write("And this on the new one")
    second.expect_message("And this on the new one")
    second.write("I can read you again")
    moved.expect_message("I can read you again")
    assert "This was written on the old device" not in [message.text for message in moved.messages()]
    second.expect_message("This was written on the old device")


def test_the_partner_may_write_first_after_a_replacement(
    colleagues: Callable[..., list[Colleague]], watched: Callable[..., BrowserContext], stack: Stack
) -> None:
    first, second = colleagues(2)
    first.open_conversation(second.person.latin, second.person.id)
    first.write("Before the move")
    second.open_first_conversation()
    second.expect_message("Before the move")
    moved = Colleague(watched(), stack.url, first.person)
    moved.take_over(first)
    moved.replace_device()
    second.write("Are you there?")
    moved.open_first_conversation()
    moved.expect_message("Are you there?")


def test_the_list_of_devices_and_a_sign_out_that_leaves_nothing(
    colleague: Callable[..., Colleague],
) -> None:
    person = colleague()
    page = person.page
    page.goto(f"{person.url}/settings/devices")
    expect(page.get_by_text("This device", exact=True)).to_be_visible(timeout=MESSAGE_PATIENCE)
    page.get_by_role("button", name="Sign out", exact=True).last.click()
    page.get_by_role("button", name="Sign out and erase").click()
    expect(page.get_by_label("Login")).to_be_visible(timeout=MESSAGE_PATIENCE)
    rows = page.evaluate(ROWS_LEFT)
    # What stays is nobody's: the version of the tables, the count of leading tabs, language and look.
    assert set(rows) <= {"meta"}, rows
    assert set(rows["meta"]) <= {"schema", "preferences", "fence"}, rows
    assert page.evaluate("fetch('/api/v1/me').then(answer => answer.status)") == 401


def test_locking_forgets_and_the_passphrase_opens(colleague: Callable[..., Colleague]) -> None:
    person = colleague()
    person.page.goto(f"{person.url}/settings/privacy")
    person.page.get_by_role("button", name="Lock now").click()
    expect(person.page.get_by_role("button", name="Unlock")).to_be_visible(timeout=ARGON_PATIENCE)
    person.page.get_by_label("Passphrase", exact=True).fill("not the passphrase at all")
    person.page.get_by_role("button", name="Unlock").click()
    expect(person.page.get_by_role("alert")).to_be_visible(timeout=ARGON_PATIENCE)
    person.unlock()
    person.page.reload()
    person.expect_open()  # a cold start soon after needs no typing


def test_a_lost_passphrase_is_set_anew_with_the_recovery_code(
    colleague: Callable[..., Colleague], watched: Callable[..., BrowserContext], stack: Stack
) -> None:
    lost = colleague()
    found = Colleague(watched(), stack.url, lost.person)
    found.take_over(lost)
    found.recover("another orchard with nine lanterns")
    expect(lost.page.get_by_text("You now use another device")).to_be_visible(timeout=MESSAGE_PATIENCE)
    found.page.goto(f"{stack.url}/settings/privacy")
    found.page.get_by_role("button", name="Lock now").click()
    found.unlock()
