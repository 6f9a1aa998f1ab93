"""Group conversations: people with devices, and the frames that their clients make."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.signing import Label, sign
from beep import clock
from messaging import conversations, petitions, protocol, reports
from messaging.formats import GroupSuite, OrderAction, OrderRequest, PolicyKind, Role, SizeClass
from messaging.handshakes import Accepted
from messaging.membership import Standing
from messaging.mls.tree import KeyPackage
from messaging.models import Order, Participant
from tests.messaging.mls_factory import Client
from tests.messaging.people import Human, human
from tests.messaging.world import HYBRID, By, Roles, Talk, claim, client_of, publish

CLASSICAL = GroupSuite.CLASSICAL


@dataclass
class Party(Talk):
    """A group conversation. `people[0]` opened it."""

    people: list[Human]
    suite: GroupSuite = HYBRID

    KIND = PolicyKind.GROUP

    def policy(self, **changes: Any) -> Any:
        large = SizeClass.LARGE if self.suite is CLASSICAL else SizeClass.NORMAL
        return super().policy(**{"suite": self.suite, "size_class": large, **changes})

    def packages(self, by: By, *owners: Human) -> list[KeyPackage]:
        """One of each of their devices."""
        return claim(client_of(by), list(owners), self.id, suite=self.suite) if owners else []

    def begin(
        self, by: Human, *members: Human, roles: Roles = None, added: list[KeyPackage] | None = None
    ) -> Accepted:
        """Begin the next generation with `by` as its admin, and these."""
        packages = self.packages(by, *members) if added is None else added
        frame = self.begin_frame(by, added=packages, roles=roles or {by.id: Role.ADMIN})
        accepted = conversations.begin(device=by.client.device, frame=frame, now_ms=clock.now_ms())
        by.client.sent(self.id)
        return accepted

    def standings(self) -> dict[UUID, Role]:
        """Who is in it, as what."""
        rows = Participant.objects.filter(conversation_id=self.id, left_at__isnull=True)
        return {row.person_id: Role(row.role) for row in rows}

    def standing(self, who: Human) -> Standing | None:
        """The place of one."""
        row = Participant.objects.filter(conversation_id=self.id, person_id=who.id, left_at=None).first()
        return Standing(Role(row.role), row.base) if row else None

    def devices(self) -> set[UUID]:
        """Who has a leaf."""
        return {leaf.device for leaf in self.leaves.values()}

    def orders(self) -> list[Order]:
        """The open ones."""
        return list(Order.objects.filter(group=self.group, executed_seq=None).order_by("id"))


def party(count: int, *, suite: GroupSuite = HYBRID, published: int = 3) -> Party:
    """A begun group of `count` people with a device each; the first is its admin."""
    made = unbegun(count, suite=suite, published=published)
    made.begin(made.people[0], *made.people[1:])
    return made


def unbegun(count: int, *, suite: GroupSuite = HYBRID, published: int = 3) -> Party:
    """The same before its first group."""
    people = [human(f"Person {index}") for index in range(count)]
    for one in people:
        publish(one.client, published, suite=suite)
    state = conversations.open_group(person=people[0].id)
    return Party(UUID(bytes=state.conversation), people, suite)


def newcomer(*, suite: GroupSuite = HYBRID) -> Human:
    """Somebody more, with KeyPackages."""
    made = human("Newcomer")
    publish(made.client, 3, suite=suite)
    return made


def _signature(talk: Talk, who: Human, client: Client, action: OrderAction, statement: bytes) -> bytes:
    label = Label.ADD_REQUEST if action is OrderAction.ADD else Label.LEAVE_REQUEST
    asked = OrderRequest(talk.group.group_id, who.id, client.device, statement)
    return sign(key=client.key, label=label, content=asked.encode())


def rejoin_frame(talk: Talk, who: Human, client: Client | None = None, **changes: Any) -> protocol.Rejoin:
    """The petition of `client`, or of the present device, to be let in."""
    client, statement = client or who.client, who.chain[-1].hash
    fields: dict[str, Any] = {
        "id": 1,
        "conversation": talk.id.bytes,
        "generation": talk.row.generation,
        "statement_hash": statement,
        "signature": _signature(talk, who, client, OrderAction.ADD, statement),
    }
    return protocol.Rejoin(**{**fields, **changes})


def rejoin(talk: Talk, who: Human, client: Client | None = None, **changes: Any) -> None:
    """Ask to be let in."""
    frame = rejoin_frame(talk, who, client, **changes)
    petitions.rejoin(device=(client or who.client).device, frame=frame, now_ms=clock.now_ms())


def leave_frame(talk: Talk, who: Human, **changes: Any) -> protocol.Leave:
    """The petition to let `who` go."""
    statement = who.chain[-1].hash
    fields: dict[str, Any] = {
        "id": 1,
        "conversation": talk.id.bytes,
        "generation": talk.row.generation,
        "statement_hash": statement,
        "signature": _signature(talk, who, who.client, OrderAction.LEAVE, statement),
    }
    return protocol.Leave(**{**fields, **changes})


def leave(talk: Talk, who: Human, **changes: Any) -> None:
    """Ask to leave."""
    frame = leave_frame(talk, who, **changes)
    petitions.leave(device=who.client.device, frame=frame, now_ms=clock.now_ms())


def report(talk: Talk, who: Human, seq: int, **changes: Any) -> None:
    """Say that the commit at `seq` cannot be used."""
    fields: dict[str, Any] = {
        "id": 1,
        "conversation": talk.id.bytes,
        "generation": talk.row.generation,
        "seq": seq,
    }
    reports.report_commit(
        device=who.client.device,
        frame=protocol.ReportCommit(**{**fields, **changes}),
        now_ms=clock.now_ms(),
    )


def roles(people: Sequence[tuple[Human, Role]]) -> dict[UUID, Role]:
    """Role changes."""
    return {who.id: role for who, role in people}
