"""What the database itself refuses, whoever writes to it."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from accounts.models import (
    Activation,
    Change,
    Device,
    HistoryChunk,
    IdentityStatement,
    Membership,
    OrgUnit,
    Pairing,
    PairingMessage,
    Person,
    Revocation,
    Role,
    Session,
)
from beep import clock
from tests.accounts.support import Browser, activated, admit, row
from tests.support.databases import TestDatabase


@pytest.fixture
def people(db: None) -> list[Person]:
    return admit(row(1), row(2))


def grant(person: Person, duty: str, **more: Any) -> Role:
    return Role.objects.create(person=person, duty=duty, granted_at=clock.now(), **more)


def change(asker: Person, **more: Any) -> Change:
    fields = {"kind": "test", "payload": b"x", "payload_hash": bytes(32), "requested_at": clock.now()}
    return Change.objects.create(requested_by=asker, **{**fields, **more})


def refuses(act: Callable[[], Any], match: str) -> None:
    with pytest.raises((IntegrityError, ProgrammingError), match=match), transaction.atomic():
        act()


def test_nobody_grants_themselves_a_role(people: list[Person]) -> None:
    refuses(lambda: grant(people[0], "auditor", granted_by=people[0]), "role_not_self_granted")
    grant(people[0], "auditor", granted_by=people[1])


@pytest.mark.parametrize("provisions", ["directory_administrator", "ministry_administrator"])
@pytest.mark.parametrize("first", ["auditor", "provisioner"])
def test_nobody_provisions_and_audits(people: list[Person], provisions: str, first: str) -> None:
    scope = {"scope": OrgUnit.objects.get(depth=1)} if provisions.startswith("ministry") else {}
    duties: list[tuple[str, dict[str, Any]]] = [("auditor", {}), (provisions, scope)]
    (duty, more), (other, other_more) = duties if first == "auditor" else duties[::-1]
    role = grant(people[0], duty, **more)
    refuses(lambda: grant(people[0], other, **other_more), "cannot also provision")
    grant(people[1], other, **other_more)
    role.ended_at = clock.now()
    role.save()
    grant(people[0], other, **other_more)

    def again() -> None:
        Role.objects.filter(id=role.id).update(ended_at=None)

    refuses(again, "cannot also provision")


def test_two_grants_at_once_do_not_pass_each_other(fresh_database: TestDatabase) -> None:
    """Each would look before the other is there; the trigger makes the second wait."""
    (person,) = admit(row(1))
    barrier, outcomes = Barrier(2), []

    def give(duty: str) -> None:
        try:
            with transaction.atomic():
                barrier.wait()
                grant(person, duty)
                outcomes.append("granted")
        except IntegrityError:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [Thread(target=give, args=(duty,)) for duty in ("auditor", "directory_administrator")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Role.objects.count() == 1
    assert "refused" in outcomes


def test_a_role_has_a_scope_exactly_where_it_needs_one(people: list[Person]) -> None:
    unit = OrgUnit.objects.get(depth=1)
    refuses(lambda: grant(people[0], "ministry_administrator"), "role_scope_where_needed")
    refuses(lambda: grant(people[0], "auditor", scope=unit), "role_scope_where_needed")
    refuses(lambda: grant(people[0], "king"), "role_duty_known")
    grant(people[0], "auditor")
    refuses(lambda: grant(people[0], "auditor"), "role_once")


def test_a_change_needs_two_people_and_stays_what_was_approved(people: list[Person]) -> None:
    asker, approver = people
    now = clock.now()
    refuses(lambda: change(asker, approved_by=asker, approved_at=now), "change_not_self_approved")
    refuses(lambda: change(asker, done_at=now), "change_done_needs_approver")
    refuses(lambda: change(asker, approved_by=approver), "change_approval_whole")
    asked = change(asker)
    refuses(lambda: Change.objects.filter(id=asked.id).update(payload=b"y"), "append-only")
    Change.objects.filter(id=asked.id).update(approved_by=approver, approved_at=now)
    refuses(
        lambda: Change.objects.filter(id=asked.id).update(approved_by=None, approved_at=None), "append-only"
    )
    Change.objects.filter(id=asked.id).update(done_at=now)
    refuses(lambda: Change.objects.filter(id=asked.id).update(done_at=None), "append-only")


def test_a_letter_is_spent_for_ever_and_one_is_open(people: list[Person]) -> None:
    now = clock.now()

    def make(mac: int) -> Activation:
        return Activation.objects.create(
            person=people[0], code_mac=bytes([mac] * 32), created_at=now, expires_at=now + timedelta(days=1)
        )

    made = make(1)
    refuses(lambda: make(2), "activation_one_open")
    Activation.objects.filter(id=made.id).update(used_at=now)
    refuses(lambda: Activation.objects.filter(id=made.id).update(used_at=None), "letter is closed")
    refuses(
        lambda: Activation.objects.filter(id=made.id).update(expires_at=now + timedelta(days=9)), "is closed"
    )


@pytest.mark.django_db
def test_a_chain_is_never_rewritten_and_never_forks() -> None:
    browser = activated()
    stored = IdentityStatement.objects.get()

    def add(version: int, prev: bytes | None, hash_: int) -> None:
        IdentityStatement.objects.create(
            person_id=browser.person,
            version=version,
            body=b"x",
            hash=bytes([hash_] * 32),
            prev_hash=prev,
            accepted_at=clock.now(),
        )

    refuses(lambda: IdentityStatement.objects.update(body=b"x"), "permission denied")
    refuses(lambda: IdentityStatement.objects.all().delete(), "permission denied")
    refuses(lambda: add(1, None, 9), "identitystatement")
    refuses(lambda: add(2, None, 9), "statement_first_has_no_prev")
    refuses(lambda: add(2, bytes([7] * 32), 9), "statement_follows_stored")
    add(2, bytes(stored.hash), 9)
    refuses(lambda: add(3, bytes(stored.hash), 8), "statement_one_successor")


def test_not_even_the_owner_rewrites_a_chain(fresh_database: TestDatabase) -> None:
    activated()
    with psycopg.connect(fresh_database.urls.migrator) as owner:
        owner.execute("SET ROLE beep_owner")
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"):
            owner.execute("UPDATE accounts_identitystatement SET body = 'x'")


@pytest.mark.django_db
def test_revocations_only_grow_and_devices_stay_out() -> None:
    browser = activated()
    now = clock.now()
    device = Device.objects.get(id=browser.device)
    Revocation.objects.create(person_id=browser.person, device=device, at=now, reason="revoked")
    refuses(lambda: Revocation.objects.all().delete(), "permission denied")
    Device.objects.update(revoked_at=now)
    refuses(lambda: Device.objects.update(revoked_at=None), "append-only")
    refuses(lambda: Device.objects.update(signature_key=bytes(32)), "append-only")
    Session.objects.update(ended_at=now)
    refuses(lambda: Session.objects.update(ended_at=None), "append-only")
    refuses(lambda: Session.objects.update(token_hash=bytes(32)), "append-only")


@pytest.mark.django_db
def test_pairings_have_their_form() -> None:
    browser = activated()
    now = clock.now()

    def make(**fields: Any) -> Pairing:
        usual = {"person_id": browser.person, "kind": 1, "created_at": now, "ticket_hash": bytes(32)}
        return Pairing.objects.create(**{**usual, "expires_at": now + timedelta(minutes=1), **fields})

    refuses(lambda: make(ticket_hash=bytes(31)), "pairing_ticket_hash_32_bytes")
    refuses(lambda: make(kind=3), "pairing_kind_known")
    refuses(lambda: make(expires_at=now), "pairing_expires_later")
    refuses(lambda: make(state="approved"), "pairing_approved_by_and_whom")
    refuses(lambda: make(device_id=browser.device), "pairing_approved_by_and_whom")
    same = {"approver_id": browser.device, "device_id": browser.device}
    refuses(lambda: make(state="approved", approved_at=now, **same), "pairing_not_self_approved")
    made = make()
    refuses(make, "pairing_open_once")

    def say(**fields: Any) -> PairingMessage:
        return PairingMessage.objects.create(
            **{"pairing": made, "seq": 1, "side": "new", "body": b"x", **fields}
        )

    refuses(lambda: say(seq=0), "pairing_message_count")
    refuses(lambda: say(seq=17), "pairing_message_count")
    refuses(lambda: say(side="third"), "pairing_message_side_known")
    refuses(lambda: say(body=bytes(8193)), "pairing_message_size")

    def store(**fields: Any) -> HistoryChunk:
        usual = {"pairing": made, "index": 1, "last": False, "body": b"x", "stored_at": now}
        return HistoryChunk.objects.create(**{**usual, **fields})

    refuses(lambda: store(index=1000), "history_index_limit")
    refuses(lambda: store(body=bytes(400_001)), "history_chunk_size")


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"login": "Upper"}, "person_login_plain"),
        ({"login": "a b"}, "person_login_plain"),
        ({"personnel_number": "t-1"}, "person_number_plain"),
        ({"name_latin": ""}, "person_has_a_name"),
        ({"state": "gone"}, "person_state_known"),
        ({"state": "left"}, "person_left_has_no_secret"),
        ({"signin_salt": bytes(16)}, "person_salt_with_hash"),
        ({"signin_salt": bytes(15), "signin_hash": bytes(32)}, "person_salt_16_bytes"),
        ({"statement_version": 1}, "person_head_with_version"),
    ],
)
def test_people_have_their_form(people: list[Person], fields: dict[str, Any], constraint: str) -> None:
    refuses(lambda: Person.objects.filter(id=people[0].id).update(**fields), constraint)


def test_units_have_their_form(people: list[Person]) -> None:
    ministry = OrgUnit.objects.get(depth=1)

    def make(**fields: Any) -> OrgUnit:
        usual = {"code": "x", "path": "/x/", "depth": 1, "name_latin": "X"}
        return OrgUnit.objects.create(**{**usual, **fields})

    refuses(lambda: make(path="x"), "unit_path_slashes")
    refuses(lambda: make(code="X Y"), "unit_code_plain")
    refuses(lambda: make(parent=ministry), "unit_ministry_is_depth_1")
    refuses(lambda: make(depth=2), "unit_ministry_is_depth_1")
    refuses(lambda: Membership.objects.create(person=people[0], unit=ministry), "membership_one_primary")


def test_fixtures_are_people(people: list[Person]) -> None:
    assert [person.get_username() for person in people] == ["person.1", "person.2"]
    assert Browser(login=people[0].login).login == people[0].login
