"""Commits that members cannot use: who may say so, what then stops, and who begins the successor."""

from datetime import timedelta
from typing import Any

import pytest

from beep import clock
from beep.errors import BeepError
from messaging import conversations, reports
from messaging.formats import Role
from messaging.mls import leaf_info
from messaging.models import CommitReport, Conversation, FormerStanding
from tests.messaging.party import Party, newcomer, party, rejoin, report
from tests.messaging.people import human
from tests.messaging.refusals import refuse_commit, refused
from tests.messaging.world import begun, publish

pytestmark = pytest.mark.django_db


def bricked() -> Party:
    """Five people; the second has made a commit that two of the others cannot use."""
    talk = party(5)
    seq = talk.commit(talk.people[1]).envelope.seq
    report(talk, talk.people[2], seq)
    assert not talk.row.blocked
    report(talk, talk.people[2], seq)
    assert not talk.row.blocked, "one person's word is one person's"
    report(talk, talk.people[3], seq)
    return talk


def test_two_persons_freeze_a_group() -> None:
    talk = bricked()
    state = conversations.conversation_state(person=talk.people[0].id, conversation=talk.id)
    assert (state.frozen_seq, state.blocked) == (2, True)
    assert CommitReport.objects.count() == 2
    error = refuse_commit(talk, talk.commit_frame(talk.people[1]), by=talk.people[1].client.device)
    assert error.code == "removal_due"
    error = refused(talk, lambda: rejoin(talk, talk.people[4]))
    assert error.detail == {"rule": "frozen"}


def test_its_founder_begins_the_successor() -> None:
    talk = bricked()
    founder, two, *others = talk.people
    frame = talk.begin_frame(two, added=talk.packages(two, founder, *others), roles={founder.id: Role.ADMIN})
    error = refused(talk, lambda: begin_by(talk, two, frame))
    assert error.code == "successor_not_allowed"
    accepted = talk.begin(founder, two, *others)
    assert (accepted.state.generation, accepted.state.frozen_seq, accepted.state.blocked) == (2, None, False)
    assert len(talk.standings()) == 5
    talk.commit(two)


def begin_by(talk: Party, who: Any, frame: Any) -> Any:
    return conversations.begin(device=who.client.device, frame=frame, now_ms=clock.now_ms())


def test_two_who_lie_do_not_stop_a_group_that_goes_on() -> None:
    """Three can use the commit and say so by going on; two who cannot, or say so, rejoin by orders."""
    talk = party(5)
    one, two, three, liar, friend = talk.people
    seq = talk.commit(two).envelope.seq
    talk.commit(one)
    talk.commit(three)
    for who in (liar, friend):
        report(talk, who, seq)
    assert talk.row.frozen_seq is None
    assert CommitReport.objects.filter(seq=seq, froze=False).count() == 2
    rejoin(talk, liar)
    talk.commit(one, remove=[liar.client], add=talk.packages(one, liar), orders=talk.orders())


def test_more_who_cannot_than_who_can_stop_it() -> None:
    """The committer's friend goes on from a commit that the other three cannot use."""
    talk = party(5)
    _, two, friend, *_ = talk.people
    seq = talk.commit(two).envelope.seq
    talk.commit(friend)
    report(talk, talk.people[0], seq)
    assert talk.row.frozen_seq is None
    report(talk, talk.people[3], seq)
    assert talk.row.frozen_seq == seq


def test_a_person_who_has_used_it_with_another_device_does_not_count() -> None:
    talk = party(4)
    one, two, three, four = talk.people
    second = three.add_device()
    publish(second, 1)
    packages = talk.packages(one, three)
    talk.commit(one, add=[kp for kp in packages if leaf_info(kp).device == second.device])
    seq = talk.commit(two).envelope.seq
    first, three.client = three.client, second
    talk.commit(three)
    three.client = first
    report(talk, three, seq)
    report(talk, four, seq)
    assert talk.row.frozen_seq is None


def test_the_same_two_stop_a_group_once_a_day() -> None:
    """Sock puppets: the second time their word is heard and counts for nothing; an admin's still does."""
    with clock.stopped() as time:
        talk = bricked()
        founder, two, liar, friend, five = talk.people
        talk.begin(founder, two, liar, friend, five)
        assert frozen_by(talk, liar, friend) is False
        # Another's word beside theirs is one person's; with the admin's there are two.
        seq = talk.row.last_seq
        report(talk, five, seq)
        stopped_by_one = talk.row.frozen_seq
        report(talk, founder, seq)
        assert (stopped_by_one, talk.row.frozen_seq) == (None, seq)
        talk.begin(founder, *talk.people[1:])
        time.advance(reports.AGAIN + timedelta(seconds=1))
        assert frozen_by(talk, liar, friend) is True


def frozen_by(talk: Party, *liars: Any) -> bool:
    """Whether their word stops the group at another commit of the second person's."""
    seq = talk.commit(talk.people[1]).envelope.seq
    for who in liars:
        report(talk, who, seq)
    return talk.row.frozen_seq == seq


def test_an_admin_may_say_it_every_time() -> None:
    talk = party(4)
    admin, two, three, four = talk.people
    for other in (three, four):
        seq = talk.commit(two).envelope.seq
        report(talk, admin, seq)
        report(talk, other, seq)
        assert talk.row.frozen_seq == seq
        talk.begin(admin, two, three, four)


def test_what_a_commit_of_no_use_changed_need_not_have_happened() -> None:
    """The admin's broken commit threw one out and brought another in: those who could not read it know
    nothing of either, and their successor counts.
    """
    talk = party(5)
    admin, two, three, four, five = talk.people
    talk.commit(admin, roles={two.id: Role.ADMIN})
    friend = newcomer()
    bad = talk.commit(
        two, add=talk.packages(two, friend), remove=[five.client], roles={five.id: Role.NONE}
    ).envelope.seq
    assert FormerStanding.objects.filter(seq=bad).count() == 2
    talk.commit(two, roles={three.id: Role.ADMIN})
    for who in (three, four):
        report(talk, who, bad)
    assert talk.row.frozen_seq == bad
    before = {admin.id: Role.ADMIN, two.id: Role.ADMIN}
    accepted = talk.begin(admin, added=package_of(talk, admin, two, three, four, five), roles=before)
    assert accepted.left == [friend.id.bytes]
    assert talk.standings() == {
        admin.id: Role.ADMIN,
        two.id: Role.ADMIN,
        three.id: Role.MEMBER,
        four.id: Role.MEMBER,
        five.id: Role.MEMBER,
    }
    assert not conversations.conversation_state(person=five.id, conversation=talk.id).left


def package_of(talk: Party, by: Any, *owners: Any) -> list[Any]:
    """KeyPackages, also of somebody whom the server takes for removed: an admin may."""
    return talk.packages(by, *owners)


def test_those_who_could_read_it_may_go_on_from_it() -> None:
    """Two lie about a good commit. The founder has adopted it, and begins from what it says."""
    talk = party(5)
    admin, two, three, four, five = talk.people
    seq = talk.commit(admin, remove=[five.client], roles={five.id: Role.NONE}).envelope.seq
    report(talk, three, seq)
    report(talk, four, seq)
    talk.begin(admin, two, three, four)
    assert five.id not in talk.standings()


def test_a_late_report_gives_nobody_a_role_back() -> None:
    """A founder who is no admin any more and a friend report the commit that said so, long after others have
    gone on from it: the successor keeps what is so now.
    """
    talk = party(5)
    founder, admin, friend, four, five = talk.people
    talk.commit(founder, roles={admin.id: Role.ADMIN})
    seq = talk.commit(admin, roles={founder.id: Role.MEMBER}).envelope.seq
    talk.commit(four)
    for who in (founder, friend):
        report(talk, who, seq)
    assert talk.row.frozen_seq == seq
    former = {founder.id: Role.ADMIN, admin.id: Role.ADMIN}
    packages = talk.packages(founder, admin, friend, four, five)
    for roles in (former, {founder.id: Role.ADMIN}):
        frame = talk.begin_frame(founder, added=packages, roles=roles)
        error = refused(talk, lambda frame=frame: begin_by(talk, founder, frame))  # type: ignore[misc]
        assert error.detail == {"rule": "roles"}
    talk.begin(founder, added=packages, roles={admin.id: Role.ADMIN})
    assert talk.standings()[founder.id] is Role.MEMBER


def test_a_founder_who_is_no_admin_evicts_nobody_by_a_former_role() -> None:
    talk = party(4)
    founder, admin, friend, four = talk.people
    talk.commit(founder, roles={admin.id: Role.ADMIN})
    seq = talk.commit(admin, roles={founder.id: Role.MEMBER}).envelope.seq
    report(talk, founder, seq)
    report(talk, friend, seq)
    packages = talk.packages(founder, friend, four)
    frame = talk.begin_frame(founder, added=packages, roles={founder.id: Role.ADMIN})
    error = refused(talk, lambda: begin_by(talk, founder, frame))
    assert error.detail == {"rule": "roles"}
    # Nobody has gone on from it: it may be true that the founder cannot read it.
    former = {founder.id: Role.ADMIN, admin.id: Role.ADMIN}
    talk.begin(founder, added=[*packages, *talk.packages(founder, admin)], roles=former)
    assert len(talk.standings()) == 4


def test_who_has_used_a_commit_does_not_report_it() -> None:
    talk = party(4)
    one, two, three, _ = talk.people
    seq = talk.commit(two).envelope.seq
    talk.commit(three)
    error = refused(talk, lambda: report(talk, three, seq))
    assert error.code == "forbidden"
    friend = newcomer()
    talk.commit(one, add=talk.packages(one, friend))
    talk.people.append(friend)
    error = refused(talk, lambda: report(talk, friend, seq))
    assert error.code == "forbidden"


def test_who_may_not_report() -> None:
    talk = party(4)
    one, two, three, _ = talk.people
    seq = talk.commit(two).envelope.seq

    def refusal(who: Any, seq: int, **changes: Any) -> str:
        return refused(talk, lambda: report(talk, who, seq, **changes)).code

    assert refusal(two, seq) == "forbidden"
    assert refusal(human(), seq) == "not_a_member"
    assert refusal(three, seq + 1) == "range_refused"
    assert refusal(three, seq, generation=2) == "generation_conflict"
    talk.commit(one, remove=[three.client], roles={three.id: Role.NONE})
    assert refusal(three, seq) == "not_a_member"
    talk.begin(one, two)
    assert refusal(two, seq) == "range_refused", "a commit of a former generation"


def test_in_a_group_of_two_one_is_enough() -> None:
    talk = party(2)
    seq = talk.commit(talk.people[0]).envelope.seq
    report(talk, talk.people[1], seq)
    assert talk.row.frozen_seq == seq


def test_a_partner_who_cannot_read_the_begin_begins_anew() -> None:
    talk = begun()
    report(talk, talk.bob, 1)
    assert (talk.row.frozen_seq, talk.row.blocked) == (1, True)
    assert talk.begin(talk.bob).state.generation == 2
    assert Conversation.objects.get(id=talk.id).frozen_seq is None


def test_reports_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "PER_MINUTE", 1)
    talk = party(3)
    seq = talk.commit(talk.people[1]).envelope.seq
    with clock.stopped():
        report(talk, talk.people[2], seq)
        with pytest.raises(BeepError) as limited:
            report(talk, talk.people[2], seq)
        assert limited.value.code == "rate_limited"
