"""Have a frame refused, and see that nothing changed and that the next right one works."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from beep import clock
from beep.errors import BeepError
from messaging import conversations, protocol
from messaging.models import KeyPackage
from tests.messaging.party import Party
from tests.messaging.world import Direct, Talk


def refused(talk: Talk, act: Callable[[], Any]) -> BeepError:
    """Do it; gives the refusal, after checking that it changed nothing."""
    before = talk.snapshot()
    packages = list(KeyPackage.objects.order_by("id").values_list("id", "claimed_at"))
    with pytest.raises(BeepError) as refusal:
        act()
    assert talk.snapshot() == before
    assert list(KeyPackage.objects.order_by("id").values_list("id", "claimed_at")) == packages
    return refusal.value


def refuse_begin(talk: Direct | Party, frame: protocol.Begin, *, by: UUID | None = None) -> BeepError:
    """Send a begin; gives the refusal."""
    device = by or first(talk)
    return refused(talk, lambda: conversations.begin(device=device, frame=frame, now_ms=clock.now_ms()))


def refuse_commit(talk: Direct | Party, frame: protocol.Commit, *, by: UUID | None = None) -> BeepError:
    """The same for a commit."""
    device = by or first(talk)
    return refused(talk, lambda: conversations.commit(device=device, frame=frame, now_ms=clock.now_ms()))


def first(talk: Direct | Party) -> UUID:
    """Alice's device, or the admin's."""
    return (talk.alice if isinstance(talk, Direct) else talk.people[0]).client.device


def works(talk: Direct | Party) -> None:
    """The next right frame is taken."""
    if isinstance(talk, Party):
        assert talk.commit(talk.people[0]).state.epoch == talk.row.epoch
    elif talk.row.generation == 0:
        assert talk.begin(talk.alice).envelope.seq == 1
    else:
        assert talk.commit(talk.alice).state.epoch == talk.row.epoch
