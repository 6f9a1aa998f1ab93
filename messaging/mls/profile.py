"""The narrow part of MLS that Beep speaks: two suites, one credential, one set of capabilities.

Everything a device declares is compared with these constants for equality. A device that could declare more
could be asked for more by another member, and a library that then obeys would change the group behind the
server's back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple
from uuid import UUID

from .errors import MlsErrorCode, MlsRefusedError
from .tree import MLS10, Capabilities, Credential, CredentialType


class CipherSuite(IntEnum):
    """The suites of Beep's groups.

    0x0001 is registered by RFC 9420 §17.1. 0x0053 has no registration yet: it is the code point that ts-mls
    1.6.4 gives MLS_256_XWING_AES256GCM_SHA512_Ed25519.
    """

    CLASSICAL = 0x0001
    HYBRID = 0x0053


@dataclass(frozen=True, slots=True)
class SuiteParameters:
    """What the server needs to know of a suite to judge sizes. All lengths are in bytes.

    ``hash_name`` is what hashlib calls the suite's hash, and ``hash_length`` its output: also the length of
    path secrets and tags. ``public_key_length`` and ``kem_output_length`` belong to the suite's KEM (Npk and
    Nenc of RFC 9180 §7.1; for X-Wing 1184 + 32 and 1088 + 32).
    """

    suite: CipherSuite
    hash_name: str
    hash_length: int
    public_key_length: int
    kem_output_length: int

    @property
    def sealed_path_secret_length(self) -> int:
        """An encrypted path secret: the secret and the AEAD's tag."""
        return self.hash_length + AEAD_TAG_LENGTH


AEAD_TAG_LENGTH: Final = 16
ED25519_KEY_LENGTH: Final = 32
ED25519_SIGNATURE_LENGTH: Final = 64
#: ``group_id = SHA-256("beep group v1" ‖ policy)``.
GROUP_ID_LENGTH: Final = 32

_SUITES: Final[dict[int, SuiteParameters]] = {
    parameters.suite: parameters
    for parameters in (
        SuiteParameters(CipherSuite.CLASSICAL, "sha256", 32, 32, 32),
        SuiteParameters(CipherSuite.HYBRID, "sha512", 64, 1216, 1120),
    )
}

#: What every leaf declares, in this order: hybrid first, because it is preferred.
CAPABILITIES: Final = Capabilities(
    versions=(MLS10,),
    cipher_suites=(CipherSuite.HYBRID, CipherSuite.CLASSICAL),
    extensions=(),
    proposals=(),
    credentials=(CredentialType.BASIC,),
)

#: The longest a key package may be valid, not_before to not_after, in seconds: 90 days, and an hour by which
#: a device may set not_before back so that a clock that is a little ahead does no harm.
MAX_LIFETIME_SECONDS: Final = 90 * 86_400 + 3_600


def suite_parameters(suite: int) -> SuiteParameters:
    """The parameters of a suite by its code point. Raises ``MlsRefusedError`` (SUITE_UNSUPPORTED)."""
    parameters = _SUITES.get(suite)
    if parameters is None:
        raise MlsRefusedError(MlsErrorCode.SUITE_UNSUPPORTED, f"cipher suite {suite:#06x}")
    return parameters


class Identity(NamedTuple):
    """Whom a leaf speaks for."""

    person: UUID
    device: UUID

    def credential(self) -> Credential:
        """The one credential of this device: basic, ``person-uuid/device-uuid``, 73 lower-case bytes."""
        return Credential(CredentialType.BASIC, identity=f"{self.person}/{self.device}".encode("ascii"))


def parse_credential(credential: Credential) -> Identity | None:
    """The identity whose credential is exactly this one, or None when there is none."""
    if len(credential.identity) != 73:
        return None
    try:
        person, _, device = credential.identity.decode("ascii").partition("/")
        identity = Identity(UUID(person), UUID(device))
    except ValueError:
        return None
    # UUID() reads many spellings; only the canonical one may stand for a device.
    return identity if identity.credential() == credential else None
