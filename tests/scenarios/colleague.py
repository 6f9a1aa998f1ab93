"""A person at a browser: what the stories do, in the words of the screen."""

import re
import time
from base64 import b32decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from django_otp.oath import hotp
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.scenarios.stack import Newcomer
from tests.scenarios.words import Language, pattern, word

ARGON_PATIENCE: Final = 180_000
"""Milliseconds for steps that derive keys from a passphrase, on a loaded machine."""
MESSAGE_PATIENCE: Final = 60_000
"""Milliseconds for a message to be written, sent and shown, on a machine with other work to do."""
CODES: Final = 5
"""One-time codes that are typed before a refusal means something else than that the machine is slow."""
STATES: Final = ("queued", "sent", "delivered", "read")
DONE: Final = object()
DRAWN: Final = """() => new Promise(done => {
    setTimeout(done, 5000);
    requestAnimationFrame(() => requestAnimationFrame(() => done(null)));
})"""
"""Ends behind the second frame that the browser draws from now on."""
SECRETS: Final[set[str]] = set()
"""All that anybody typed or was shown and that the server must never hold; the last story searches for it."""


def activate_together(*people: "Colleague") -> None:
    """Each from the letter to the empty list; their pages stretch the passphrases at the same time."""
    going = [person.letter_steps("activate", person.person.code) for person in people]
    while going:
        going = [steps for steps in going if next(steps, DONE) is not DONE]
    for person in people:
        person.expect_open()


@dataclass(frozen=True)
class Shown:
    """One message row as it stands on the screen."""

    id: str
    kind: str
    text: str
    mine: bool
    state: str | None
    """Of one's own: queued, sent, delivered, read or failed."""


class Colleague:
    """One browser context and one page, driven as its owner would."""

    def __init__(
        self, context: BrowserContext, url: str, person: Newcomer, language: Language = "en"
    ) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.url: Final = url
        self.person: Final = person
        self.language: Final = language
        self.passphrase = f"orchard lantern {person.login} seven rivers"
        SECRETS.add(self.passphrase)
        self.recovery_code = ""
        self.look: Callable[[str], None] = lambda screen: None
        """Called at each screen on the way, with its name."""
        self._totp_secret = ""
        self._totp_step = 0

    def say(self, name: str) -> str:
        """The words of a message in this person's language."""
        return word(self.language, name)

    # Getting in

    def activate(self) -> None:
        """From the letter to the empty list of conversations."""
        activate_together(self)

    def follow_letter(self, way: str, code: str) -> None:
        """What a letter asks for, to its last button: number, authenticator, passphrase, recovery code."""
        for _ in self.letter_steps(way, code):
            pass

    def letter_steps(self, way: str, code: str) -> Iterator[None]:
        """The same, pausing where the page has work to do, so that others can be set to work meanwhile."""
        page = self.page
        page.goto(f"{self.url}/{way}#{code}")
        expect(page.get_by_label(self.say("personnel-number"))).to_be_visible(timeout=MESSAGE_PATIENCE)
        self.look(f"{way}-code")
        page.get_by_label(self.say("personnel-number")).fill(self.person.personnel_number)
        page.get_by_role("button", name=self.say("continue")).click()
        self.add_to_authenticator()
        self.choose_passphrase()
        yield
        groups = page.get_by_role("list", name=self.say("recovery-code")).locator("code").all_inner_texts()
        self.recovery_code = "-".join(groups)
        SECRETS.update({self.recovery_code, "".join(groups), "".join(groups).lower()})
        self.look("recovery-code")
        page.get_by_role("button", name=self.say("recovery-written")).click()
        self.look("recovery-check")
        for field in page.locator("input[data-group]").all():
            field.fill(groups[int(field.get_attribute("data-group") or "0") - 1])
        page.get_by_role("button", name=self.say("continue")).click()
        yield from self.code_steps("finish", screen=f"{way}-finish")

    def add_to_authenticator(self) -> None:
        """Read the key beside the QR code, as an authenticator app does."""
        shown = self.page.get_by_label(self.say("authenticator-secret"), exact=True)
        expect(shown).to_be_visible(timeout=MESSAGE_PATIENCE)
        self._totp_secret = re.sub(r"\s", "", shown.inner_text())
        self._totp_step = 0
        self.look("authenticator")
        self.page.get_by_role("button", name=self.say("authenticator-done")).click()

    def choose_passphrase(self) -> None:
        """Type it twice."""
        self.page.get_by_label(self.say("passphrase"), exact=True).fill(self.passphrase)
        self.page.get_by_label(self.say("passphrase-again"), exact=True).fill(self.passphrase)
        self.look("passphrase")
        self.page.get_by_role("button", name=self.say("continue")).click()

    def totp(self) -> str:
        """A code that the server has not seen; a clock may be one step fast, so the next one serves too."""
        key = b32decode(self._totp_secret + "=" * (-len(self._totp_secret) % 8))
        step = max(int(time.time()) // 30, self._totp_step + 1)
        while step > int(time.time()) // 30 + 1:
            time.sleep(0.2)  # the wall clock is what the server goes by
        self._totp_step = step
        return f"{hotp(key, step):06d}"

    def code_steps(self, button: str, *, screen: str | None = None) -> Iterator[None]:
        """Type a one-time code and press the button that sends it, pausing meanwhile. Where stretching the
        passphrase took longer than the code was good for, the page says so, and the next one is typed.
        """
        field = self.page.get_by_label(self.say("totp"))
        alert = self.page.get_by_role("alert")
        late = (
            alert.filter(has_text=self.say("error-totp-refused"))
            .or_(alert.filter(has_text=self.say("error-sign-in-refused")))
            .first
        )
        for attempt in range(CODES):
            field.fill(self.totp())
            if screen is not None and attempt == 0:
                self.look(screen)
            self.page.get_by_role("button", name=self.say(button), exact=True).click()
            yield
            self.wait_until(lambda: late.is_visible() or not field.is_visible(), ARGON_PATIENCE)
            if not late.is_visible():
                return

    def sign_in(self) -> None:
        """With login, passphrase and one-time code; what follows depends on the browser."""
        page = self.page
        page.goto(f"{self.url}/sign-in")
        expect(page.get_by_label(self.say("login"))).to_be_visible(timeout=MESSAGE_PATIENCE)
        self.look("sign-in")
        page.get_by_label(self.say("login")).fill(self.person.login)
        page.get_by_label(self.say("passphrase"), exact=True).fill(self.passphrase)
        for _ in self.code_steps("sign-in"):
            pass

    def replace_device(self) -> None:
        """Sign in on a browser that is new to the person, with the recovery code."""
        self.sign_in()
        self.page.locator('[data-action="use-recovery-code"]').click(timeout=ARGON_PATIENCE)
        self.page.get_by_label(self.say("recovery-code")).fill(self.recovery_code, timeout=ARGON_PATIENCE)
        self.look("replace")
        self.page.get_by_role("button", name=self.say("replace-confirm"), exact=True).click()
        self.expect_open()

    def take_over(self, other: "Colleague") -> None:
        """What the same person remembers from another browser: passphrase, recovery paper, authenticator."""
        self.passphrase = other.passphrase
        self.recovery_code = other.recovery_code
        self._totp_secret, self._totp_step = other._totp_secret, other._totp_step

    def recover(self, passphrase: str) -> None:
        """Come back with the recovery code alone and choose another passphrase."""
        page = self.page
        page.goto(f"{self.url}/recover")
        page.get_by_label(self.say("login")).fill(self.person.login)
        page.get_by_label(self.say("recovery-code")).fill(self.recovery_code)
        page.get_by_role("button", name=self.say("continue")).click()
        self.add_to_authenticator()
        self.passphrase = passphrase
        SECRETS.add(passphrase)
        self.choose_passphrase()
        for _ in self.code_steps("finish"):
            pass
        self.expect_open()

    def unlock(self) -> None:
        """Type the passphrase on the locked screen."""
        self.page.get_by_label(self.say("passphrase"), exact=True).fill(self.passphrase)
        self.page.get_by_role("button", name=self.say("unlock")).click()
        self.expect_open()

    def expect_open(self) -> None:
        """The vault is open: the list, a conversation or the settings are there."""
        anything = (
            self.page.get_by_label(self.say("search-label"))
            .or_(self.composer)
            .or_(self.page.get_by_role("button", name=self.say("lock-now")))
        )
        expect(anything.first).to_be_visible(timeout=ARGON_PATIENCE)

    # Conversations

    def open_conversation(self, query: str, person: str) -> None:
        """Find somebody in the directory and open the conversation."""
        self.page.get_by_label(self.say("search-label")).fill(query)
        self.page.locator(f'[data-person="{person}"]').click(timeout=MESSAGE_PATIENCE)
        expect(self.composer).to_be_visible(timeout=MESSAGE_PATIENCE)

    def open_first_conversation(self) -> None:
        """The newest conversation of the list; waits until there is one."""
        self.page.locator("[data-conversation]").first.click(timeout=MESSAGE_PATIENCE)
        expect(self.composer).to_be_visible(timeout=MESSAGE_PATIENCE)

    @property
    def composer(self) -> Locator:
        """The box one writes in."""
        direct = self.page.get_by_role("textbox", name=pattern(self.language, "composer-label"))
        return direct.or_(
            self.page.get_by_role("textbox", name=pattern(self.language, "composer-label-group"))
        )

    def write(self, text: str) -> None:
        """Type and send; does not wait for the network."""
        SECRETS.add(text)
        self.composer.fill(text)
        self.composer.press("Enter")
        expect(self.composer).to_have_value("")

    def expect_message(self, text: str) -> None:
        """The sentence stands on the screen once."""
        expect(self.message(text)).to_have_count(1, timeout=MESSAGE_PATIENCE)

    def message(self, text: str) -> Locator:
        """Rows whose text is exactly `text`."""
        exact = re.compile(rf"^\s*{re.escape(text)}\s*$")
        return self.page.locator("[data-message]").filter(
            has=self.page.locator(".text").filter(has_text=exact)
        )

    def expect_state(self, text: str, state: str) -> None:
        """The message's mark has come to `state` or beyond it."""
        reached = "|".join(STATES[STATES.index(state) :])
        mark = self.message(text).locator("[data-state]")
        expect(mark).to_have_attribute("data-state", re.compile(f"^({reached})$"), timeout=MESSAGE_PATIENCE)

    def messages(self) -> list[Shown]:
        """Every message of the conversation in its order, scrolling from the first to the last."""
        scroller = self.page.get_by_role("region", name=pattern(self.language, "messages-with"))
        seen: dict[str, Shown] = {}
        previous = ""
        for _ in range(200):
            scroller.evaluate("element => element.scrollBy(0, -element.clientHeight * 0.8)")
            self._drawn()
            position = str(scroller.evaluate("element => [element.scrollTop, element.scrollHeight].join()"))
            if position == previous and position.startswith("0,"):
                break
            previous = position
        previous = ""
        for _ in range(400):
            for shown in self._on_screen():
                seen.setdefault(shown.id, shown)
            scroller.evaluate("element => element.scrollBy(0, element.clientHeight * 0.5)")
            self._drawn()
            position = str(scroller.evaluate("element => [element.scrollTop, element.scrollHeight].join()"))
            if position == previous:
                break
            previous = position
        for shown in self._on_screen():
            seen.setdefault(shown.id, shown)
        return [shown for shown in seen.values() if shown.kind != "notice"]

    def _drawn(self) -> None:
        """Until the rows at the new position are there: a loaded machine draws a frame when it can."""
        self.page.evaluate(DRAWN)
        self.page.wait_for_timeout(60)

    def _on_screen(self) -> list[Shown]:
        rows = self.page.locator("[data-message]").evaluate_all(
            """rows => rows.map(row => [
                row.dataset.message, row.dataset.kind,
                (row.querySelector(".text")?.innerText ?? "").trim(), row.classList.contains("mine"),
                row.querySelector("[data-state]")?.dataset.state ?? null])"""
        )
        return [Shown(*row) for row in rows]

    def reload(self) -> None:
        """Load the page again, as after an update or a crash."""
        self.page.reload()
        self.expect_open()

    def wait_until(self, condition: Callable[[], object], patience: int = MESSAGE_PATIENCE) -> None:
        """Until something that no one locator tells is so; the page goes on. Raises TimeoutError."""
        deadline = time.monotonic() + patience / 1000
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {patience} ms")
            self.page.wait_for_timeout(50)
