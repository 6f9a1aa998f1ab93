"""People with devices and signed identity chains, and their direct conversations, in the test database."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from nacl.signing import SigningKey

from accounts.identity import sign_statement
from accounts.models import Device, IdentityStatement, Person
from accounts.statements import (
    NO_HASH,
    DeviceEntry,
    DeviceKind,
    Flags,
    RevokedEntry,
    Signer,
    Statement,
)
from beep import clock
from messaging import conversations, formats, key_packages, protocol
from messaging.formats import GroupPolicy, GroupSuite, PolicyKind, SizeClass
from messaging.handshakes import Accepted
from messaging.mls import LeafInfo, apply_to_leaf_map, decode_commit, decode_key_package
from messaging.mls.messages import MlsMessage
from messaging.mls.proposals import Add
from messaging.mls.tree import KeyPackage
from messaging.models import Conversation, Envelope, Group, GroupInfo, Leaf, Mail, Sender, SlotRow
from tests.messaging.mls_factory import Client, commit_message, welcome_message

HYBRID = GroupSuite.HYBRID


@dataclass
class Human:
    """Somebody with one device, a recovery key and an identity chain."""

    id: UUID
    client: Client
    recovery: SigningKey
    chain: list[Statement] = field(default_factory=list)

    def append(self, statement: Statement, signers: list[tuple[Signer, SigningKey]]) -> None:
        """Store a signed statement and the device table's index of it."""
        signed = sign_statement(statement=statement, signers=signers)
        now = clock.now()
        IdentityStatement.objects.create(
            person_id=self.id,
            version=statement.version,
            body=signed.encode(),
            hash=statement.hash,
            prev_hash=None if statement.prev_hash == NO_HASH else statement.prev_hash,
            accepted_at=now,
        )
        for revoked in statement.revoked:
            Device.objects.filter(id=UUID(bytes=revoked.id), revoked_at=None).update(revoked_at=now)
        for entry in statement.devices:
            Device.objects.get_or_create(
                id=UUID(bytes=entry.id),
                defaults={
                    "person_id": self.id,
                    "name": entry.name,
                    "kind": entry.kind,
                    "signature_key": entry.signature_key,
                    "listed_in": statement.version,
                    "added_at": now,
                },
            )
        Person.objects.filter(id=self.id).update(
            statement_version=statement.version, statement_head=statement.hash
        )
        self.chain.append(statement)

    def statement(self, *, devices: list[Client], revoked: list[Client]) -> Statement:
        """The next statement of the chain."""
        previous = self.chain[-1] if self.chain else None
        at = clock.now_ms()
        return Statement(
            person=self.id.bytes,
            version=previous.version + 1 if previous else 1,
            prev_hash=previous.hash if previous else NO_HASH,
            recovery_key=bytes(self.recovery.verify_key),
            flags=Flags.NONE,
            devices=tuple(
                DeviceEntry(client.device.bytes, "browser", DeviceKind.REGULAR, client.signature_key, at)
                for client in devices
            ),
            revoked=(
                *(previous.revoked if previous else ()),
                *(RevokedEntry(client.device.bytes, client.signature_key, at) for client in revoked),
            ),
            at=at,
        )

    def replace_device(self) -> Client:
        """Statement n + 1 by the recovery key: a new device instead of the old one. Sends no signals."""
        fresh = Client(self.id, uuid4())
        self.append(
            self.statement(devices=[fresh], revoked=[self.client]), [(Signer.RECOVERY, self.recovery)]
        )
        self.client = fresh
        return fresh


def human(name: str = "Somebody", client: Client | None = None) -> Human:
    """An active person with one listed device: `client`, or a new one."""
    client = client or Client(uuid4(), uuid4())
    id_ = client.person
    now = clock.now()
    Person.objects.create(
        id=id_,
        login=f"p{id_.hex}",
        personnel_number=id_.hex[:12].upper(),
        name_latin=name,
        state=Person.State.ACTIVE,
        created_at=now,
        changed_at=now,
    )
    made = Human(id_, client, SigningKey.generate())
    made.append(
        made.statement(devices=[made.client], revoked=[]),
        [(Signer.DEVICE, made.client.key), (Signer.RECOVERY, made.recovery)],
    )
    return made


def insert_device(owner: Human, *, regular: bool = False) -> Client:
    """What a hostile database does: a device in the table that no statement lists."""
    client = Client(owner.id, uuid4())
    Device.objects.create(
        id=client.device,
        person_id=owner.id,
        name="inserted",
        kind=Device.Kind.REGULAR if regular else Device.Kind.TEMPORARY,
        signature_key=client.signature_key,
        listed_in=1,
        added_at=clock.now(),
        expires_at=None if regular else clock.from_ms(clock.now_ms() + 86_400_000),
    )
    return client


def publish(client: Client, count: int = 3, *, last_resort: bool = False) -> list[KeyPackage]:
    """Upload `count` KeyPackages, and a last resort if wanted, which is then the last of the list."""
    now_ms = clock.now_ms()
    made = [client.key_package(now_ms=now_ms) for _ in range(count + last_resort)]
    encoded = [MlsMessage(package).encode() for package in made]
    key_packages.upload(
        device=client.device,
        suite=HYBRID,
        packages=encoded[:count],
        last_resort=encoded[-1] if last_resort else None,
        now_ms=now_ms,
    )
    return made


def claim(client: Client, owner: Human, conversation: UUID) -> list[KeyPackage]:
    """Claim one KeyPackage of each device of `owner`."""
    claimed = key_packages.claim(
        device=client.device,
        person=owner.id,
        suite=HYBRID,
        conversation=conversation,
        now_ms=clock.now_ms(),
    )
    return [decode_key_package(package) for _, package in claimed]


@dataclass
class Direct:
    """A direct conversation with its two humans: makes frames for it."""

    id: UUID
    alice: Human
    bob: Human

    def policy(self, **changes: Any) -> GroupPolicy:
        """The right policy for the next generation, with changes."""
        newest = Group.objects.filter(conversation_id=self.id).order_by("-generation").first()
        low, high = sorted((self.alice.id, self.bob.id), key=lambda id_: id_.bytes)
        fields: dict[str, Any] = {
            "nonce": uuid4().bytes + uuid4().bytes,
            "conversation": self.id,
            "kind": PolicyKind.DIRECT,
            "persons": (low, high),
            "suite": HYBRID,
            "size_class": SizeClass.NORMAL,
            "retention_class": 0,
            "ministry": formats.ZERO_UUID,
            "registry": formats.ZERO_HASH,
            "predecessor": newest.group_id if newest else formats.ZERO_HASH,
        }
        return GroupPolicy(**{**fields, **changes})

    def begin_frame(
        self,
        by: Human,
        *,
        generation: int | None = None,
        counter: int | None = None,
        policy: GroupPolicy | None = None,
        added: list[KeyPackage] | None = None,
        welcome: bytes | None = None,
        **commit: Any,
    ) -> protocol.Begin:
        """A begin as `by`'s client makes it; anything can be made wrong."""
        partner = self.bob if by is self.alice else self.alice
        chosen = policy or self.policy()
        packages = claim(by.client, partner, self.id) if added is None else added
        id_ = formats.group_id(chosen.encode())
        path = by.client.update_path(
            group_id=id_, leaf_index=0, leaves_after=range(1 + len(packages)), suite=HYBRID
        )
        parts: dict[str, Any] = {
            "group_id": id_,
            "epoch": 0,
            "leaf_index": 0,
            "proposals": [Add(package) for package in packages],
            "path": path,
            "suite": HYBRID,
            **commit,
        }
        return protocol.Begin(
            id=1,
            conversation=self.id.bytes,
            generation=generation or self.row.generation + 1,
            counter=counter or by.client.next_counter(self.id),
            policy=chosen.encode(),
            commit=commit_message(**parts),
            welcome=welcome or welcome_message(packages, suite=HYBRID),
        )

    def begin(self, by: Human, **changes: Any) -> Accepted:
        """Begin the next generation."""
        frame = self.begin_frame(by, **changes)
        accepted = conversations.begin(device=by.client.device, frame=frame, now_ms=clock.now_ms())
        by.client.sent(self.id)
        return accepted

    def commit_frame(self, by: Human, *, counter: int | None = None, **changes: Any) -> protocol.Commit:
        """An empty commit, or whatever `changes` make of it."""
        row, leaves = self.row, self.leaves
        own = next((index for index, leaf in leaves.items() if leaf.device == by.client.device), 0)
        frame: dict[str, Any] = {"generation": row.generation, "epoch": row.epoch, "welcome": None}
        frame.update({name: changes.pop(name) for name in list(changes) if name in frame})
        group_id = self.group.group_id
        parts: dict[str, Any] = {
            "group_id": group_id,
            "epoch": row.epoch,
            "leaf_index": own,
            "proposals": [],
            "suite": HYBRID,
            **changes,
        }
        if "path" not in parts:
            parts["path"] = by.client.update_path(
                group_id=group_id, leaf_index=own, leaves_after=list(leaves), suite=HYBRID
            )
        return protocol.Commit(
            id=1,
            conversation=self.id.bytes,
            counter=counter or by.client.next_counter(self.id),
            body=commit_message(**parts),
            **frame,
        )

    def commit(self, by: Human, **changes: Any) -> Accepted:
        """Commit to the current epoch."""
        frame = self.commit_frame(by, **changes)
        accepted = conversations.commit(device=by.client.device, frame=frame, now_ms=clock.now_ms())
        by.client.sent(self.id)
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
            Envelope.objects.filter(conversation_id=self.id),
            Group.objects.filter(conversation_id=self.id),
            GroupInfo.objects.filter(group__conversation_id=self.id),
            Leaf.objects.filter(group__conversation_id=self.id),
            Mail.objects.filter(conversation_id=self.id),
            Sender.objects.filter(conversation_id=self.id),
            SlotRow.objects.filter(conversation_id=self.id),
        ]
        return [sorted(map(repr, table.values_list())) for table in tables]


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
