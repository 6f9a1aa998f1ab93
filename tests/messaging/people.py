"""People with devices and signed identity chains in the test database."""

from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from django.db import transaction
from nacl.signing import SigningKey

from accounts import devices
from accounts.identity import sign_statement
from accounts.models import Device, IdentityStatement, Person, Revocation
from accounts.statements import (
    NO_HASH,
    DeviceEntry,
    DeviceKind,
    Flags,
    RevokedEntry,
    Signer,
    Statement,
)
from audit.events import Actor
from beep import clock
from tests.messaging.mls_factory import Client
from tests.support import trust


@dataclass
class Human:
    """Somebody with one device, a recovery key and an identity chain."""

    id: UUID
    client: Client
    recovery: SigningKey
    chain: list[Statement] = field(default_factory=list)

    def append(
        self, statement: Statement, signers: list[tuple[Signer, SigningKey]], *, revoke: bool = True
    ) -> None:
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
        for revoked in statement.revoked if revoke else ():
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
                    "expires_at": clock.from_ms(entry.expires_at) if entry.expires_at else None,
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

    def add_device(self, *, temporary_ms: int = 0) -> Client:
        """Statement n + 1 by the present device: one more beside those there; it stays the present one."""
        fresh = Client(self.id, uuid4())
        previous, at = self.chain[-1], clock.now_ms()
        kind = DeviceKind.TEMPORARY if temporary_ms else DeviceKind.REGULAR
        expires_at = at + temporary_ms if temporary_ms else 0
        entry = DeviceEntry(fresh.device.bytes, "browser", kind, fresh.signature_key, at, expires_at)
        devices = sorted([*previous.devices, entry], key=lambda one: one.id)
        statement = replace(self.statement(devices=[], revoked=[]), devices=tuple(devices))
        self.append(statement, [(Signer.DEVICE, self.client.key)])
        return fresh

    def reset(self) -> Client:
        """Everything was lost: statement n + 1 by two officers, a new device and a new recovery key. The
        devices of before are revoked as accounts does it.
        """
        fresh, recovery, before = Client(self.id, uuid4()), SigningKey.generate(), self.chain[-1]
        at = clock.now_ms()
        revoked = [RevokedEntry(entry.id, entry.signature_key, at) for entry in before.devices]
        statement = replace(
            self.statement(devices=[fresh], revoked=[]),
            flags=Flags.RESET,
            recovery_key=bytes(recovery.verify_key),
            revoked=tuple(sorted([*before.revoked, *revoked], key=lambda entry: entry.id)),
        )
        officers = sorted(trust.OFFICERS[:2], key=lambda key: bytes(key.verify_key))
        signers = [(Signer.DEVICE, fresh.key), (Signer.RECOVERY, recovery)]
        signers += [(Signer.OFFICER, key) for key in officers]
        old = list(Device.objects.filter(person_id=self.id, revoked_at=None))
        self.append(statement, signers, revoke=False)
        with transaction.atomic():
            for device in old:
                devices.revoke(
                    device=device,
                    at=clock.now(),
                    reason=Revocation.Reason.REVOKED,
                    actor=Actor(system="test"),
                )
        self.client, self.recovery = fresh, recovery
        return fresh

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
