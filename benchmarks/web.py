"""`python -m benchmarks.web`: what a person at a browser waits for. Prints one JSON line a figure.

A whole demo and real Chromium. The cold start and an unlock are measured again with all of Chromium in a
control group that gets one sixth of a core: the browser's own throttle does not slow workers down. Where
control groups cannot be made (that takes root), those lines say so.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import BrowserContext, CDPSession, Page, Playwright, sync_playwright

from tests.scenarios.colleague import Colleague
from tests.scenarios.conftest import CHROMIUM_FLAGS
from tests.scenarios.stack import ROOT, Stack

SAMPLES: Final = 40
SHARE: Final = 6
"""A sixth of a core: about what a cheap telephone has."""
WORKERS: Final = ROOT / "web" / "dist" / "assets"
PERIOD: Final = 100_000
"""Microseconds over which the share is counted."""

TIME_TO_SENT: Final = """
() => new Promise(resolve => {
  const box = document.querySelector("textarea");
  const known = new Set([...document.querySelectorAll("[data-message]")].map(row => row.dataset.message));
  const began = performance.now();
  const look = () => {
    for (const row of document.querySelectorAll("[data-message]")) {
      if (known.has(row.dataset.message)) continue;
      if (/^(sent|delivered|read)$/.test(row.querySelector("[data-state]")?.dataset.state ?? ""))
        return resolve(performance.now() - began);
    }
    requestAnimationFrame(look);
  };
  box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
  look();
})
"""


def main() -> int:
    """Measure everything once."""
    chromium = os.environ.get("BEEP_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        print("Chromium is not installed", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="beep-bench-web-") as folder:
        stack = _start(Path(folder))
        try:
            with sync_playwright() as playwright:
                _measure(playwright, stack, Path(folder), chromium)
        finally:
            stack.close()
    return 0


def _start(folder: Path) -> Stack:
    """The demo's first start, its end, and its second start, which is the one that is used."""
    figures = []
    for _ in range(2):
        (folder / "data" / "demo.json").unlink(missing_ok=True)
        began = time.perf_counter()
        stack = Stack(folder / "data")
        figures.append(round(time.perf_counter() - began, 1))
        if len(figures) == 1:
            stack.close()
    _say("demo_start", unit="s", first=figures[0], second=figures[1])
    return stack


def _measure(playwright: Playwright, stack: Stack, folder: Path, chromium: str) -> None:
    partner_context = _launch(playwright, folder / "partner", chromium)
    partner = Colleague(partner_context, stack.url, stack.newcomer())
    partner.activate()

    profile = folder / "profile"
    context = _launch(playwright, profile, chromium)
    _say("first_load", **_first_load(context, stack.url))
    person = Colleague(context, stack.url, stack.newcomer())
    person.activate()
    person.open_conversation(partner.person.latin, partner.person.id)
    person.write("The first one begins the group")
    person.expect_state("The first one begins the group", "sent")
    # The partner's browser would be on another machine; here it would take the sender's core.
    partner_context.close()
    _say("time_to_sent", unit="ms", **_spread([_time_to_sent(person, number) for number in range(SAMPLES)]))
    conversation = person.page.url
    _say("unlock", unit="ms", **_spread([_unlock(person) for _ in range(5)]))
    _say("cold_start", unit="ms", **_spread([_cold_start(person.context, conversation) for _ in range(5)]))
    context.close()

    try:
        with _control_group() as group:
            slow = _launch(playwright, profile, _inside(group, chromium, folder))
            figures = [_cold_start(slow, conversation) for _ in range(3)]
            _say("cold_start_sixth_of_a_core", unit="ms", **_spread(figures))
            person.context, person.page = slow, slow.new_page()
            person.page.goto(conversation)
            person.expect_open()
            _say("unlock_sixth_of_a_core", unit="ms", **_spread([_unlock(person)]))
            slow.close()
    except OSError as error:
        _say("cold_start_sixth_of_a_core", not_measured=f"no control group: {error.strerror}")


def _launch(playwright: Playwright, profile: Path, executable: str) -> BrowserContext:
    return playwright.chromium.launch_persistent_context(
        profile, executable_path=executable, args=CHROMIUM_FLAGS, locale="en-GB", timeout=180_000
    )


def _first_load(context: BrowserContext, url: str) -> dict[str, Any]:
    """Compressed bytes over the wire until the first screen is quiet, with an empty cache.

    The crypto worker is not among them: it is loaded when it is first needed, and stands beside the sum.
    """
    page = context.new_page()
    session: CDPSession = context.new_cdp_session(page)
    sizes: list[int] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    session.send("Network.enable")
    page.goto(f"{url}/sign-in", wait_until="networkidle")
    page.close()
    worker = sum(path.stat().st_size for path in WORKERS.glob("worker-*.js.br"))
    figures = {"value": round(sum(sizes) / 1000, 1), "crypto_worker_later": round(worker / 1000, 1)}
    return {"unit": "kB", "requests": len(sizes), **figures}


def _time_to_sent(person: Colleague, number: int) -> float:
    person.composer.fill(f"Sentence number {number} on the way to the disk")
    return float(person.page.evaluate(TIME_TO_SENT))


def _unlock(person: Colleague) -> float:
    page = person.page
    page.get_by_role("button", name=person.say("lock-now")).first.click()
    page.get_by_label(person.say("passphrase"), exact=True).fill(person.passphrase, timeout=180_000)
    began = time.perf_counter()
    page.get_by_role("button", name=person.say("unlock")).click()
    page.get_by_role("button", name=person.say("lock-now")).first.wait_for(timeout=180_000)
    return (time.perf_counter() - began) * 1000


def _cold_start(context: BrowserContext, conversation: str) -> float:
    """From the address to the words of the conversation, in a tab that knows nothing yet; no typing."""
    page: Page = context.new_page()
    began = time.perf_counter()
    page.goto(conversation, wait_until="commit", timeout=180_000)
    page.locator("[data-message]").first.wait_for(timeout=180_000)
    taken = (time.perf_counter() - began) * 1000
    page.close()
    return taken


@contextmanager
def _control_group() -> Iterator[Path]:
    """A control group with a share of one core, version 1 or 2; OSError where none can be made."""
    old, new = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")
    group = (old if old.is_dir() else new) / f"beep-bench-{os.getpid()}"
    group.mkdir()
    try:
        quota = PERIOD // SHARE
        if old.is_dir():
            (group / "cpu.cfs_period_us").write_text(str(PERIOD))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (group / "cpu.max").write_text(f"{quota} {PERIOD}")
        yield group
    finally:
        for _ in range(50):
            try:
                group.rmdir()
                break
            except OSError:
                time.sleep(0.1)  # its last process is still ending


def _inside(group: Path, program: str, folder: Path) -> str:
    """A script that enters the control group and becomes the program."""
    script = folder / "chromium-in-group"
    script.write_text(f'#!/bin/sh\necho $$ > {group}/cgroup.procs\nexec {program} "$@"\n')
    script.chmod(0o755)
    return str(script)


def _spread(values: list[float]) -> dict[str, Any]:
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered), 1),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 1),
        "samples": len(ordered),
    }


def _say(name: str, **figures: Any) -> None:
    print(json.dumps({"benchmark": name, **figures}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
