"""People with devices and signed identity chains, and their direct conversations, in the test database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID, uuid4

from beep import clock
from messaging import conversations, formats, key_packages, protocol
from messaging.formats import (
    AuthenticatedData,
    GroupPolicy,
    GroupSuite,
    PolicyKind,
    Role,
    RoleChange,
    SizeClass,
)
from messaging.handshakes import Accepted
from messaging.mls import LeafInfo, apply_to_leaf_map, decode_commit, decode_key_package
from messaging.mls.messages import MlsMessage
from messaging.mls.proposals import Add, Remove
from messaging.mls.tree import KeyPackage
from messaging.models import (
    Conversation,
    Envelope,
    FormerStanding,
    Group,
    GroupInfo,
    Leaf,
    Mail,
    Order,
    Participant,
    Sender,
    SlotRow,
)
from tests.messaging.mls_factory import Client, commit_message, welcome_message
from tests.messaging.people import Human, human, insert_device

__all__ = [
    "HYBRID",
    "Direct",
    "Human",
    "Talk",
    "begun",
    "claim",
    "direct",
    "human",
    "insert_device",
    "leaves_after",
    "publish",
]

HYBRID = GroupSuite.HYBRID
Roles = Mapping[UUID, Role] | None


def publish(
    client: Client, count: int = 3, *, last_resort: bool = False, suite: int = HYBRID
) -> list[KeyPackage]:
    """Upload `count` KeyPackages, and a last resort if wanted, which is then the last of the list."""
    now_ms = clock.now_ms()
    made = [client.key_package(now_ms=now_ms, suite=suite) for _ in range(count + last_resort)]
    encoded = [MlsMessage(package).encode() for package in made]
    key_packages.upload(
        device=client.device,
        suite=suite,
        packages=encoded[:count],
        last_resort=encoded[-1] if last_resort else None,
        now_ms=now_ms,
    )
    return made


def claim(
    client: Client, owner: Human | list[Human], conversation: UUID, *, suite: int = HYBRID
) -> list[KeyPackage]:
    """Claim one KeyPackage of each device of `owner`, or of each of them."""
    owners = owner if isinstance(owner, list) else [owner]
    claimed = key_packages.claim(
        device=client.device,
        persons=[one.id for one in owners],
        suite=suite,
        conversation=conversation,
        devices=None,
        now_ms=clock.now_ms(),
    )
    return [decode_key_package(package) for _, _, package in claimed.packages]


By = Human | Client


def client_of(by: By) -> Client:
    """The device that acts."""
    return by.client if isinstance(by, Human) else by


@dataclass
class Talk:
    """A conversation, and the frames that its devices make for it."""

    id: UUID

    KIND: ClassVar[PolicyKind]

    def persons(self) -> tuple[UUID, ...]:
        """What the policy says of them."""
        return ()

    def policy(self, **changes: Any) -> GroupPolicy:
        """The right policy for the next generation, with changes."""
        newest = Group.objects.filter(conversation_id=self.id).order_by("-generation").first()
        fields: dict[str, Any] = {
            "nonce": uuid4().bytes + uuid4().bytes,
            "conversation": self.id,
            "kind": self.KIND,
            "persons": self.persons(),
            "suite": HYBRID,
            "size_class": SizeClass.NORMAL,
            "retention_class": 0,
            "ministry": formats.ZERO_UUID,
            "registry": formats.ZERO_HASH,
            "predecessor": newest.group_id if newest else formats.ZERO_HASH,
        }
        return GroupPolicy(**{**fields, **changes})

    def said(self, *, roles: Roles = None, orders: Sequence[Order] = ()) -> bytes:
        """`authenticated_data` with these role changes and orders."""
        changes = sorted((roles or {}).items(), key=lambda item: item[0].bytes)
        return AuthenticatedData(
            0,
            bytes(32),
            b"",
            tuple(order.hash for order in orders),
            tuple(RoleChange(person, role) for person, role in changes),
        ).encode()

    def begin_frame(
        self,
        by: By,
        *,
        added: list[KeyPackage],
        generation: int | None = None,
        counter: int | None = None,
        policy: GroupPolicy | None = None,
        welcome: bytes | None = None,
        roles: Roles = None,
        **commit: Any,
    ) -> protocol.Begin:
        """A begin as `by`'s client makes it; anything can be made wrong."""
        client = client_of(by)
        chosen = policy or self.policy()
        suite = chosen.suite
        id_ = formats.group_id(chosen.encode())
        path = client.update_path(group_id=id_, leaf_index=0, leaves_after=range(1 + len(added)), suite=suite)
        parts: dict[str, Any] = {
            "group_id": id_,
            "epoch": 0,
            "leaf_index": 0,
            "proposals": [Add(package) for package in added],
            "path": path,
            "suite": suite,
            "authenticated_data": self.said(roles=roles),
            **commit,
        }
        return protocol.Begin(
            id=1,
            conversation=self.id.bytes,
            generation=generation or self.row.generation + 1,
            counter=counter or client.next_counter(self.id),
            policy=chosen.encode(),
            commit=commit_message(**parts),
            welcome=welcome or (welcome_message(added, suite=suite) if added else None),
        )

    def commit_frame(
        self,
        by: By,
        *,
        counter: int | None = None,
        add: Sequence[KeyPackage] = (),
        remove: Sequence[Client] = (),
        roles: Roles = None,
        orders: Sequence[Order] = (),
        **changes: Any,
    ) -> protocol.Commit:
        """An empty commit, one that adds and removes, or whatever `changes` make of it."""
        client = client_of(by)
        row, leaves, group = self.row, self.leaves, self.group
        seats = {leaf.device: index for index, leaf in leaves.items()}
        own = seats.get(client.device, 0)
        welcome = welcome_message(add, suite=group.suite) if add else None
        frame: dict[str, Any] = {"generation": row.generation, "epoch": row.epoch, "welcome": welcome}
        frame.update({name: changes.pop(name) for name in list(changes) if name in frame})
        parts: dict[str, Any] = {
            "group_id": group.group_id,
            "epoch": row.epoch,
            "leaf_index": own,
            "proposals": [
                *(Remove(seats[gone.device]) for gone in remove),
                *(Add(package) for package in add),
            ],
            "suite": group.suite,
            "authenticated_data": self.said(roles=roles, orders=orders),
            **changes,
        }
        if "path" not in parts:
            after = occupied(leaves, parts["proposals"])
            parts["path"] = client.update_path(
                group_id=group.group_id,
                leaf_index=own,
                leaves_after=sorted(after),
                suite=group.suite,
            )
        return protocol.Commit(
            id=1,
            conversation=self.id.bytes,
            counter=counter or client.next_counter(self.id),
            body=commit_message(**parts),
            **frame,
        )

    def commit(self, by: By, **changes: Any) -> Accepted:
        """Commit to the current epoch."""
        frame, client = self.commit_frame(by, **changes), client_of(by)
        accepted = conversations.commit(device=client.device, frame=frame, now_ms=clock.now_ms())
        client.sent(self.id)
        return accepted

    @property
    def row(self) -> Conversation:
        return Conversation.objects.get(id=self.id)

    @property
    def group(self) -> Group:
        return Group.objects.get(conversation_id=self.id, generation=self.row.generation)

    @property
    def leaves(self) -> dict[int, LeafInfo]:
        rows = Leaf.objects.filter(group=self.group).order_by("leaf_index")
        return {row.leaf_index: LeafInfo(row.person_id, row.device_id, row.signature_key) for row in rows}

    def snapshot(self) -> list[Any]:
        """All that the server knows of the conversation, to compare before and after."""
        tables = [
            Conversation.objects.filter(id=self.id),
            Participant.objects.filter(conversation_id=self.id),
            Envelope.objects.filter(conversation_id=self.id),
            Group.objects.filter(conversation_id=self.id),
            GroupInfo.objects.filter(group__conversation_id=self.id),
            Leaf.objects.filter(group__conversation_id=self.id),
            Mail.objects.filter(conversation_id=self.id),
            Order.objects.filter(group__conversation_id=self.id),
            FormerStanding.objects.filter(group__conversation_id=self.id),
            Sender.objects.filter(conversation_id=self.id),
            SlotRow.objects.filter(conversation_id=self.id),
        ]
        return [sorted(map(repr, table.values_list())) for table in tables]


def occupied(leaves: dict[int, LeafInfo], proposals: Sequence[Any]) -> set[int]:
    """The leaf indices after these proposals (RFC 9420 §12.3)."""
    after = set(leaves) - {one.removed for one in proposals if isinstance(one, Remove)}
    for _ in [one for one in proposals if isinstance(one, Add)]:
        after.add(next(index for index in range(len(after) + 1) if index not in after))
    return after


@dataclass
class Direct(Talk):
    """A direct conversation with its two humans."""

    alice: Human
    bob: Human

    KIND = PolicyKind.DIRECT

    def persons(self) -> tuple[UUID, ...]:
        low, high = sorted((self.alice.id, self.bob.id), key=lambda id_: id_.bytes)
        return low, high

    def begin_frame(  # type: ignore[override]
        self, by: Human, *, added: list[KeyPackage] | None = None, **changes: Any
    ) -> protocol.Begin:
        """With the partner's devices, unless told otherwise."""
        partner = self.bob if by is self.alice else self.alice
        packages = claim(by.client, partner, self.id) if added is None else added
        return super().begin_frame(by, added=packages, **changes)

    def begin(self, by: Human, **changes: Any) -> Accepted:
        """Begin the next generation."""
        frame = self.begin_frame(by, **changes)
        accepted = conversations.begin(device=by.client.device, frame=frame, now_ms=clock.now_ms())
        by.client.sent(self.id)
        return accepted


def direct(*, published: int = 4) -> Direct:
    """Alice and Bob with KeyPackages, and their conversation without a group."""
    alice, bob = human("Alice"), human("Bob")
    publish(alice.client, published)
    publish(bob.client, published)
    state = conversations.open_direct(person=alice.id, partner=bob.id)
    return Direct(UUID(bytes=state.conversation), alice, bob)


def begun() -> Direct:
    """The same with a first group, begun by Alice."""
    made = direct()
    made.begin(made.alice)
    return made


def leaves_after(commit: bytes, before: dict[int, LeafInfo]) -> dict[int, LeafInfo]:
    """The leaf map that a commit message makes."""
    return apply_to_leaf_map(before, decode_commit(commit))
