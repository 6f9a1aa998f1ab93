"""A database restored to an older point: what members hold brings its logs back, and nothing else does."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings

from accounts import identity_chain
from audit.events import Actor
from beep import clock
from beep.errors import BeepError
from beep.tls import Writer
from messaging import conversations, formats, protocol, restore
from messaging.formats import AuthenticatedData, Role, RoleChange, franking_tag
from messaging.log import append, on_wire
from messaging.models import Envelope, Leaf, Participant, Reupload, Sender
from messaging.replay import Transcript
from tests.messaging.party import Party, newcomer, unbegun
from tests.messaging.people import Human

pytestmark = pytest.mark.django_db


class Honest(Party):
    """Its frames say what their senders have really seen."""

    def seen(self) -> tuple[int, bytes]:
        row = self.row
        hashes = (
            Envelope.objects.filter(conversation_id=self.id).order_by("seq").values_list("hash", flat=True)
        )
        return row.last_seq, formats.transcript(self.id.bytes, list(hashes))

    def said(self, *, roles: Any = None, orders: Any = ()) -> bytes:
        changes = sorted((roles or {}).items(), key=lambda item: item[0].bytes)
        return AuthenticatedData(
            *self.seen(),
            b"",
            tuple(order.hash for order in orders),
            tuple(RoleChange(person, role) for person, role in changes),
        ).encode()

    def say(self, who: Human, *, seen: tuple[int, bytes] | None = None) -> None:
        """One application message, in framing only, into the log as the writer would put it."""
        seq, transcript = seen or self.seen()
        tag = franking_tag(k=bytes(32), content=b"words")
        writer = Writer()
        writer.u16(1)
        writer.u16(2)
        writer.opaque(self.group.group_id)
        writer.u64(self.row.epoch)
        writer.u8(1)
        writer.opaque(AuthenticatedData(seq, transcript, tag, ()).encode())
        writer.opaque(bytes(28))
        writer.opaque(bytes(400))
        row = self.row
        append(
            conversation=row,
            device=who.client.device,
            generation=row.generation,
            epoch=row.epoch,
            kind=protocol.APPLICATION,
            counter=who.client.next_counter(self.id),
            body=writer.getvalue(),
            now_ms=clock.now_ms(),
        )
        row.save(update_fields=["last_seq"])
        who.client.sent(self.id)

    def log(self) -> list[protocol.Envelope]:
        rows = Envelope.objects.filter(conversation_id=self.id).order_by("seq")
        return [on_wire(row) for row in rows]

    def facts(self) -> list[Any]:
        """What a replay must make again; KeyPackages and mail of long ago are not part of it."""
        row = self.row
        persons = Participant.objects.filter(conversation_id=self.id).order_by("person_id")
        return [
            (row.last_seq, row.generation, row.epoch, row.blocked, row.frozen_seq),
            list(Envelope.objects.filter(conversation_id=self.id).order_by("seq").values_list()),
            sorted(Leaf.objects.filter(group=self.group).values_list("leaf_index", "device_id")),
            list(persons.values_list("person_id", "role", "base", "joined_seq", "left_seq")),
            sorted(Sender.objects.filter(conversation_id=self.id).values_list("device_id", "last_counter")),
        ]


def party() -> Honest:
    made = unbegun(3)
    talk = Honest(made.id, made.people, made.suite)
    talk.begin(talk.people[0], *talk.people[1:])
    talk.say(talk.people[1])
    return talk


def lost(talk: Honest, act: Callable[[], None]) -> tuple[list[protocol.Envelope], list[Any]]:
    """What happens in `act`, and is then lost: the envelopes after the backup, and what the server knew."""
    before = talk.row.last_seq
    point = transaction.savepoint()
    act()
    envelopes, facts = talk.log()[before:], talk.facts()
    transaction.savepoint_rollback(point)
    assert talk.row.last_seq == before
    restore.turn_on()
    return envelopes, facts


def give(talk: Honest, who: Human, envelopes: list[protocol.Envelope]) -> int:
    frame = protocol.Reupload(id=1, conversation=talk.id.bytes, envelopes=envelopes)
    return restore.reupload(device=who.client.device, frame=frame, now_ms=clock.now_ms())


def test_messages_commits_and_members_come_back() -> None:
    talk = party()
    alice, bob, carol = talk.people
    dave = newcomer()

    def later() -> None:
        talk.say(bob)
        talk.commit(alice, add=talk.packages(alice, dave), roles={bob.id: Role.ADMIN})
        talk.say(dave)
        talk.commit(bob, remove=[carol.client], roles={carol.id: Role.NONE})
        talk.say(alice)

    envelopes, facts = lost(talk, later)
    # One person's word is not enough for what others have said.
    assert give(talk, carol, envelopes[:4]) == envelopes[0].seq - 1
    assert give(talk, alice, envelopes) >= envelopes[3].seq
    assert give(talk, bob, envelopes) == envelopes[-1].seq
    restore.turn_off()
    assert talk.facts() == facts
    talk.commit(bob)


def test_a_successor_comes_back() -> None:
    talk = party()
    alice, bob, carol = talk.people

    def later() -> None:
        talk.begin(alice, bob, carol)
        talk.say(carol)

    envelopes, facts = lost(talk, later)
    give(talk, bob, envelopes)
    give(talk, alice, envelopes)
    assert give(talk, carol, envelopes) == envelopes[-1].seq
    restore.turn_off()
    assert talk.facts() == facts


def test_what_one_person_has_seen_waits_for_the_end() -> None:
    talk = party()
    alice, bob, _ = talk.people
    envelopes, facts = lost(talk, lambda: talk.say(alice))
    assert give(talk, bob, envelopes) == envelopes[0].seq - 1
    call_command("restore_mode", "off")
    assert talk.facts() == facts
    assert not Reupload.objects.exists()


def test_what_only_its_sender_holds_waits_as_well() -> None:
    talk = party()
    alice = talk.people[0]
    envelopes, facts = lost(talk, lambda: talk.say(alice))
    assert give(talk, alice, envelopes) == envelopes[0].seq - 1
    restore.turn_off()
    assert talk.facts() == facts


def test_a_sender_who_takes_other_words_back_breaks_nothing() -> None:
    """Attack: the first to hand anything back is who wants to have said something else."""
    talk = party()
    alice, bob, carol = talk.people

    def later() -> None:
        talk.say(alice)
        talk.say(bob)

    envelopes, facts = lost(talk, later)
    assert give(talk, alice, [replace_body(envelopes[0])]) == envelopes[0].seq - 1
    give(talk, bob, envelopes)
    assert give(talk, carol, envelopes) == envelopes[-1].seq
    restore.turn_off()
    assert talk.facts() == facts


def test_two_stories_of_one_seq_wait_and_the_better_attested_wins() -> None:
    talk = party()
    alice, bob, carol = talk.people
    envelopes, facts = lost(talk, lambda: talk.say(alice))
    false = replace_body(envelopes[0])
    assert give(talk, bob, [false]) == false.seq - 1
    assert give(talk, carol, envelopes) == false.seq - 1
    assert give(talk, alice, envelopes) == false.seq
    restore.turn_off()
    assert talk.facts() == facts


def test_a_tie_ends_the_log_there() -> None:
    talk = party()
    alice, bob, carol = talk.people
    envelopes, _ = lost(talk, lambda: talk.say(alice))
    give(talk, bob, [replace_body(envelopes[0])])
    give(talk, carol, envelopes)
    restore.turn_off()
    assert talk.row.last_seq == envelopes[0].seq - 1
    talk.commit(bob)


def test_an_envelope_that_saw_another_log_is_not_put_back() -> None:
    talk = party()
    alice, bob, _ = talk.people
    before = talk.row.last_seq
    envelopes, _ = lost(talk, lambda: talk.say(alice, seen=(before, bytes(32))))
    give(talk, alice, envelopes)
    assert give(talk, bob, envelopes) == before


def test_only_while_read_only_and_then_nothing_else() -> None:
    talk = party()
    alice = talk.people[0]
    envelopes, _ = lost(talk, lambda: talk.say(alice))
    frame = talk.commit_frame(alice)
    with pytest.raises(BeepError) as refusal:
        conversations.commit(device=alice.client.device, frame=frame, now_ms=clock.now_ms())
    assert refusal.value.code == "read_only"
    restore.turn_off()
    with pytest.raises(BeepError) as refusal:
        give(talk, alice, envelopes)
    assert refusal.value.code == "conflict"


@pytest.mark.parametrize("change", ["hole", "other", "stranger"])
def test_refused_copies_change_nothing(change: str) -> None:
    talk = party()
    alice = talk.people[0]

    def twice() -> None:
        talk.say(alice)
        talk.say(alice)

    envelopes, _ = lost(talk, twice)
    known = talk.log()
    before = talk.facts()
    who, copies = alice, envelopes
    if change == "hole":
        copies = [envelopes[0], replace_envelope(envelopes[1], seq=envelopes[1].seq + 1)]
    elif change == "other":
        copies = [replace_body(known[-1]), *envelopes]
    else:
        who = newcomer()
    with pytest.raises(BeepError) as refusal:
        give(talk, who, copies)
    assert refusal.value.code == ("not_a_member" if change == "stranger" else "range_refused")
    assert talk.facts() == before
    assert not Reupload.objects.exists()


def test_a_persons_copies_follow_the_logs_end_and_do_not_fill_the_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    talk = party()
    alice, bob, _ = talk.people

    def later() -> None:
        for _ in range(4):
            talk.say(alice)

    envelopes, facts = lost(talk, later)
    with pytest.raises(BeepError) as refusal:
        give(talk, bob, envelopes[1:])
    assert refusal.value.code == "range_refused"
    monkeypatch.setattr(restore, "WAITING", 3)
    assert give(talk, bob, envelopes[:2]) == give(talk, bob, envelopes[2:3])
    with pytest.raises(BeepError) as refusal:
        give(talk, bob, envelopes[3:])
    assert refusal.value.code == "busy"
    assert Reupload.objects.count() == 3
    # There is room again when the log has grown.
    give(talk, alice, envelopes[:1])
    give(talk, bob, envelopes[3:])
    restore.turn_off()
    assert talk.facts() == facts


def test_re_uploads_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore, "PER_MINUTE", 1)
    talk = party()
    envelopes, _ = lost(talk, lambda: talk.say(talk.people[0]))
    with clock.stopped():
        give(talk, talk.people[1], envelopes)
        with pytest.raises(BeepError) as refusal:
            give(talk, talk.people[1], envelopes)
    assert refusal.value.code == "rate_limited"


def test_statements_come_back() -> None:
    talk = party()
    alice, bob, _ = talk.people
    point = transaction.savepoint()
    alice.add_device()
    bodies = _bodies(alice)
    transaction.savepoint_rollback(point)
    actor = Actor(person=bob.id)
    with pytest.raises(BeepError) as refusal:
        restore.give_back_statements(person=alice.id, statements=bodies, actor=actor)
    assert refusal.value.code == "conflict"
    restore.turn_on()
    assert restore.give_back_statements(person=alice.id, statements=bodies, actor=actor) == 2
    assert _bodies(alice) == bodies
    # Once more changes nothing.
    assert restore.give_back_statements(person=alice.id, statements=bodies, actor=actor) == 2


@pytest.mark.parametrize(("age", "taken"), [(0, False), (47, False), (48, True), (90 * 24, True)])
def test_a_lost_reset_comes_back_when_its_delay_is_over(age: int, taken: bool) -> None:
    """Otherwise two officers and a server that is being restored would do without the delay, and the keys of
    officers of long ago could sign for back then.
    """
    with clock.stopped() as time, override_settings(RESET_DELAY=timedelta(hours=72)):
        talk = party()
        alice, bob, _ = talk.people
        point = transaction.savepoint()
        alice.reset()
        bodies = _bodies(alice)
        transaction.savepoint_rollback(point)
        restore.turn_on()
        time.advance(timedelta(hours=age))

        def again() -> int:
            return restore.give_back_statements(
                person=alice.id, statements=bodies, actor=Actor(person=bob.id)
            )

        if taken:
            assert again() == 2
        else:
            with pytest.raises(BeepError) as refusal:
                again()
            assert (refusal.value.code, refusal.value.detail) == ("statement_refused", {"rule": "at"})


def test_a_reset_of_long_ago_does_not_come_back() -> None:
    with clock.stopped() as time:
        talk = party()
        alice = talk.people[0]
        point = transaction.savepoint()
        alice.reset()
        bodies = _bodies(alice)
        transaction.savepoint_rollback(point)
        restore.turn_on()
        time.advance(timedelta(days=91))
        with pytest.raises(BeepError) as refusal:
            restore.give_back_statements(person=alice.id, statements=bodies, actor=Actor(person=alice.id))
    assert refusal.value.detail == {"rule": "at"}


def test_the_transcript_is_the_one_of_the_formats() -> None:
    talk = party()
    seq, value = talk.seen()
    data = AuthenticatedData(seq, value, b"", ())
    assert Transcript(talk.id).agrees(data, before=seq + 1)
    assert not Transcript(talk.id).agrees(data, before=seq)


def replace_body(envelope: protocol.Envelope) -> protocol.Envelope:
    body = envelope.body[:-1] + bytes([envelope.body[-1] ^ 1])
    return replace_envelope(envelope, body=body)


def replace_envelope(envelope: protocol.Envelope, **changes: Any) -> protocol.Envelope:
    fields = {name: getattr(envelope, name) for name in envelope.__struct_fields__}
    return protocol.Envelope(**{**fields, **changes})


def _bodies(who: Human) -> list[bytes]:

    return identity_chain.bodies(person=who.id)
