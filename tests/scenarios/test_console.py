"""An auditor at the console, in a real browser: search, verify, export; and who is not let in."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from tests.scenarios.colleague import (
    ARGON_PATIENCE,
    CODES,
    MESSAGE_PATIENCE,
    Colleague,
    activate_together,
)
from tests.scenarios.stack import Stack
from tests.scenarios.test_screens import Reviewer

TAKEN_IN: int = 60_000
"""Milliseconds until the log tells of what has just happened, on a loaded machine."""
WITNESSED: int = 60_000
"""Milliseconds until the witnesses have seen what has just happened, on a loaded machine."""


def enter(page: Page, stack: Stack, person: Colleague) -> None:
    """Fill in the console's form; what follows depends on the person's duties."""
    page.goto(f"{stack.console_url}/")
    page.get_by_label("Login").fill(person.person.login)
    page.get_by_label("Passphrase").fill(person.passphrase)
    alert = page.get_by_role("alert")
    answer = alert.or_(page.get_by_role("heading", name="Audit log"))
    for _ in range(CODES):
        page.get_by_label("One-time code").fill(person.totp())
        page.get_by_role("button", name="Sign in").click()
        expect(answer.first).to_be_visible(timeout=ARGON_PATIENCE)
        # Stretching the passphrase took longer than the code was good for.
        if not alert.filter(has_text="one-time code is wrong").is_visible():
            return


def test_an_auditor_searches_verifies_and_exports(
    watched: Callable[..., BrowserContext], stack: Stack, tmp_path: Path, pictures: Path
) -> None:
    auditor, administrator = (
        Colleague(watched(), stack.url, person) for person in stack.import_unit("Audit Office", 2)
    )
    stack.manage("grant_role", "--login", auditor.person.login, "--duty", "auditor")
    stack.manage("grant_role", "--login", administrator.person.login, "--duty", "directory_administrator")
    activate_together(auditor, administrator)
    desk = watched(accept_downloads=True).new_page()
    reviewer = Reviewer("en", pictures)

    # An administrator is told so, and nothing else.
    enter(desk, stack, administrator)
    reviewer.look(desk, "console-sign-in")
    expect(desk.get_by_role("alert")).to_contain_text("No duty of this person", timeout=ARGON_PATIENCE)

    enter(desk, stack, auditor)
    expect(desk.get_by_role("heading", name="Audit log")).to_be_visible(timeout=ARGON_PATIENCE)
    expect(desk.locator("tr[data-leaf]").first).to_be_visible()
    reviewer.look(desk, "console-log")

    # A person is chosen by name, and then a case number is asked for.
    desk.get_by_label("About", exact=True).fill(administrator.person.latin[:6])
    desk.locator(".offers li", has_text=administrator.person.latin).first.click(timeout=MESSAGE_PATIENCE)
    desk.get_by_role("button", name="Search").click()
    expect(desk.get_by_role("alert")).to_contain_text("case number")
    desk.get_by_label("Case number").fill("AO-17/2026")
    desk.get_by_label("Event").select_option(label="Activated")
    # An event is in the log a moment after it has happened; whoever misses it searches again.
    for _ in range(TAKEN_IN // 1000):
        with desk.expect_navigation():
            desk.get_by_role("button", name="Search").click()
        expect(desk.locator(".empty, tr[data-leaf]")).not_to_have_count(0)
        if desk.locator("tr[data-leaf]").count():
            break
        desk.wait_for_timeout(1000)
    expect(desk.locator("tr[data-leaf]")).to_have_count(1)

    # The row's proof is checked in this browser.
    desk.get_by_role("link", name="Entry").click()
    verdict = desk.locator(".verdict")

    def verified() -> bool:
        desk.get_by_role("button", name="Verify").click()
        expect(verdict).not_to_have_text("Checking …")
        return verdict.get_attribute("data-verified") == "yes"

    for _ in range(WITNESSED // 1000):
        if verified():
            break
        desk.wait_for_timeout(1000)
    expect(verdict).to_have_attribute("data-verified", "yes")
    expect(desk.locator(".checks li.good")).to_have_count(6)
    growth = desk.locator('.checks [data-step="growth"]')
    expect(growth).to_contain_text("has verified nothing of this log before")
    reviewer.look(desk, "console-entry")
    # The log has grown meanwhile, by that very look, and must continue what this browser has verified.
    desk.reload()
    for _ in range(WITNESSED // 1000):
        if verified() and "continues the last state" in growth.inner_text():
            break
        desk.wait_for_timeout(1000)
    expect(growth).to_contain_text("The log continues the last state that this browser verified")
    expect(verdict).to_have_attribute("data-verified", "yes")
    check_that_the_pin_is_held(desk, verified)
    reviewer.look(desk, "console-entry-forked")
    desk.evaluate(RESTORE, PIN)
    assert verified()
    # A page that shows something else than the entry's bytes is found out.
    desk.locator("#entry").evaluate(
        "shown => { shown.textContent = shown.textContent.replace('done', 'dome') }"
    )
    assert not verified()
    expect(desk.locator(".checks li.bad")).to_have_count(1)

    # What leaves the console can be checked without it.
    desk.goto(f"{stack.console_url}/log?actions=activation.")
    desk.get_by_text("Export or keep this search").click()
    with desk.expect_download() as started:
        desk.get_by_role("button", name="Export with proofs").click()
    export = tmp_path / "export.zip"
    started.value.save_as(export)
    good = verify(export)
    assert good.returncode == 0, good.stderr
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(export) as archive, zipfile.ZipFile(changed, "w") as copy:
        for name in archive.namelist():
            content = bytearray(archive.read(name))
            if name == "entries.jsonl":
                place = content.index(b'"body":"') + 60
                content[place] = ord("A") if content[place] != ord("A") else ord("B")
            copy.writestr(name, bytes(content))
    bad = verify(changed)
    assert bad.returncode == 1
    assert "REFUSED" in bad.stderr

    for name in ("alerts", "plots", "reports", "integrity"):
        desk.get_by_role("navigation", name="Pages").get_by_role("link", name=name.title()).click()
        expect(desk.get_by_role("heading", level=1)).to_be_visible()
        if name == "plots":
            expect(desk.locator("#plot-classes canvas")).to_be_visible(timeout=MESSAGE_PATIENCE)
        reviewer.look(desk, f"console-{name}")

    # Whoever was looked at reads it in the messenger, and verifies it there.
    page = administrator.page
    page.goto(f"{stack.url}/settings/ledger")
    looked = page.locator('[data-action-name="audit.viewed"]').first
    expect(looked).to_contain_text(auditor.person.latin, timeout=MESSAGE_PATIENCE)
    for _ in range(WITNESSED // 1000):
        looked.get_by_role("button").click()
        expect(looked.locator(".result").or_(page.get_by_role("alert"))).to_be_visible(
            timeout=MESSAGE_PATIENCE
        )
        if looked.locator('[data-verified="yes"]').count():
            break
        page.wait_for_timeout(1000)
    expect(looked.locator('[data-verified="yes"]')).to_be_visible()
    reviewer.look(page, "ledger")

    desk.get_by_role("button", name="Sign out").click()
    expect(desk.get_by_label("Passphrase")).to_be_visible()
    assert reviewer.complaints == []


PIN = "beep-console-verified-log"
CHANGE = """([pin, change]) => {
    window.kept ??= localStorage.getItem(pin);
    localStorage.setItem(pin, JSON.stringify({...JSON.parse(window.kept), ...change}));
}"""
RESTORE = "pin => localStorage.setItem(pin, window.kept)"


def check_that_the_pin_is_held(desk: Page, verified: Callable[[], bool]) -> None:
    """The genuine server, which to a browser that has verified another log is the one that lies."""
    growth = desk.locator('.checks [data-step="growth"]')
    for change, words in (
        ({"size": 1_000_000_000}, "The log has become shorter"),
        ({"origin": "elsewhere.example/audit"}, "This is not the log that this browser has verified"),
        ({"root": "A" * 43 + "="}, "The log is another one"),
    ):
        desk.evaluate(CHANGE, [PIN, change])
        assert not verified()
        expect(growth).to_contain_text(words)
        # Everything that the witnesses vouch for holds, and it is red all the same.
        expect(desk.locator(".checks li.good")).to_have_count(5)
        expect(desk.locator(".checks li.bad")).to_have_count(1)
        expect(desk.locator(".verdict")).to_contain_text("NOT verified")


def verify(export: Path) -> "subprocess.CompletedProcess[str]":
    """`beep-verify`, as an auditor runs it elsewhere."""
    return subprocess.run(
        [sys.executable, "-m", "audit.verify", str(export), "--quiet"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
