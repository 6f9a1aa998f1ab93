"""A group of five in browsers: who is in reads everything from then on, and nobody else reads anything."""

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import BrowserContext, expect

from messaging import protocol
from tests.scenarios import groups
from tests.scenarios.colleague import MESSAGE_PATIENCE, Colleague, activate_together
from tests.scenarios.liar import Liar
from tests.scenarios.stack import Stack

COPY = """
async ([from, to]) => {
  const open = (name, version, upgrade) => new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version);
    request.onupgradeneeded = () => upgrade?.(request.result);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const done = request => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  await done(indexedDB.deleteDatabase(to));
  const source = await open(from);
  const tables = [...source.objectStoreNames];
  const shapes = tables.map(table => {
    const store = source.transaction(table).objectStore(table);
    const indexes = [...store.indexNames].map(name => {
      const { keyPath, multiEntry, unique } = store.index(name);
      return { name, keyPath, multiEntry, unique };
    });
    return { table, keyPath: store.keyPath, indexes };
  });
  const target = await open(to, source.version, made => {
    for (const { table, keyPath, indexes } of shapes) {
      const store = made.createObjectStore(table, { keyPath });
      for (const { name, keyPath, ...options } of indexes) store.createIndex(name, keyPath, options);
    }
  });
  let rows = 0;
  for (const table of tables) {
    const values = await done(source.transaction(table).objectStore(table).getAll());
    const writing = target.transaction(table, "readwrite");
    for (const value of values) writing.objectStore(table).put(value);
    await new Promise(resolve => { writing.oncomplete = resolve; });
    rows += values.length;
  }
  source.close();
  target.close();
  return rows;
}
"""
"""Copies one database of the browser to another name, the handle on the data key included."""


@pytest.fixture
def five(colleagues: Callable[..., list[Colleague]]) -> list[Colleague]:
    """Five people, each at a browser of their own."""
    return colleagues(5)


def start_group(people: Sequence[Colleague], name: str) -> str:
    """The first makes a group of all; everybody has it open and has read a greeting."""
    founder, *others = people
    group = groups.make_group(founder, name, [one.person for one in others])
    founder.write(f"Welcome to {name}")
    for person in others:
        groups.open_group(person, group)
        person.expect_message(f"Welcome to {name}")
    return group


def test_five_create_talk_hand_over_leave_and_rename(five: list[Colleague], tmp_path: Path) -> None:
    founder, second, third, fourth, fifth = five
    start_group(five, "Budget round")
    for speaker in five:
        groups.all_hear(five, speaker, f"{speaker.person.latin} is here")

    groups.rename(founder, "Budget round 2027")
    for person in five:
        groups.expect_title(person, "Budget round 2027")
    picture = tmp_path / "picture.png"
    picture.write_bytes(_square())
    groups.details(founder).locator('[data-action="picture"]').click()
    founder.page.locator("[data-picture-file]").set_input_files(picture)
    # Ready when the picture has been cut.
    founder.page.locator("dialog[open]").get_by_role("button", name=founder.say("save")).click()
    groups.expect_notice(second, "picture")
    expect(groups.details(second).locator("img").first).to_be_visible(timeout=MESSAGE_PATIENCE)

    groups.act_on(founder, second.person, "admin")
    groups.expect_role(third, second.person, "admin")
    # A menu has what is so when it opens.
    groups.expect_role(second, second.person, "admin")
    groups.act_on(second, founder.person, "unadmin")
    groups.expect_role(founder, founder.person, "member")
    expect(groups.details(founder).locator('[data-action="add-members"]')).to_have_count(0)

    groups.leave(fifth)
    groups.expect_standing(fifth, "out")
    groups.expect_role(second, fifth.person, None)
    groups.all_hear([founder, second, third, fourth], third, "Four of us now")
    expect(fifth.message("Four of us now")).to_have_count(0)


def test_an_invited_person_is_let_in_once_there_is_a_device(
    colleagues: Callable[..., list[Colleague]], watched: Callable[..., BrowserContext], stack: Stack
) -> None:
    founder, second = colleagues(2)
    late = stack.newcomer()
    group = groups.make_group(founder, "Waiting for one", [second.person, late])
    founder.write("Said before the third had a device")
    groups.expect_role(founder, late, "invited")
    groups.open_group(second, group)
    second.expect_message("Said before the third had a device")

    third = Colleague(watched(), stack.url, late)
    third.activate()
    groups.open_group(third, group)
    groups.expect_role(founder, late, "member")
    groups.all_hear([founder, second, third], second, "Now all three can read")
    groups.all_hear([founder, second, third], third, "So I can write")
    expect(third.message("Said before the third had a device")).to_have_count(0)


@pytest.fixture
def lines(stack: Stack) -> Iterator[tuple[Liar, Liar]]:
    """One proxy that listens at a member's, one that speaks to the removed one."""
    with Liar(stack.url) as ear, Liar(stack.url) as mouth:
        yield ear, mouth


def test_who_is_removed_reads_nothing_that_follows_and_who_comes_later_nothing_before(
    watched: Callable[..., BrowserContext],
    stack: Stack,
    lines: tuple[Liar, Liar],
) -> None:
    ear, mouth = lines
    founder, victim, second, third, newcomer = (
        Colleague(watched(**options), stack.url, stack.newcomer())
        for options in ({"proxy": ear.proxy}, {"proxy": mouth.proxy}, {}, {}, {})
    )
    activate_together(founder, victim, second, third, newcomer)
    group = start_group([founder, second, third, victim], "Inquiry")
    groups.all_hear([founder, second, third, victim], victim, "I can still write here")

    # The whole state of the one who will be removed is kept: databases, key handle, canary.
    still = f"{stack.url}/favicon.ico"
    victim.page.goto(still)
    assert victim.page.evaluate(COPY, ["beep", "kept"]) > 20
    canary = victim.page.evaluate("({...localStorage})")
    victim.page.goto(f"{stack.url}/c/{group}")
    victim.expect_message("I can still write here")

    end = log_of(ear, group)[-1].seq
    groups.remove(founder, victim.person)
    groups.expect_notice(victim, "you-removed")
    groups.expect_standing(victim, "out")
    groups.all_hear([founder, second, third], founder, "This is not for the removed one")
    groups.all_hear([founder, second, third], second, "Nor is this")
    secret = ("This is not for the removed one", "Nor is this")
    for text in secret:
        expect(victim.message(text)).to_have_count(0)

    # Back to the state before the removal, and the next epoch's ciphertexts are fed to it.
    victim.page.goto(still)
    assert victim.page.evaluate(COPY, ["kept", "beep"]) > 20
    victim.page.evaluate("kept => { for (const key in kept) localStorage[key] = kept[key]; }", canary)
    following = [envelope for envelope in log_of(ear, group) if envelope.seq > end]
    assert [envelope.kind for envelope in following[:2]] == [protocol.COMMIT, protocol.APPLICATION]
    mouth.rule = _as_if_still_in(group, following)
    victim.page.goto(f"{stack.url}/c/{group}")
    victim.expect_message("I can still write here")
    victim.page.wait_for_timeout(6_000)
    shown = [row.text for row in victim.messages()]
    assert "I can still write here" in shown
    assert not set(secret) & set(shown)
    assert "not for the removed" not in victim.page.content()

    # Somebody who comes later reads from then on.
    groups.add(founder, newcomer.person)
    groups.open_group(newcomer, group)
    groups.all_hear([founder, second, third, newcomer], third, "Good morning to the new one")
    groups.all_hear([founder, second, third, newcomer], newcomer, "Good morning")
    assert [row.text for row in newcomer.messages()] == ["Good morning to the new one", "Good morning"]


def log_of(ear: Liar, group: str) -> list[protocol.Envelope]:
    """What the server has told of the group's log over this line, as it came or when it was asked for."""
    told = {
        envelope.seq: envelope
        for frame in ear.heard
        if isinstance(frame, protocol.Envelopes | protocol.Page)
        and frame.conversation.hex() == group.replace("-", "")
        for envelope in frame.envelopes
    }
    return [told[seq] for seq in sorted(told)]


def _as_if_still_in(
    group: str, following: list[protocol.Envelope]
) -> Callable[[protocol.ServerFrame], list[protocol.ServerFrame]]:
    """The removing commit is kept quiet; what follows it is told in its place, as by a server in league."""
    conversation = bytes.fromhex(group.replace("-", ""))
    removal, *rest = following
    moved = [msgspec.structs.replace(one, seq=one.seq - 1) for one in rest]

    def rule(frame: protocol.ServerFrame) -> list[protocol.ServerFrame]:
        if isinstance(frame, protocol.Behind):
            states = [
                msgspec.structs.replace(state, left=False, last_seq=moved[-1].seq)
                if state.conversation == conversation
                else state
                for state in frame.conversations
            ]
            return [msgspec.structs.replace(frame, conversations=states)]
        if isinstance(frame, protocol.Page) and frame.conversation == conversation:
            return [msgspec.structs.replace(frame, envelopes=moved, last_seq=moved[-1].seq)]
        if isinstance(frame, protocol.Envelopes) and frame.conversation == conversation:
            return []
        return [frame]

    assert removal.kind == protocol.COMMIT
    return rule


def _square() -> bytes:
    """A small PNG of one colour (RFC 2083)."""
    side = 96

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack("!I", len(data)) + body + struct.pack("!I", zlib.crc32(body))

    header = struct.pack("!IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + bytes((20, 90, 140)) * side for _ in range(side))
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
