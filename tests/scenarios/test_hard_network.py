"""A network whose proxy lets no WebSocket through: two people write to each other all the same."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Response, expect

from tests.scenarios.colleague import ARGON_PATIENCE, Colleague, activate_together
from tests.scenarios.liar import Liar
from tests.scenarios.stack import Stack

NO_UPGRADE = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Guard(Liar):
    """A proxy that passes HTTP on, and refuses every upgrade."""

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream)
        self.refused = 0

    async def _pass_on(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if b"upgrade: websocket" not in head.lower():
            await super()._pass_on(head, reader, writer)
            return
        self.refused += 1
        writer.write(NO_UPGRADE)
        await writer.drain()


def _is_upload(response: Response) -> bool:
    return response.url.endswith("/key-packages") and response.request.method == "POST"


@pytest.fixture
def guard(stack: Stack) -> Iterator[Guard]:
    """One for both people."""
    with Guard(stack.url) as running:
        yield running


def test_two_people_write_to_each_other_where_no_websocket_gets_through(
    watched: Callable[..., BrowserContext], stack: Stack, guard: Guard
) -> None:
    first = Colleague(watched(proxy=guard.proxy), stack.url, stack.newcomer())
    second = Colleague(watched(proxy=guard.proxy), stack.url, stack.newcomer())
    # Until its KeyPackages are there nobody can write to a device, and it connects after two failures only.
    with second.page.expect_response(_is_upload, timeout=ARGON_PATIENCE):
        activate_together(first, second)
    first.open_conversation(second.person.latin, second.person.id)
    first.write("Can you hear me behind this proxy?")
    second.open_first_conversation()
    second.expect_message("Can you hear me behind this proxy?")
    second.write("Every word")
    first.expect_message("Every word")
    assert guard.refused >= 4
    first.page.goto(f"{stack.url}/settings/diagnostics")
    shown = first.page.get_by_text("long-poll", exact=True)
    for _ in range(60):
        # The page tells what is so when it is asked; the connection comes a moment later.
        first.page.get_by_role("button", name=first.say("refresh")).click()
        first.page.wait_for_timeout(500)
        if shown.is_visible():
            break
    expect(shown).to_be_visible()
