"""Hostile begins: refused by name, nothing changed, and the next right frame works."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from accounts.models import Device, IdentityStatement, Person
from beep import clock
from beep.errors import BeepError
from messaging import conversations, formats, orders, protocol, roster
from messaging.formats import GroupSuite, PolicyKind, SizeClass
from messaging.mls import reference_of
from messaging.mls.messages import MlsMessage, Sender, SenderType
from messaging.mls.proposals import Add
from messaging.models import Conversation, KeyPackage
from tests.messaging.mls_factory import Client, welcome_message
from tests.messaging.refusals import refuse_begin, refuse_commit, works
from tests.messaging.world import HYBRID, Direct, begun, claim, direct, human, insert_device, publish

pytestmark = pytest.mark.django_db


# --- The policy of a begin ---------------------------------------------------------------------------------

THIRD = UUID("ffffffff-ffff-4fff-bfff-ffffffffffff")
POLICIES: dict[str, tuple[dict[str, Any], str]] = {
    "another conversation": ({"conversation": THIRD}, "conversation"),
    "a third person": ({"persons": (UUID(int=1), THIRD)}, "persons"),
    "a group": ({"kind": PolicyKind.GROUP, "persons": ()}, "kind"),
    "a self group": ({"kind": PolicyKind.SELF, "persons": ()}, "kind"),
    "the classical suite": ({"suite": GroupSuite.CLASSICAL}, "suite"),
    "the classical suite in a large group": (
        {"suite": GroupSuite.CLASSICAL, "size_class": SizeClass.LARGE},
        "size_class",
    ),
    "a large one": ({"size_class": SizeClass.LARGE}, "size_class"),
    "retention": ({"retention_class": 1}, "retention"),
    "a ministry": ({"ministry": THIRD}, "retention"),
    "a registry": ({"registry": bytes([1] * 32)}, "retention"),
    "a predecessor that is none": ({"predecessor": bytes([1] * 32)}, "predecessor"),
}


@pytest.mark.parametrize("name", POLICIES)
def test_policy_that_does_not_suit(name: str) -> None:
    changes, rule = POLICIES[name]
    talk = direct()
    error = refuse_begin(talk, talk.begin_frame(talk.alice, policy=talk.policy(**changes)))
    assert (error.code, error.detail) == ("policy_refused", {"rule": rule})
    works(talk)


def test_policy_that_is_not_canonical() -> None:
    talk = direct()
    frame = talk.begin_frame(talk.alice)
    for policy in (frame.policy + b"\0", frame.policy[:-1], b"\0\2" + frame.policy[2:]):
        spoilt = protocol.Begin(
            id=1,
            conversation=frame.conversation,
            generation=1,
            counter=1,
            policy=policy,
            commit=frame.commit,
            welcome=frame.welcome,
        )
        error = refuse_begin(talk, spoilt)
        assert (error.code, error.detail) == ("policy_refused", {"rule": "malformed"})
    works(talk)


def test_policy_of_another_group_than_the_commit() -> None:
    talk = direct()
    error = refuse_begin(talk, talk.begin_frame(talk.alice, group_id=bytes(32)))
    assert (error.code, error.detail["rule"]) == ("frame_refused", "mls_group_mismatch")
    works(talk)


def test_successor_that_names_another_predecessor() -> None:
    talk = begun()
    Conversation.objects.filter(id=talk.id).update(blocked=True)
    frame = talk.begin_frame(talk.alice, policy=talk.policy(predecessor=formats.ZERO_HASH))
    error = refuse_begin(talk, frame)
    assert error.detail == {"rule": "predecessor"}
    assert talk.begin(talk.alice).state.generation == 2


# --- Who is in the group -----------------------------------------------------------------------------------


def test_a_third_person_is_added() -> None:
    talk, carol = direct(), human("Carol")
    publish(carol.client)
    (stranger,) = claim_elsewhere(talk, carol)
    added = [*claim(talk.alice.client, talk.bob, talk.id), stranger]
    error = refuse_begin(talk, talk.begin_frame(talk.alice, added=added))
    assert (error.code, error.detail["rule"]) == ("frame_refused", "person")
    works(talk)


def test_a_third_person_is_added_later() -> None:
    talk, carol = begun(), human("Carol")
    publish(carol.client)
    added = claim_elsewhere(talk, carol)
    frame = talk.commit_frame(
        talk.alice, proposals=[Add(added[0])], path=None, welcome=welcome_message(added, suite=HYBRID)
    )
    error = refuse_commit(talk, frame)
    assert error.detail["rule"] == "person"
    works(talk)


def test_an_order_of_the_authority_makes_a_third_person_no_member() -> None:
    """Attack: the server has the authority's key, and orders whom nobody wants."""
    talk, carol = begun(), human("Carol")
    publish(carol.client)
    wish = orders.Wish(
        formats.OrderAction.ADD,
        carol.id,
        carol.client.device,
        carol.chain[-1].hash,
        clock.from_ms(clock.now_ms() + 60_000),
        bytes(64),
    )
    order = orders.issue(talk.group, wish)
    assert order is not None
    frame = talk.commit_frame(talk.alice, add=claim_elsewhere(talk, carol), orders=[order])
    assert refuse_commit(talk, frame).detail["rule"] == "person"
    works(talk)


def claim_elsewhere(talk: Direct, owner: Any) -> list[Any]:
    """Alice takes a third person's KeyPackage in their own conversation, which is her right."""
    state = conversations.open_direct(person=talk.alice.id, partner=owner.id)
    return claim(talk.alice.client, owner, UUID(bytes=state.conversation))


def test_the_partner_is_left_out() -> None:
    talk = direct()
    claimed = claim(talk.alice.client, talk.bob, talk.id)
    frame = talk.begin_frame(talk.alice, added=[], welcome=welcome_message(claimed, suite=HYBRID))
    error = refuse_begin(talk, frame)
    assert (error.code, error.detail["rule"]) == ("frame_refused", "members")
    error = refuse_begin(talk, talk.begin_frame(talk.alice, added=[]))
    assert (error.code, error.detail["rule"]) == ("frame_refused", "members")
    works(talk)


def test_the_server_inserts_a_device() -> None:
    """Attack: the database's owner adds a device of Bob's to its tables, KeyPackage and all."""
    talk = direct()
    ghost = insert_device(talk.bob)
    package = ghost.key_package(now_ms=clock.now_ms())
    store_claimed(package, ghost, claimer=talk.alice.client)
    with pytest.raises(BeepError) as refused:
        publish(ghost)
    assert refused.value.code == "device_unknown"
    claimed = claim(talk.alice.client, talk.bob, talk.id)
    assert [kp.leaf_node.signature_key for kp in claimed] == [talk.bob.client.signature_key]

    error = refuse_begin(talk, talk.begin_frame(talk.alice, added=[*claimed, package]))
    assert (error.code, error.detail["rule"]) == ("frame_refused", "mls_add_unlisted_device")
    error = refuse_begin(talk, talk.begin_frame(talk.alice, added=[package]))
    assert error.detail["rule"] == "mls_add_unlisted_device"
    works(talk)
    frame = talk.commit_frame(
        talk.alice, proposals=[Add(package)], path=None, welcome=welcome_message([package], suite=HYBRID)
    )
    assert refuse_commit(talk, frame).detail["rule"] == "mls_add_unlisted_device"
    works(talk)


def test_the_inserted_device_speaks() -> None:
    talk = direct()
    ghost = insert_device(talk.alice)
    talk_frame = talk.begin_frame(talk.alice)
    assert refuse_begin(talk, talk_frame, by=ghost.device).code == "device_unknown"
    works(talk)


def test_a_device_under_another_key_than_the_chain_says() -> None:
    """Attack: the device's row is replaced by one with a key of the server's."""
    talk = direct()
    impostor = Client(talk.bob.id, talk.bob.client.device)
    package = impostor.key_package(now_ms=clock.now_ms())
    store_claimed(package, impostor, claimer=talk.alice.client)
    error = refuse_begin(talk, talk.begin_frame(talk.alice, added=[package]))
    assert error.detail["rule"] == "mls_key_package_signature_key"
    works(talk)


def test_a_forged_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack: the database's owner appends a statement that nobody signed, listing a device of its own.

    A process that has verified the chain goes on with what was signed; one that has not finds no chain.
    """
    talk = direct()
    ghost = insert_device(talk.bob)
    statement = talk.bob.statement(devices=[talk.bob.client, ghost], revoked=[])
    IdentityStatement.objects.create(
        person_id=talk.bob.id,
        version=2,
        body=statement.encode() + b"\0",
        hash=statement.hash,
        prev_hash=statement.prev_hash,
        accepted_at=clock.now(),
    )
    taken = claim(talk.alice.client, talk.bob, talk.id)
    assert [kp.leaf_node.signature_key for kp in taken] == [talk.bob.client.signature_key]
    monkeypatch.setattr(roster, "_cache", roster._Cache())
    assert claim(talk.alice.client, talk.bob, talk.id) == []


def store_claimed(package: Any, owner: Client, *, claimer: Client) -> None:
    """Write a claimed KeyPackage past every check, as only the database's owner can."""
    KeyPackage.objects.create(
        device_id=owner.device,
        suite=HYBRID,
        ref=reference_of(package),
        body=MlsMessage(package).encode(),
        not_after=clock.from_ms(clock.now_ms() + 86_400_000),
        claimed_at=clock.now(),
        claimed_by_id=claimer.device,
    )


def test_a_key_package_that_was_not_claimed() -> None:
    talk = direct()
    mine = talk.bob.client.key_package(now_ms=clock.now_ms())
    error = refuse_begin(talk, talk.begin_frame(talk.alice, added=[mine]))
    assert (error.code, error.detail) == ("frame_refused", {"rule": "key_package_not_claimed"})
    works(talk)


def test_a_key_package_that_somebody_else_claimed() -> None:
    talk, carol = direct(), human("Carol")
    publish(carol.client)
    state = conversations.open_direct(person=carol.id, partner=talk.bob.id)
    (hers,) = claim(carol.client, talk.bob, UUID(bytes=state.conversation))
    error = refuse_begin(talk, talk.begin_frame(talk.alice, added=[hers]))
    assert error.detail == {"rule": "key_package_not_claimed"}
    works(talk)


def test_a_key_package_is_used_once() -> None:
    talk = direct()
    added = claim(talk.alice.client, talk.bob, talk.id)
    talk.begin(talk.alice, added=added)
    Conversation.objects.filter(id=talk.id).update(blocked=True)
    error = refuse_begin(talk, talk.begin_frame(talk.alice, added=added))
    assert error.detail == {"rule": "key_package_not_claimed"}
    assert talk.begin(talk.alice).state.generation == 2


def test_a_revoked_person_or_device_does_not_act() -> None:
    talk = direct()
    frame = talk.begin_frame(talk.alice)
    Person.objects.filter(id=talk.alice.id).update(state=Person.State.SUSPENDED)
    assert refuse_begin(talk, frame).code == "person_inactive"
    Person.objects.filter(id=talk.alice.id).update(state=Person.State.ACTIVE)
    assert refuse_begin(talk, frame, by=uuid4()).code == "device_unknown"
    stranger = human("Mallory")
    assert refuse_begin(talk, frame, by=stranger.client.device).code == "not_a_member"
    works(talk)
    Device.objects.filter(id=talk.alice.client.device).update(revoked_at=clock.now())
    assert refuse_commit(talk, talk.commit_frame(talk.alice)).code == "device_revoked"


# --- Generation, epoch, counter ----------------------------------------------------------------------------


@pytest.mark.parametrize("generation", [2, 7, 1 << 40])
def test_begin_of_another_generation(generation: int) -> None:
    talk = direct()
    error = refuse_begin(talk, talk.begin_frame(talk.alice, generation=generation))
    assert (error.code, error.detail) == ("generation_conflict", {"generation": 0, "epoch": 0})
    works(talk)


def test_second_begin_loses() -> None:
    talk = direct()
    late = talk.begin_frame(talk.bob)
    talk.begin(talk.alice)
    error = refuse_begin(talk, late, by=talk.bob.client.device)
    assert (error.code, error.detail) == ("generation_conflict", {"generation": 1, "epoch": 1})
    works(talk)


def test_successor_without_a_reason() -> None:
    talk = begun()
    assert refuse_begin(talk, talk.begin_frame(talk.alice)).code == "successor_not_allowed"
    works(talk)


def test_stale_epoch_and_generation() -> None:
    talk = begun()
    late = talk.commit_frame(talk.alice)
    talk.commit(talk.bob)
    error = refuse_commit(talk, late)
    assert (error.code, error.detail) == ("epoch_conflict", {"generation": 1, "epoch": 2})
    error = refuse_commit(talk, talk.commit_frame(talk.alice, generation=2))
    assert (error.code, error.detail) == ("generation_conflict", {"generation": 1, "epoch": 2})
    # The frame says the current epoch, and the MLS message inside an older one.
    error = refuse_commit(talk, protocol.Commit(**body_of(late, talk)))
    assert error.detail == {"rule": "mls_epoch_mismatch"}
    works(talk)


def body_of(late: protocol.Commit, talk: Direct) -> dict[str, Any]:
    """The late commit's message in a frame for the current epoch."""
    return {
        "id": 1,
        "conversation": late.conversation,
        "generation": 1,
        "epoch": talk.row.epoch,
        "counter": late.counter,
        "body": late.body,
        "welcome": None,
    }


def test_commit_before_any_group() -> None:
    talk = direct()
    frame = protocol.Commit(
        id=1, conversation=talk.id.bytes, generation=1, epoch=0, counter=1, body=b"x", welcome=None
    )
    assert refuse_commit(talk, frame).code == "generation_conflict"
    works(talk)


@pytest.mark.parametrize(("counter", "code"), [(1, "counter_old"), (3, "counter_gap"), (99, "counter_gap")])
def test_counter_of_a_commit(counter: int, code: str) -> None:
    talk = begun()
    error = refuse_commit(talk, talk.commit_frame(talk.alice, counter=counter))
    assert (error.code, error.detail) == (code, {"last": 1})
    works(talk)


def test_counter_of_a_begin() -> None:
    talk = direct()
    assert refuse_begin(talk, talk.begin_frame(talk.alice, counter=2)).code == "counter_gap"
    frame = talk.begin_frame(talk.alice)
    zero = protocol.Begin(
        id=1,
        conversation=frame.conversation,
        generation=1,
        counter=0,
        policy=frame.policy,
        commit=frame.commit,
        welcome=frame.welcome,
    )
    assert refuse_begin(talk, zero).code == "counter_old"
    works(talk)
    other = talk.begin_frame(talk.alice, counter=1)
    assert refuse_begin(talk, other).code == "counter_old"


@pytest.mark.parametrize(
    ("parts", "rule"),
    [
        ({"epoch": 1}, "mls_epoch_mismatch"),
        ({"leaf_index": 1}, "mls_sender_not_in_group"),
        ({"authenticated_data": b"\0\1"}, "authenticated_data"),
        ({"sender": Sender(SenderType.NEW_MEMBER_COMMIT, None)}, "mls_sender_new_member"),
    ],
)
def test_hostile_first_commit(parts: dict[str, Any], rule: str) -> None:
    talk = direct()
    error = refuse_begin(talk, talk.begin_frame(talk.alice, **parts))
    assert (error.code, error.detail) == ("frame_refused", {"rule": rule})
    works(talk)


def test_welcome_for_somebody_else() -> None:
    talk = direct()
    wrong = welcome_message([talk.bob.client.key_package(now_ms=clock.now_ms())], suite=HYBRID)
    error = refuse_begin(talk, talk.begin_frame(talk.alice, welcome=wrong))
    assert error.detail == {"rule": "mls_welcome_recipients"}
    error = refuse_begin(talk, talk.begin_frame(talk.alice, welcome=b"\0\1\0\5"))
    assert error.code == "frame_refused"
    works(talk)
