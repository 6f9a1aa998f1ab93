"""The pool of KeyPackages: what goes in, what comes out, and that each comes out once."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from django.db import connection, connections

from accounts.models import Device, Person
from beep import clock, rates
from beep.errors import BeepError
from messaging import key_packages
from messaging.mls import decode_key_package, reference_of
from messaging.mls.messages import MlsMessage
from messaging.mls.profile import CAPABILITIES
from messaging.mls.tree import Extension
from messaging.models import KeyPackage
from tests.messaging.mls_factory import Client
from tests.messaging.world import HYBRID, claim, direct, human, insert_device, publish
from tests.support.databases import TestDatabase


def upload(client: Client, *packages: bytes, last_resort: bytes | None = None, suite: int = HYBRID) -> Any:
    return key_packages.upload(
        device=client.device,
        suite=suite,
        packages=list(packages),
        last_resort=last_resort,
        now_ms=clock.now_ms(),
    )


def made(client: Client, **changes: Any) -> bytes:
    return MlsMessage(client.key_package(now_ms=clock.now_ms(), **changes)).encode()


@pytest.mark.django_db
def test_upload_and_counts() -> None:
    client = human().client
    assert upload(client, made(client), made(client)) == {0x0001: 0, 0x0053: 2}
    assert upload(client, made(client, suite=1), suite=1) == {0x0001: 1, 0x0053: 2}
    assert upload(client, last_resort=made(client)) == {0x0001: 1, 0x0053: 2}
    stored = KeyPackage.objects.filter(last_resort=False, suite=HYBRID).first()
    assert stored is not None
    package = decode_key_package(stored.body)
    assert stored.ref == reference_of(package)
    assert package.leaf_node.lifetime is not None
    assert clock.to_ms(stored.not_after) == package.leaf_node.lifetime.not_after * 1000


@pytest.mark.django_db
def test_bad_packages_are_refused_by_rule() -> None:
    client, other = human().client, human().client
    now_ms = clock.now_ms()
    good = client.key_package(now_ms=now_ms)
    cases: dict[str, tuple[bytes, str]] = {
        "another's": (made(other), "mls_key_package_credential"),
        "another key": (made(Client(client.person, client.device)), "mls_key_package_signature_key"),
        "another suite": (made(client, suite=1), "mls_suite_mismatch"),
        "capabilities": (
            made(client, capabilities=replace(CAPABILITIES, extensions=(5,))),
            "mls_key_package_capabilities",
        ),
        "extensions": (made(client, extensions=(Extension(1, b""),)), "mls_key_package_extensions"),
        "too long": (made(client, days=91), "mls_key_package_lifetime"),
        "over": (
            MlsMessage(client.key_package(now_ms=now_ms - 3 * 86_400_000, days=1)).encode(),
            "mls_key_package_lifetime",
        ),
        "signature": (
            MlsMessage(replace(good, signature=bytes(64))).encode(),
            "mls_key_package_signature",
        ),
        "bytes": (MlsMessage(good).encode() + b"\0", "mls_trailing_bytes"),
        "bare": (good.encode(), "mls_unknown_value"),
        "nothing": (b"", "mls_truncated"),
    }
    for name, (package, rule) in cases.items():
        with pytest.raises(BeepError) as refused:
            upload(client, made(client), package)
        assert (refused.value.code, refused.value.detail) == (
            "key_package_refused",
            {"rule": rule, "index": 1},
        ), name
        with pytest.raises(BeepError) as refused:
            upload(client, last_resort=package)
        assert refused.value.detail == {"rule": rule, "index": -1}, name
    assert KeyPackage.objects.count() == 0


@pytest.mark.django_db
def test_the_same_package_twice() -> None:
    client = human().client
    one = made(client)
    with pytest.raises(BeepError) as refused:
        upload(client, one, one)
    assert refused.value.detail == {"rule": "duplicate", "index": None}
    upload(client, one)
    with pytest.raises(BeepError) as refused:
        upload(client, one)
    assert refused.value.detail["rule"] == "duplicate"
    assert KeyPackage.objects.count() == 1


@pytest.mark.django_db
def test_the_pool_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_packages, "MAX_POOL", 3)
    client = human().client
    publish(client, 3, last_resort=True)
    with pytest.raises(BeepError) as refused:
        upload(client, made(client))
    assert refused.value.code == "key_package_pool_full"
    assert upload(client, last_resort=made(client))[HYBRID] == 3


@pytest.mark.django_db
def test_who_may_upload() -> None:
    owner = human()
    ghost = insert_device(owner)
    with pytest.raises(BeepError) as refused:
        upload(ghost, made(ghost))
    assert refused.value.code == "device_unknown"
    package = made(owner.client)
    Person.objects.filter(id=owner.id).update(state=Person.State.SUSPENDED)
    with pytest.raises(BeepError) as refused:
        upload(owner.client, package)
    assert refused.value.code == "person_inactive"
    Device.objects.filter(id=owner.client.device).update(revoked_at=clock.now())
    with pytest.raises(BeepError) as refused:
        upload(owner.client, package)
    assert refused.value.code == "device_revoked"


@pytest.mark.django_db
def test_claiming_takes_each_once_and_then_the_last_resort() -> None:
    talk = direct(published=0)
    packages = publish(talk.bob.client, 2, last_resort=True)
    first = claim(talk.alice.client, talk.bob, talk.id)
    second = claim(talk.alice.client, talk.bob, talk.id)
    assert {reference_of(first[0]), reference_of(second[0])} == {reference_of(kp) for kp in packages[:2]}
    for _ in range(2):
        assert claim(talk.alice.client, talk.bob, talk.id) == [packages[2]]
    assert key_packages.counts(device=talk.bob.client.device, now_ms=clock.now_ms())[HYBRID] == 0
    # The last resort begins a group, and stays.
    talk.begin(talk.alice)
    assert KeyPackage.objects.filter(last_resort=True).count() == 1


@pytest.mark.django_db
def test_nobody_empties_a_pool_by_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_packages, "HELD", 2)
    talk = direct(published=0)
    alice, bob = talk.alice, talk.bob
    *pool, last = publish(bob.client, 5, last_resort=True)
    second = alice.add_device()
    with clock.stopped() as time:
        taken = claim(alice.client, bob, talk.id) + claim(second, bob, talk.id)
        assert {reference_of(one) for one in taken} <= {reference_of(one) for one in pool}
        # However often, with whichever device of the person.
        for device in (alice.client, second):
            assert claim(device, bob, talk.id) == [last]
        assert key_packages.counts(device=bob.client.device, now_ms=clock.now_ms())[HYBRID] == 3
        # What was used is not held any more.
        talk.begin(alice, added=[*taken[:1], *publish_and_claim(talk, second)])
        assert claim(alice.client, bob, talk.id) != [last]
        assert claim(alice.client, bob, talk.id) == [last]
        time.advance(key_packages.HELD_FOR)
        assert claim(alice.client, bob, talk.id) != [last]


def publish_and_claim(talk: Any, device: Client) -> list[Any]:
    """A package of the opener's other device, for the opener."""
    publish(device, 1)
    return claim(talk.alice.client, talk.alice, talk.id)


@pytest.mark.django_db
def test_a_replaced_last_resort_is_still_good_for_whoever_claimed_it() -> None:
    talk = direct(published=0)
    publish(talk.bob.client, 0, last_resort=True)
    claimed = claim(talk.alice.client, talk.bob, talk.id)
    (fresh,) = publish(talk.bob.client, 0, last_resort=True)
    assert talk.begin(talk.alice, added=claimed).state.generation == 1
    assert [row.ref for row in KeyPackage.objects.all()] == [reference_of(fresh)]


@pytest.mark.django_db
def test_refused_claims_take_nothing() -> None:
    talk, carol = direct(published=1), human()
    publish(carol.client)

    def refused(client: Client, owner: Any, conversation: UUID) -> str:
        with pytest.raises(BeepError) as error:
            claim(client, owner, conversation)
        return error.value.code

    assert refused(carol.client, talk.bob, talk.id) == "not_a_member"
    assert refused(talk.alice.client, carol, talk.id) == "not_a_member"
    assert refused(talk.alice.client, talk.bob, uuid4()) == "not_a_member"
    assert refused(insert_device(talk.alice), talk.alice, talk.id) == "device_unknown"
    assert claim(talk.alice.client, talk.bob, talk.id)
    assert claim(talk.alice.client, talk.bob, talk.id) == []
    # Of one's own devices the asking one is left out.
    assert claim(talk.alice.client, talk.alice, talk.id) == []


@pytest.mark.django_db
def test_expired_packages_are_not_handed_out() -> None:
    talk = direct(published=0)
    upload(talk.bob.client, made(talk.bob.client, days=1), made(talk.bob.client, days=60))
    with clock.stopped() as time:
        time.advance(timedelta(days=30))
        (taken,) = claim(talk.alice.client, talk.bob, talk.id)
        assert taken.leaf_node.lifetime is not None
        assert taken.leaf_node.lifetime.not_after > clock.now_ms() // 1000
        assert claim(talk.alice.client, talk.bob, talk.id) == []
        assert upload(talk.bob.client, made(talk.bob.client))[HYBRID] == 1


@pytest.mark.django_db
def test_claims_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """By persons, not by requests."""
    monkeypatch.setattr(key_packages, "PERSONS_PER_MINUTE", 7)
    talk = direct(published=0)
    publish(talk.bob.client, 0, last_resort=True)
    with clock.stopped() as time:
        for _ in range(3):
            assert claim(talk.alice.client, [talk.alice, talk.bob], talk.id)
        for _ in range(1):
            claim(talk.alice.client, talk.bob, talk.id)
        with pytest.raises(BeepError) as refused:
            claim(talk.alice.client, talk.bob, talk.id)
        assert refused.value.code == "rate_limited"
        assert refused.value.retry_after is not None
        assert 0 < refused.value.retry_after <= 60
        time.advance(timedelta(seconds=refused.value.retry_after))
        assert claim(talk.alice.client, talk.bob, talk.id)


def test_the_limit_holds_without_valkey(monkeypatch: pytest.MonkeyPatch) -> None:
    away: redis.Redis[bytes] = redis.Redis(port=1, socket_connect_timeout=0.1)
    monkeypatch.setattr(rates, "_valkey", lambda: away)
    key = str(uuid4())
    for second in range(3):
        rates.spend(key=key, limit=3, seconds=60, now_ms=second * 1000)
    with pytest.raises(BeepError) as refused:
        rates.spend(key=key, limit=3, seconds=60, now_ms=10_000)
    assert refused.value.retry_after == 50.0
    rates.spend(key=key, limit=3, seconds=60, now_ms=60_000)


def test_two_claims_of_the_last_package(fresh_database: TestDatabase) -> None:
    """Only one gets it; the others are told that none is left."""
    talk = direct(published=1)
    # The same device from several tabs.
    asking = [talk.alice.client] * 4
    barrier = threading.Barrier(len(asking))
    taken: list[Any] = []

    def run(client: Client) -> None:
        barrier.wait()
        try:
            taken.append(claim(client, talk.bob, talk.id))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(client,)) for client in asking]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, taken)) == [0, 0, 0, 1]


def test_many_claims_at_once_get_different_packages(fresh_database: TestDatabase) -> None:
    talk = direct(published=6)
    barrier = threading.Barrier(6)
    taken: list[bytes] = []

    def run() -> None:
        barrier.wait()
        try:
            (package,) = claim(talk.alice.client, talk.bob, talk.id)
            taken.append(reference_of(package))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 6


@pytest.mark.django_db
def test_a_claim_takes_one_package_a_device_whatever_plan_the_database_chooses() -> None:
    talk = direct(published=3)
    own = KeyPackage.objects.filter(device_id=talk.bob.client.device)
    with connection.cursor() as cursor:
        # The plan that a table with other statistics gets: the update's own rows outside, the choice inside.
        for method in ("hashjoin", "mergejoin", "indexscan", "bitmapscan", "indexonlyscan", "material"):
            cursor.execute(f"SET LOCAL enable_{method} = off")
    for left in (2, 1, 0):
        assert len(claim(talk.alice.client, talk.bob, talk.id)) == 1
        assert own.filter(claimed_at__isnull=True).count() == left
