"""A direct conversation as the client's own MLS library makes it: tests/vectors/mls/direct.json."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from nacl.signing import SigningKey

from beep import clock
from messaging import conversations, key_packages, mailbox, protocol
from messaging.models import Conversation, ConversationKind
from tests.messaging.mls_factory import Client
from tests.messaging.world import HYBRID, Direct, Human, human

pytestmark = pytest.mark.django_db

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "mls" / "direct.json").read_text()
)


def from_vectors(name: str) -> Human:
    values = VECTORS[name]
    person = UUID(values["person"])
    client = Client(person, UUID(values["device"]), SigningKey(bytes.fromhex(values["seed"])))
    assert client.signature_key.hex() == values["signature_key"]
    return human(name, client=client)


@pytest.fixture
def talk() -> Iterator[Direct]:
    with clock.stopped(clock.from_ms(VECTORS["now_ms"])):
        alice, bob = from_vectors("alice"), from_vectors("bob")
        low, high = sorted((alice.id, bob.id), key=lambda id_: id_.bytes)
        # Not by open_direct: the policy names the conversation that the vectors were made for.
        opened = Conversation.objects.create(
            id=UUID(VECTORS["conversation"]),
            kind=ConversationKind.DIRECT,
            person_a_id=low,
            person_b_id=high,
            created_at=clock.now(),
        )
        for person in (low, high):
            opened.participants.create(person_id=person, joined_at=clock.now())
        key_packages.upload(
            device=bob.client.device,
            suite=HYBRID,
            packages=[bytes.fromhex(VECTORS["bob"]["key_package"])],
            last_resort=None,
            now_ms=clock.now_ms(),
        )
        yield Direct(opened.id, alice, bob)


def test_from_the_first_key_package_to_healing(talk: Direct) -> None:
    alice, bob = talk.alice.client.device, talk.bob.client.device
    now_ms = clock.now_ms()
    claimed = key_packages.claim(
        device=alice, persons=[talk.bob.id], suite=HYBRID, conversation=talk.id, devices=None, now_ms=now_ms
    )
    package = bytes.fromhex(VECTORS["bob"]["key_package"])
    assert claimed == ([(talk.bob.id, bob, package)], [])
    begun = conversations.begin(
        device=alice,
        frame=protocol.Begin(
            id=1,
            conversation=talk.id.bytes,
            generation=1,
            counter=1,
            policy=bytes.fromhex(VECTORS["policy"]),
            commit=bytes.fromhex(VECTORS["begin"]["commit"]),
            welcome=bytes.fromhex(VECTORS["begin"]["welcome"]),
        ),
        now_ms=now_ms,
    )
    assert begun.state.group_id == bytes.fromhex(VECTORS["group_id"])
    (mail,), _ = mailbox.fetch(device=bob, after=0)
    # Bob is the only newcomer, so what the server put together again is what Alice sent.
    assert mail.welcome == bytes.fromhex(VECTORS["begin"]["welcome"])
    for epoch, (device, name, counter) in enumerate([(bob, "bob_heals", 1), (alice, "alice_heals", 2)], 1):
        accepted = conversations.commit(
            device=device,
            frame=protocol.Commit(
                id=1,
                conversation=talk.id.bytes,
                generation=1,
                epoch=epoch,
                counter=counter,
                body=bytes.fromhex(VECTORS[name]),
                welcome=None,
            ),
            now_ms=now_ms,
        )
        assert (accepted.state.epoch, accepted.envelope.seq) == (epoch + 1, epoch + 1)
