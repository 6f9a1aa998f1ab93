"""What clients ask of the key log: everything under the newest checkpoint that the witnesses have cosigned.

One answer is read in one snapshot, so that its parts fit each other. Nothing here is secret, and nothing is
to be believed: clients verify every byte against the policy that they pinned.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from accounts.models import IdentityStatement
from audit.policy import Policy
from audit.transparency import map as keymap
from audit.transparency import storage
from beep.errors import BeepError

MAX_PEOPLE: Final = 100
MAX_STATEMENTS: Final = 500
"""In one answer: with the largest statements some 4 MB."""


@dataclass(frozen=True, slots=True)
class Found:
    """One person under the checkpoint: the map's proof and, where asked for, the chain since a version."""

    person: UUID
    proof: bytes
    statements: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """`consistency` leads from the size that the caller has pinned to the checkpoint's; `epoch` is the leaf
    at the last index, `inclusion` its proof.
    """

    checkpoint: bytes
    consistency: tuple[bytes, ...]
    epoch: bytes
    inclusion: tuple[bytes, ...]
    people: tuple[Found, ...]


def public_policy() -> str | None:
    """The policy of the key log as clients pin it, without addresses; None where there is no key log."""
    policy = _policy(settings.WITNESSES) if settings.WITNESSES else None
    if policy is None or settings.KEYS_ORIGIN not in {log.origin for log in policy.logs}:
        return None
    return policy.for_readers(settings.KEYS_ORIGIN).format()


@lru_cache(maxsize=4)
def _policy(path: str | Path) -> Policy:
    return Policy.parse(Path(path).read_text(encoding="utf-8"))


def checkpoint() -> bytes:
    """The newest cosigned checkpoint; raises BeepError `not_found` while there is none."""
    with connection.cursor() as cursor:
        return _newest(cursor)[1]


def consistency(*, first: int, second: int) -> list[bytes]:
    """That the first `first` epochs stayed what they were among the first `second`.

    Raises BeepError `range_refused` unless 0 < first ≤ second ≤ the newest cosigned size, `not_found` while
    there is none.
    """
    with _snapshot(), connection.cursor() as cursor:
        size, _ = _newest(cursor)
        if not 0 < first <= second <= size:
            raise BeepError("range_refused")
        return storage.consistency(cursor, size1=first, size2=second)


def look_up(*, pinned: int, people: Sequence[tuple[UUID, int | None]]) -> Answer:
    """Everything about `people`, each with the version after which their statements are wanted (None: not).

    `pinned` is the size that the caller has; from one that is not in this log there is no consistency proof,
    which the caller takes for what it is. Raises BeepError `not_found` while there is no cosigned checkpoint
    and `too_large` for more than `MAX_STATEMENTS` statements.
    """
    with _snapshot(), connection.cursor() as cursor:
        size, note = _newest(cursor)
        epoch = storage.epoch(cursor, size - 1)
        if epoch is None:
            raise BeepError("internal", "A cosigned checkpoint without its epoch.")
        indices = [keymap.index_of(person.bytes) for person, _ in people]
        proofs = storage.prove(cursor, root=epoch.map_root, indices=indices)
        chains = _chains(people)
        return Answer(
            checkpoint=note,
            consistency=tuple(
                storage.consistency(cursor, size1=pinned, size2=size) if pinned <= size else ()
            ),
            epoch=epoch.leaf,
            inclusion=tuple(storage.inclusion(cursor, index=size - 1, size=size)),
            people=tuple(
                Found(person, proof.encode(), tuple(chains.get(person, ())))
                for (person, _), proof in zip(people, proofs, strict=True)
            ),
        )


def _newest(cursor: storage.Cursor) -> tuple[int, bytes]:
    found = storage.cosigned(cursor)
    if found is None:
        raise BeepError("not_found")
    return found[0], found[1]


def _chains(people: Sequence[tuple[UUID, int | None]]) -> dict[UUID, list[bytes]]:
    after = {person: version for person, version in people if version is not None}
    if not after:
        return {}
    wanted = Q()
    for person, version in after.items():
        wanted |= Q(person_id=person, version__gt=version)
    rows = IdentityStatement.objects.filter(wanted).order_by("person_id", "version")
    found = list(rows.values_list("person_id", "body")[: MAX_STATEMENTS + 1])
    if len(found) > MAX_STATEMENTS:
        raise BeepError("too_large")
    chains: dict[UUID, list[bytes]] = {}
    for person, body in found:
        chains.setdefault(person, []).append(bytes(body))
    return chains


@contextmanager
def _snapshot() -> Iterator[None]:
    """A transaction in which every statement reads the same moment; inside another one, that one's."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
