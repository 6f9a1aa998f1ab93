"""What a monitor of the key log reads here, as the auditor, and the rules by which it judges a chain."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import connections

from accounts import identity, trust
from accounts.certificates import CertificateMalformedError, SignedCertificate, Trust
from accounts.identity import StatementRefusedError
from accounts.models import IdentityStatement, KeptCertificate
from accounts.statements import SignedStatement, StatementMalformedError
from audit.transparency import storage
from audit.transparency.monitor import SeenEpoch
from beep import clock

ALIAS: Final = "auditor"
GRACE: Final = timedelta(minutes=10)
"""After which an accepted statement must be in an epoch."""

_UNPUBLISHED: Final = """
SELECT s.person_id, s.version FROM accounts_identitystatement s
 WHERE s.accepted_at < %s
   AND NOT EXISTS (SELECT FROM keys_change c
                    WHERE c.person = s.person_id AND c.version = s.version AND c.hash = s.hash)
 ORDER BY s.accepted_at LIMIT 1
"""


class Tables:
    """The database as `audit.transparency.monitor.Source`."""

    def checkpoint(self) -> bytes | None:
        """The newest cosigned checkpoint."""
        with connections[ALIAS].cursor() as cursor:
            found = storage.cosigned(cursor)
        return found[1] if found else None

    def epochs(self, first: int, end: int) -> Iterator[SeenEpoch]:
        """In order; ends early where one is missing."""
        with connections[ALIAS].cursor() as cursor:
            for number in range(first, end):
                row = storage.epoch(cursor, number)
                if row is None:
                    return
                yield SeenEpoch(number, row.leaf, row.note, storage.changes_of(cursor, number))

    def statement(self, person: bytes, version: int) -> bytes | None:
        """The signed statement."""
        rows = IdentityStatement.objects.using(ALIAS).filter(person_id=UUID(bytes=person), version=version)
        body = rows.values_list("body", flat=True).first()
        return None if body is None else bytes(body)

    def unpublished(self) -> tuple[bytes, int] | None:
        """The oldest that waits for longer than `GRACE`."""
        with connections[ALIAS].cursor() as cursor:
            cursor.execute(_UNPUBLISHED, [clock.now() - GRACE])
            row = cursor.fetchone()
        return (row[0].bytes, row[1]) if row else None


def judge(previous: bytes | None, body: bytes) -> bytes:
    """`monitor.CheckStatement`: the chain's own rules, under this deployment's root.

    Raises ValueError naming the rule.
    """
    try:
        signed = SignedStatement.parse(body)
        if previous is None:
            identity.check_first(person=signed.statement.person, signed=signed)
        else:
            before = SignedStatement.parse(previous).statement
            identity.check_next(previous=before, signed=signed, trust=_trust())
    except (StatementMalformedError, StatementRefusedError) as error:
        raise ValueError(f"refused by the chain's rules ({error})") from error
    return signed.statement.hash


def _trust() -> Trust:
    kept = []
    for body in KeptCertificate.objects.using(ALIAS).values_list("body", flat=True):
        try:
            kept.append(SignedCertificate.parse(bytes(body)))
        except CertificateMalformedError:
            continue
    return Trust(root=trust.root(), certificates=(*trust.configured(), *kept))
