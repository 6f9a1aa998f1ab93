"""Have a frame refused, and see that nothing changed and that the next right one works."""

from uuid import UUID

import pytest

from beep import clock
from beep.errors import BeepError
from messaging import conversations, protocol
from messaging.models import KeyPackage
from tests.messaging.world import Direct


def refuse_begin(talk: Direct, frame: protocol.Begin, *, by: UUID | None = None) -> BeepError:
    """Send a begin; gives the refusal, after checking that it changed nothing."""
    before = talk.snapshot()
    packages = list(KeyPackage.objects.order_by("id").values_list("id", "claimed_at"))
    with pytest.raises(BeepError) as refused:
        conversations.begin(device=by or talk.alice.client.device, frame=frame, now_ms=clock.now_ms())
    assert talk.snapshot() == before
    assert list(KeyPackage.objects.order_by("id").values_list("id", "claimed_at")) == packages
    return refused.value


def refuse_commit(talk: Direct, frame: protocol.Commit, *, by: UUID | None = None) -> BeepError:
    """The same for a commit."""
    before = talk.snapshot()
    with pytest.raises(BeepError) as refused:
        conversations.commit(device=by or talk.alice.client.device, frame=frame, now_ms=clock.now_ms())
    assert talk.snapshot() == before
    return refused.value


def works(talk: Direct) -> None:
    """The next right frame is taken."""
    if talk.row.generation == 0:
        assert talk.begin(talk.alice).envelope.seq == 1
    else:
        assert talk.commit(talk.alice).state.epoch == talk.row.epoch
