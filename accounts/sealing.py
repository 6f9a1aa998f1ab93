"""Seals small secrets in the database with AES-256-GCM under BEEP_FIELD_KEY.

::

    sealed = format 0x01 ‖ nonce[12] ‖ ciphertext and tag

The person's id is associated data: a sealed seed that is copied to another person's row does not open. The
nonce is random; 2^32 sealings under one key are far beyond what a ministry enrols.
"""

import secrets
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

FORMAT: Final = b"\x01"
NONCE_BYTES: Final = 12


class SealBrokenError(Exception):
    """The bytes were not sealed under this key for this person: the key was changed, or the row was."""


def seal(secret: bytes, *, person: UUID) -> bytes:
    """`secret` sealed for `person`."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return FORMAT + nonce + AESGCM(settings.FIELD_KEY).encrypt(nonce, secret, person.bytes)


def unseal(sealed: bytes, *, person: UUID) -> bytes:
    """What `seal` sealed; raises SealBrokenError."""
    nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    if sealed[:1] != FORMAT or len(nonce) != NONCE_BYTES:
        raise SealBrokenError
    try:
        return AESGCM(settings.FIELD_KEY).decrypt(nonce, ciphertext, person.bytes)
    except InvalidTag:
        raise SealBrokenError from None
