"""Things break in the middle of a sentence: nothing acknowledged is lost or there twice, drafts survive."""

import os
from collections.abc import Callable
from functools import partial

from playwright.sync_api import expect

from tests.scenarios.colleague import MESSAGE_PATIENCE, Colleague
from tests.scenarios.stack import Stack
from tests.scenarios.test_devices import ROWS_LEFT

ROUNDS = int(os.environ.get("KILL_STORY_ROUNDS", "3"))
PER_ROUND = 4
VICTIMS = (("web-1",), ("web-2",), ("web-1", "web-2"))
"""Who is killed in a round: with each worker alone dead, one of the two people or neither is cut off."""


def two_in_conversation(colleagues: Callable[..., list[Colleague]]) -> tuple[Colleague, Colleague]:
    """Two people who have exchanged a greeting."""
    first, second = colleagues(2)
    first.open_conversation(second.person.latin, second.person.id)
    first.write("Shall we try whether the line holds?")
    second.open_first_conversation()
    second.expect_message("Shall we try whether the line holds?")
    second.write("Yes, let us begin.")
    first.expect_message("Yes, let us begin.")
    return first, second


def all_new(stack: Stack, before: dict[str, int]) -> bool:
    """Whether each of these web workers is another process than before."""
    now = stack.web_pids()
    return all(now[name] != pid for name, pid in before.items())


def test_kill_9_of_the_server_with_sends_in_flight(
    colleagues: Callable[..., list[Colleague]], stack: Stack
) -> None:
    first, second = two_in_conversation(colleagues)
    sent: dict[Colleague, list[str]] = {first: [], second: []}
    for attempt in range(ROUNDS):
        victims = VICTIMS[attempt % len(VICTIMS)]
        before = stack.web_pids()
        for number in range(PER_ROUND):
            for person, own in sent.items():
                line = f"Round {attempt + 1}, sentence {number + 1} from {person.person.latin}"
                person.write(line)
                own.append(line)
            if number == PER_ROUND // 2:
                stack.kill_web(*victims)
        first.wait_until(partial(all_new, stack, {name: before[name] for name in victims}))
        for person, own in sent.items():
            person.expect_state(own[-1], "sent")

    first.expect_message(sent[second][-1])
    second.expect_message(sent[first][-1])
    everything = [[message.text for message in person.messages()] for person in (first, second)]
    assert everything[0] == everything[1]
    assert len(everything[0]) == len(set(everything[0])) == 2 + 2 * ROUNDS * PER_ROUND
    for own in sent.values():
        assert [line for line in everything[0] if line in own] == own


def test_a_killed_tab_and_a_cut_network_lose_neither_draft_nor_message(
    colleagues: Callable[..., list[Colleague]],
) -> None:
    first, second = two_in_conversation(colleagues)
    conversation = first.page.url
    first.context.set_offline(True)
    first.write("Written while the cable was cut")
    first.expect_state("Written while the cable was cut", "queued")
    first.composer.fill("A draft that nobody has sent")
    saved = first.page.get_by_role("region").get_by_text("Saved. Sends when network returns")
    expect(saved).to_be_visible(timeout=MESSAGE_PATIENCE)
    # The row of what was sent went with its sending, so this one is the draft.
    first.wait_until(lambda: "drafts" in first.page.evaluate(ROWS_LEFT))

    # The tab dies without a word to the page, as when its process is killed.
    dying = first.page
    first.page = first.context.new_page()
    dying.close(run_before_unload=False)
    first.context.set_offline(False)
    first.page.goto(conversation)
    expect(first.composer).to_have_value("A draft that nobody has sent", timeout=MESSAGE_PATIENCE)
    first.expect_state("Written while the cable was cut", "sent")
    second.expect_message("Written while the cable was cut")
    texts = [message.text for message in second.messages()]
    assert texts.count("Written while the cable was cut") == 1


def test_offline_reading_and_queueing_after_a_cold_start(colleagues: Callable[..., list[Colleague]]) -> None:
    first, second = two_in_conversation(colleagues)
    # A worker is ready once it has kept the whole shell.
    first.page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    conversation = first.page.url
    first.page.goto("about:blank")
    first.context.set_offline(True)
    first.page.goto(conversation)
    first.expect_message("Yes, let us begin.")
    first.write("Queued without a network")
    first.expect_state("Queued without a network", "queued")
    first.context.set_offline(False)
    first.expect_state("Queued without a network", "sent")
    second.expect_message("Queued without a network")
