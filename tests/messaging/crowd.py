"""Very many people at once, written in bulk: each with a device, a signed chain and a KeyPackage."""

from uuid import uuid4

from nacl.signing import SigningKey

from accounts.identity import sign_statement
from accounts.models import Device, IdentityStatement, Person
from accounts.statements import Signer
from beep import clock
from messaging.mls import reference_of
from messaging.mls.messages import MlsMessage
from messaging.models import KeyPackage
from tests.messaging.mls_factory import Client
from tests.messaging.people import Human


def crowd(count: int, *, suite: int) -> list[Human]:
    """`count` people, as the services would have stored them one by one."""
    now, now_ms = clock.now(), clock.now_ms()
    people: list[Human] = []
    chains: list[IdentityStatement] = []
    packages: list[KeyPackage] = []
    for _ in range(count):
        one = Human(id_ := uuid4(), Client(id_, uuid4()), SigningKey.generate())
        statement = one.statement(devices=[one.client], revoked=[])
        signers = [(Signer.DEVICE, one.client.key), (Signer.RECOVERY, one.recovery)]
        one.chain.append(statement)
        people.append(one)
        chains.append(
            IdentityStatement(
                person_id=one.id,
                version=1,
                body=sign_statement(statement=statement, signers=signers).encode(),
                hash=statement.hash,
                prev_hash=None,
                accepted_at=now,
            )
        )
        package = one.client.key_package(now_ms=now_ms, suite=suite)
        assert package.leaf_node.lifetime is not None
        packages.append(
            KeyPackage(
                device_id=one.client.device,
                suite=suite,
                ref=reference_of(package),
                body=MlsMessage(package).encode(),
                not_after=clock.from_ms(package.leaf_node.lifetime.not_after * 1000),
            )
        )
    Person.objects.bulk_create(
        Person(
            id=one.id,
            login=f"p{one.id.hex}",
            personnel_number=one.id.hex[:12].upper(),
            name_latin="One of many",
            state=Person.State.ACTIVE,
            statement_version=1,
            statement_head=one.chain[0].hash,
            created_at=now,
            changed_at=now,
        )
        for one in people
    )
    Device.objects.bulk_create(
        Device(
            id=one.client.device,
            person_id=one.id,
            name="browser",
            kind=Device.Kind.REGULAR,
            signature_key=one.client.signature_key,
            listed_in=1,
            added_at=now,
        )
        for one in people
    )
    IdentityStatement.objects.bulk_create(chains)
    KeyPackage.objects.bulk_create(packages)
    return people
