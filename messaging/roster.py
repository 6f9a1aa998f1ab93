"""Whose devices may sit in a group now: the one place where messaging asks the identity chains.

A row in the table of devices is no proof. The database may have been written to by somebody else, so a device
counts only when its person's signed chain, verified from statement 1, lists it under the same key. The table
is asked as well, because a device can be out without a statement: the directory said that its person left.

A chain is verified once a process and head: what was verified stays so, and a chain that has grown has
another head. So a commit to a group of a thousand people costs one query and no signatures.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Final
from uuid import UUID

from django.db.models import Q

from accounts import identity_chain
from accounts.identity import VerifiedChain
from accounts.models import Device, IdentityStatement, Person
from accounts.statements import Statement
from beep.clock import from_ms
from messaging.mls import LeafInfo
from messaging.models import Group, Leaf

CACHED: Final = 20_000
"""Verified chains that a process keeps, the last used ones; some 3 kB each."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What a verified chain says of its person's devices."""

    verified: VerifiedChain

    @property
    def newest(self) -> Statement:
        """The last statement."""
        return self.verified.newest

    @property
    def bases(self) -> tuple[bytes, ...]:
        """Hashes of statement 1 and of every reset, oldest first."""
        return self.verified.bases

    def is_out(self, device: UUID, *, now_ms: int) -> bool:
        """Whether the person's own chain has revoked the device, or has never listed it, or it ran out."""
        entry = self.newest.device(device.bytes)
        return entry is None or entry.expired(now_ms)

    def key_of(self, device: UUID) -> bytes | None:
        """The key of a device that is or was listed."""
        found = self.verified.listed.get(device.bytes)
        return found.key if found else None

    def base_of(self, device: UUID) -> bytes | None:
        """The base under which it was listed (`messaging.membership`); None when it never was."""
        found = self.verified.listed.get(device.bytes)
        return found.base if found else None


class _Cache:
    """Chains by person, each with the head that it was verified for. Threads share it."""

    def __init__(self) -> None:
        self._lock: Final = Lock()
        self._chains: Final[OrderedDict[UUID, tuple[bytes, Chain]]] = OrderedDict()

    def get(self, person: UUID, head: bytes) -> Chain | None:
        with self._lock:
            found = self._chains.get(person)
            if found is None or found[0] != head:
                return None
            self._chains.move_to_end(person)
            return found[1]

    def put(self, person: UUID, head: bytes, chain: Chain) -> None:
        with self._lock:
            self._chains[person] = (head, chain)
            self._chains.move_to_end(person)
            while len(self._chains) > CACHED:
                self._chains.popitem(last=False)


_cache: Final = _Cache()


def chains(persons: Collection[UUID]) -> dict[UUID, Chain]:
    """The verified chains of these persons; whoever has none, or one that does not verify, is left out.

    Two queries however many they are, and two signatures for each statement that this process has not seen.
    """
    heads = Person.objects.filter(id__in=persons, statement_head__isnull=False)
    found: dict[UUID, Chain] = {}
    unknown: dict[UUID, bytes] = {}
    for person, head in heads.values_list("id", "statement_head"):
        chain = _cache.get(person, bytes(head or b""))
        if chain is None:
            unknown[person] = bytes(head or b"")
        else:
            found[person] = chain
    if not unknown:
        return found
    bodies: dict[UUID, list[bytes]] = {}
    rows = IdentityStatement.objects.filter(person_id__in=list(unknown)).order_by("person_id", "version")
    for person, body in rows.values_list("person_id", "body"):
        bodies.setdefault(person, []).append(bytes(body))
    for person, stored in bodies.items():
        verified = identity_chain.verified(person=person, bodies=stored)
        if verified is None:
            continue
        found[person] = chain = Chain(verified)
        # A head that belongs to another statement than the last is a row by somebody else: ask again.
        if chain.newest.hash == unknown[person]:
            _cache.put(person, unknown[person], chain)
    return found


def living_devices(*, persons: Iterable[UUID], now_ms: int) -> dict[UUID, LeafInfo]:
    """By device id, every device of active `persons` that is listed, not expired at `now_ms` and not revoked.

    To act on the answer, lock the persons' rows first: every change of a chain or of a person's state writes
    there (`lock_persons`).
    """
    rows = Device.objects.filter(
        person_id__in=list(persons), person__state=Person.State.ACTIVE, revoked_at__isnull=True
    )
    unrevoked = [LeafInfo(row.person_id, row.id, bytes(row.signature_key)) for row in rows]
    known = chains({leaf.person for leaf in unrevoked})
    return {
        leaf.device: leaf
        for leaf in unrevoked
        if (chain := known.get(leaf.person)) is not None
        and not chain.is_out(leaf.device, now_ms=now_ms)
        and chain.key_of(leaf.device) == leaf.signature_key
    }


def devices_out(devices: Iterable[UUID], *, now_ms: int) -> set[UUID]:
    """Those of these devices that the table says are revoked or have run out: their leaves must go.

    The table decides and not the chain, because the directory can put a device out too. A person who is
    suspended keeps the leaves: nobody speaks from them, and the next day they may be back.
    """
    rows = Device.objects.filter(id__in=list(devices))
    out = rows.filter(Q(revoked_at__isnull=False) | Q(expires_at__lte=from_ms(now_ms)))
    return set(out.values_list("id", flat=True))


def is_abandoned(group: Group, *, now_ms: int, besides: UUID | None = None) -> bool:
    """Whether no device that lives has a leaf in the group, `besides` left aside: nobody can commit to it."""
    seated = set(Leaf.objects.filter(group=group).values_list("device_id", flat=True)) - {besides}
    return devices_out(seated, now_ms=now_ms) == seated


def lock_persons(persons: Iterable[UUID]) -> None:
    """Hold these persons' chains and states until the transaction ends; to be locked before conversations."""
    rows = Person.objects.select_for_update(no_key=True).filter(id__in=set(persons)).order_by("id")
    list(rows.values_list("id", flat=True))
