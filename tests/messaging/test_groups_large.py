"""The largest groups that there may be, with made-up keys: do they pass every limit, and how fast?

The seconds are printed (`pytest -s`). The bounds below are those of a group that nobody could use, not those
of this machine.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from beep import clock
from messaging import conversations, mailbox, protocol
from messaging.formats import GroupSuite, Role
from messaging.models import GroupInfo, Leaf, Mail, Participant
from tests.messaging.crowd import crowd
from tests.messaging.party import CLASSICAL, Party
from tests.messaging.world import HYBRID, publish

pytestmark = pytest.mark.django_db

PATIENCE = 20.0
"""Seconds that one handshake may take at the most."""


@contextmanager
def measured(what: str) -> Iterator[None]:
    """Print seconds and queries; a handshake is a fixed number of statements, however many it is about."""
    started = time.monotonic()
    with CaptureQueriesContext(connection) as queries:
        yield
    seconds = time.monotonic() - started
    print(f"{what}: {seconds:.2f} s, {len(queries)} statements")  # noqa: T201
    assert seconds < PATIENCE
    assert len(queries) < 90


def opened(count: int, suite: GroupSuite) -> Party:
    people = crowd(count, suite=suite)
    state = conversations.open_group(person=people[0].id)
    return Party(UUID(bytes=state.conversation), people, suite)


def chunks(talk: Party, size: int) -> None:
    """Begin with the first chunk and add the others, as a client does."""
    admin, *others = talk.people
    for start in range(0, len(others), size):
        chunk = others[start : start + size]
        with measured(f"claim {len(chunk)}"):
            packages = [
                kp for at in range(0, len(chunk), 100) for kp in talk.packages(admin, *chunk[at : at + 100])
            ]
        if start == 0:
            frame = talk.begin_frame(admin, added=packages, roles={admin.id: Role.ADMIN})
            fits(frame)
            with measured(f"begin with {len(chunk)}"):
                conversations.begin(device=admin.client.device, frame=frame, now_ms=clock.now_ms())
        else:
            commit = talk.commit_frame(admin, add=packages)
            fits(commit)
            with measured(f"add {len(chunk)}"):
                conversations.commit(device=admin.client.device, frame=commit, now_ms=clock.now_ms())
        admin.client.sent(talk.id)


def fits(frame: protocol.Begin | protocol.Commit) -> None:
    assert len(protocol.encode(frame)) <= protocol.MAX_FRAME


def test_a_thousand_classical_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("messaging.key_packages.PERSONS_PER_MINUTE", 10_000)
    talk = opened(1_000, CLASSICAL)
    chunks(talk, 333)
    assert len(talk.leaves) == Participant.objects.filter(conversation_id=talk.id).count() == 1_000
    # What all newcomers of a commit share is stored once.
    assert GroupInfo.objects.count() == 3
    assert Mail.objects.count() == 999
    (mail,), _ = mailbox.fetch(device=talk.people[500].client.device, after=0)
    assert len(mail.welcome) < protocol.MAX_FRAME

    admin, last = talk.people[0], talk.people[-1]
    heal = talk.commit_frame(talk.people[500])
    with measured("heal among 1,000"):
        conversations.commit(device=talk.people[500].client.device, frame=heal, now_ms=clock.now_ms())
    remove = talk.commit_frame(admin, remove=[last.client], roles={last.id: Role.NONE})
    with measured("remove one of 1,000"):
        conversations.commit(device=admin.client.device, frame=remove, now_ms=clock.now_ms())
    assert Leaf.objects.filter(group=talk.group).count() == 999


def test_a_hundred_hybrid_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = opened(100, HYBRID)
    chunks(talk, 99)
    assert len(talk.leaves) == 100
    publish(talk.people[1].client)
    heal = talk.commit_frame(talk.people[50])
    with measured("heal among 100 hybrid"):
        conversations.commit(device=talk.people[50].client.device, frame=heal, now_ms=clock.now_ms())
