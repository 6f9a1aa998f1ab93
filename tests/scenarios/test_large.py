"""Sixty people of three units in one go, from a browser; most of them are not there."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from messaging import protocol
from tests.scenarios import groups
from tests.scenarios.colleague import Colleague, activate_together
from tests.scenarios.liar import Liar
from tests.scenarios.stack import Newcomer, Stack
from tests.scenarios.under_node import vitest

UNITS = ("Planning Wing", "Statistics Wing", "Projects Wing")
EACH = 20
PATIENCE = 240_000
"""Milliseconds for sixty KeyPackages, the commit, its Welcomes and what the page shows of it."""


@pytest.fixture
def ear(stack: Stack) -> Iterator[Liar]:
    """Hears what the server says to one of them: for the sizes."""
    with Liar(stack.url) as running:
        yield running


def test_sixty_people_from_three_units_in_one_go(
    watched: Callable[..., BrowserContext],
    stack: Stack,
    ear: Liar,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    crowd = [person for unit in UNITS for person in stack.import_unit(unit, EACH)]
    bring_in(stack, crowd[1:], tmp_path)
    reader = Colleague(watched(proxy=ear.proxy), stack.url, crowd[0])
    founder = Colleague(watched(), stack.url, stack.newcomer())
    activate_together(reader, founder)

    page = founder.page
    page.goto(f"{stack.url}/new/group")
    page.locator('[data-tab="unit"]').click()
    for unit in UNITS:
        page.get_by_label(founder.say("search-units")).fill(unit)
        page.locator("[data-unit]").filter(has_text=unit).click(timeout=groups.GROUP_PATIENCE)
        page.locator('[data-action="choose-all"]').click(timeout=groups.GROUP_PATIENCE)
        page.get_by_role("button", name=founder.say("back-to-units")).click()
    page.locator('[data-action="next"]').click()
    page.get_by_label(founder.say("group-name")).fill("Five-year plan")
    began = time.monotonic()
    page.locator('[data-action="make-group"]').click()
    page.wait_for_url("**/c/*", timeout=PATIENCE)
    made = time.monotonic() - began
    expect(page.locator("[data-members]")).to_have_attribute("data-members", str(len(crowd) + 1))

    group = page.url.rsplit("/", 1)[1]
    began = time.monotonic()
    founder.write("Welcome, all sixty of you")
    groups.open_group(reader, group)
    reader.expect_message("Welcome, all sixty of you")
    read = time.monotonic() - began
    expect(reader.page.locator("[data-members]")).to_have_attribute("data-members", str(len(crowd) + 1))
    reader.write("Thank you")
    founder.expect_message("Thank you")

    sizes = {
        envelope.kind: len(envelope.body)
        for frame in ear.heard
        if isinstance(frame, protocol.Envelopes | protocol.Page)
        for envelope in frame.envelopes
        if frame.conversation.hex() == group.replace("-", "")
    }
    figures = {
        "people": len(crowd) + 1,
        "made_s": round(made, 1),
        "first_message_s": round(read, 1),
        "begin_bytes": sizes.get(protocol.BEGIN, 0),
        "healing_commit_bytes": sizes.get(protocol.COMMIT, 0),
        "message_bytes": sizes.get(protocol.APPLICATION, 0),
    }
    with capsys.disabled():
        sys.stdout.write(f"\n{json.dumps(figures)}\n")
    assert sizes[protocol.BEGIN] > 0


def bring_in(stack: Stack, people: list[Newcomer], folder: Path) -> None:
    """Give each of them a device, by a driver under Node: no browser, no passphrase."""
    letters = folder / "crowd.json"
    letters.write_text(
        json.dumps(
            [{"id": one.id, "personnel_number": one.personnel_number, "code": one.code} for one in people]
        )
    )
    vitest("tests/core/crowd.test.ts", {"BEEP_TEST_URL": stack.url, "BEEP_CROWD": str(letters)})
