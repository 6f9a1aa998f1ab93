"""Browser stories: a whole Beep, and real Chromium that is watched at every step.

Every context fails its story on a request to another host, on a report of the content-security policy, and
on an uncaught error. Chromium is the one on PATH, else the one that BEEP_CHROMIUM names.
"""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Request, expect

from tests.scenarios import testimony
from tests.scenarios.colleague import MESSAGE_PATIENCE, Colleague, activate_together
from tests.scenarios.stack import Stack
from tests.scenarios.words import LOCALES, Language

LONG = (
    "test_core.py",
    "test_failures.py",
    "test_large.py",
    "test_screens_groups.py",
    "test_many_devices.py",
    "test_groups.py",
    "test_screens.py",
    "test_devices.py",
)
"""Files whose stories are told first, so that at the end no process waits long for another's last one."""
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks of the tests that come last, and of those of the long form alone. What is expected of
    a page may come when the machine has time for it: playwright's own five seconds assert a speed.
    """
    config.addinivalue_line("markers", "after_all_stories: runs when every story has been told")
    config.addinivalue_line("markers", "soak: only in the long form, with SOAK=1")
    expect.set_options(timeout=MESSAGE_PATIENCE)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long stories come first; those `after_all_stories` search what the others left behind; `soak` waits for
    SOAK=1.
    """

    def told_here(item: pytest.Item) -> bool:
        return item.get_closest_marker("soak") is None or "SOAK" in os.environ

    def turn(item: pytest.Item) -> tuple[bool, int]:
        name = item.path.name
        return after_all(item), LONG.index(name) if name in LONG else len(LONG)

    config.hook.pytest_deselected(items=[item for item in items if not told_here(item)])
    items[:] = sorted(filter(told_here, items), key=turn)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A story that fails says what its pages showed and what its processes complained of."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        used = item.funcargs.values()
        said = testimony.given(
            [each for each in used if isinstance(each, Browser)],
            [each.data_dir for each in used if isinstance(each, Stack)],
        )
        report.sections.append(("Pages and processes at that moment", said))
    return report


def after_all(item: pytest.Item) -> bool:
    """Whether it looks at what the stories of its own process have left, and so belongs to every process."""
    return item.get_closest_marker("after_all_stories") is not None


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """pytest's own loop, but for processes that share the stories: STORIES names the folder in which each
    puts a file for what it is about to tell, and leaves out what has one. So they end at about the same time.
    """
    folder = os.environ.get("STORIES")
    if folder is None or session.testsfailed or session.config.option.collectonly:
        return None
    mine = (item for item in session.items if after_all(item) or _claimed(Path(folder), item))
    item = next(mine, None)
    while item is not None:
        # What is torn down behind a story depends on the one that follows.
        following = next(mine, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following
    return True


def _claimed(folder: Path, item: pytest.Item) -> bool:
    try:
        # Made by one process only, however many try in the same moment.
        (folder / sha256(item.nodeid.encode()).hexdigest()).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Chromium's path and the flags that keep it from calling home."""
    path = os.environ.get("BEEP_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    return {"headless": True, "args": CHROMIUM_FLAGS} | ({"executable_path": path} if path else {})


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One Beep for all stories; each takes its own people."""
    running = Stack(tmp_path_factory.mktemp("beep") / "data")
    yield running
    running.close()


@pytest.fixture
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Beep for one story alone: one that sets the database back, after which the witnesses rightly stop the
    log, and no other story on that server would find in it what has happened.
    """
    running = Stack(tmp_path_factory.mktemp("own") / "data")
    yield running
    running.close()


@pytest.fixture
def watched(browser: Browser, stack: Stack) -> Iterator[Callable[..., BrowserContext]]:
    """Make browser contexts whose every misstep fails the story."""
    faults: list[str] = []
    contexts: list[BrowserContext] = []

    own = {urlsplit(address).netloc for address in (stack.url, stack.console_url)}

    def note_request(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc not in own:
            faults.append(f"request to another host: {request.url}")

    def note_console(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Trusted Type" in message.text:
            faults.append(f"policy: {message.text}")

    def note_error(error: Error) -> None:
        faults.append(f"uncaught: {error.stack}")

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**({"locale": "en-GB"} | options))
        context.set_default_timeout(MESSAGE_PATIENCE)
        context.on("request", note_request)
        context.on("console", note_console)
        context.on("weberror", lambda problem: note_error(problem.error))
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    logs = [log.read_text() for log in stack.data_dir.glob("web-*.log")]
    reports = [line for log in logs for line in log.splitlines() if "csp_report" in line]
    assert logs
    assert faults == []
    assert reports == []


@pytest.fixture
def colleague(watched: Callable[..., BrowserContext], stack: Stack) -> Callable[..., Colleague]:
    """Make activated people, each in a browser context of their own."""

    def make(language: Language = "en", **options: Any) -> Colleague:
        context = watched(locale=LOCALES[language], **options)
        person = Colleague(context, stack.url, stack.newcomer(), language)
        person.activate()
        return person

    return make


@pytest.fixture
def colleagues(watched: Callable[..., BrowserContext], stack: Stack) -> Callable[..., list[Colleague]]:
    """Make several activated people at once, each in a browser context of their own."""

    def make(count: int, **options: Any) -> list[Colleague]:
        people = [Colleague(watched(**options), stack.url, stack.newcomer()) for _ in range(count)]
        activate_together(*people)
        return people

    return make


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where the run leaves each screen's picture for review."""
    folder = Path(os.environ.get("BEEP_PICTURES", ".pictures")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
