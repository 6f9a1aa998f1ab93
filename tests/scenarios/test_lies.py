"""Attack D in browsers: the line to the real server lies to one of two people, who notices and can go on."""

from collections.abc import Callable, Iterator

import msgspec
import pytest
from playwright.sync_api import BrowserContext, expect

from messaging import protocol
from messaging.protocol import Envelope
from tests.scenarios.colleague import MESSAGE_PATIENCE, Colleague, activate_together
from tests.scenarios.liar import Liar, honest, on_envelopes
from tests.scenarios.stack import Stack


@pytest.fixture
def liar(stack: Stack) -> Iterator[Liar]:
    """A proxy that is honest until a story says otherwise."""
    with Liar(stack.url) as running:
        yield running


@pytest.fixture
def pair(watched: Callable[..., BrowserContext], stack: Stack, liar: Liar) -> tuple[Colleague, Colleague]:
    """Two people who have greeted each other; the second one's browser goes through the liar."""
    first = Colleague(watched(), stack.url, stack.newcomer())
    second = Colleague(watched(proxy=liar.proxy), stack.url, stack.newcomer())
    activate_together(first, second)
    first.open_conversation(second.person.latin, second.person.id)
    first.write("Good morning")
    second.open_first_conversation()
    second.expect_message("Good morning")
    second.write("Good morning to you")
    first.expect_message("Good morning to you")
    # The line has told all of it, so that what it tells from now on is what a story lies about.
    second.wait_until(
        lambda: len({one.device for one in told(liar) if one.kind == protocol.APPLICATION}) == 2
    )
    return first, second


def told(liar: Liar) -> list[Envelope]:
    """Every envelope that the server has told over this line, in order."""
    return [envelope for frame in liar.heard for envelope in getattr(frame, "envelopes", [])]


def expect_warning(person: Colleague) -> None:
    """The line that says that the server's log disagrees with what the members saw."""
    row = person.page.locator('[data-notice="log-mismatch"]')
    expect(row.first).to_be_attached(timeout=MESSAGE_PATIENCE)


def test_a_message_that_is_changed_on_the_way_is_refused_and_the_next_one_tells(
    pair: tuple[Colleague, Colleague], liar: Liar
) -> None:
    first, second = pair

    seen = max(envelope.seq for envelope in told(liar))
    bent: set[int] = set()

    def bend(envelope: Envelope) -> Envelope:
        """The first message that follows, however often it is told."""
        if envelope.kind != protocol.APPLICATION or envelope.seq <= seen or bent - {envelope.seq}:
            return envelope
        bent.add(envelope.seq)
        return msgspec.structs.replace(envelope, body=envelope.body[:-1] + bytes([envelope.body[-1] ^ 1]))

    liar.rule = on_envelopes(bend)
    first.write("This was changed on the way")
    first.write("This was not")
    second.expect_message("This was not")
    expect(second.message("This was changed on the way")).to_have_count(0)
    expect_warning(second)
    second.write("I could not read one of yours")
    first.expect_message("I could not read one of yours")


def test_a_message_that_is_withheld_and_a_log_that_closes_up_behind_it(
    pair: tuple[Colleague, Colleague], liar: Liar
) -> None:
    first, second = pair
    seen = max(envelope.seq for envelope in told(liar))

    def close_up(envelope: Envelope) -> Envelope | None:
        if envelope.seq == seen + 1:
            return None
        return msgspec.structs.replace(envelope, seq=envelope.seq - 1) if envelope.seq > seen else envelope

    liar.rule = on_envelopes(close_up)
    first.write("Nobody shall read this")
    first.write("But this they may")
    expect_warning(second)
    expect(second.message("Nobody shall read this")).to_have_count(0)


def test_a_message_that_is_told_twice_is_shown_once(pair: tuple[Colleague, Colleague], liar: Liar) -> None:
    first, second = pair
    first.write("Transfer it once")
    second.expect_message("Transfer it once")
    repeated = next(
        frame
        for frame in reversed(liar.heard)
        if isinstance(frame, protocol.Envelopes) and frame.envelopes[-1].kind == protocol.APPLICATION
    )
    liar.say(repeated)
    later = msgspec.structs.replace(repeated.envelopes[-1], seq=repeated.envelopes[-1].seq + 1)
    liar.say(msgspec.structs.replace(repeated, envelopes=[later]))
    second.page.wait_for_timeout(1500)
    second.write("Done, once")
    first.expect_message("Done, once")
    # That the other has it came over the same line, behind both lies.
    second.expect_state("Done, once", "delivered")
    expect(second.message("Transfer it once")).to_have_count(1)


def test_a_line_that_delays_and_hangs_up_loses_nothing(pair: tuple[Colleague, Colleague], liar: Liar) -> None:
    first, second = pair
    held: list[protocol.ServerFrame] = []

    def hold(frame: protocol.ServerFrame) -> list[protocol.ServerFrame]:
        if isinstance(frame, protocol.Envelopes):
            held.append(frame)
            return []
        return [frame]

    liar.rule = hold
    lines = [f"Held back, number {number}" for number in range(5)]
    for line in lines:
        first.write(line)
    first.expect_state(lines[-1], "sent")
    liar.rule = honest
    for frame in reversed(held):
        liar.say(frame)
    liar.hang_up()
    for line in lines:
        second.expect_message(line)
    assert [row.text for row in second.messages() if row.text in lines] == lines
