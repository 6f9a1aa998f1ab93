"""What a passphrase leaves on the server:

the salt, and a hash of the secret that the device derives from both.

The sign-in secret is HKDF output of Argon2id(passphrase, salt); the server stores its SHA-256. A stolen table
costs a guesser one Argon2id a guess, and even the right passphrase opens no vault: that needs bytes that
never leave the device.
"""

import hmac
from hashlib import sha256
from uuid import UUID

from accounts import keys
from accounts.keys import Purpose
from accounts.models import ConsoleSession, Person
from beep import clock
from beep.errors import BeepError

SALT_BYTES = 16
SECRET_BYTES = 32


def set_(*, person: Person, salt: bytes, signin_secret: bytes) -> None:
    """Put new credentials on `person`, unsaved; raises BeepError `weak_secret` for one that is all zeros."""
    person.signin_hash = hashed(salt=salt, signin_secret=signin_secret)
    person.signin_salt = salt


def end_console(*, person: UUID) -> None:
    """Whoever opened the console with what was replaced, or before the person was shut out, is out."""
    ConsoleSession.objects.filter(person_id=person, ended_at__isnull=True).update(ended_at=clock.now())


def hashed(*, salt: bytes, signin_secret: bytes) -> bytes:
    """What is stored of a secret; raises BeepError `weak_secret` when it or the salt is all zeros."""
    if not any(signin_secret) or not any(salt):
        raise BeepError("weak_secret")
    return sha256(signin_secret).digest()


def matches(*, person: Person | None, signin_secret: bytes) -> bool:
    """Whether the secret is the person's; takes as long for nobody."""
    stored = bytes(person.signin_hash) if person and person.signin_hash else bytes(32)
    return hmac.compare_digest(stored, sha256(signin_secret).digest())


def salt_for(*, person: Person | None, login: str) -> bytes:
    """The person's salt, or for a login without one 16 bytes that are the same every time."""
    made = keys.mac(Purpose.UNKNOWN_LOGIN, b"salt", login.encode())[:SALT_BYTES]
    return bytes(person.signin_salt) if person and person.signin_salt else made


def id_for(*, person: Person | None, login: str) -> UUID:
    """The person's id, or for a login that cannot recover a version 4 UUID that is the same every time."""
    made = UUID(bytes=keys.mac(Purpose.UNKNOWN_LOGIN, b"id", login.encode())[:16], version=4)
    return person.id if person and person.statement_version else made
