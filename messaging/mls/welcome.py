"""Welcomes, taken apart so that each device gets only its own part (RFC 9420 §12.4.3.1).

The server neither opens nor changes anything: the encrypted group info is kept once, each newcomer's secrets
go to that device's mailbox, and together they are again a Welcome that any MLS library reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .errors import MlsErrorCode, MlsRefusedError
from .key_packages import reference_of
from .messages import EncryptedGroupSecrets, MlsMessage, Welcome
from .profile import suite_parameters
from .tree import KeyPackage


class WelcomeParts(NamedTuple):
    """``encrypted_group_info`` as it stands in the Welcome; ``secrets`` from each newcomer's KeyPackageRef to
    the encoding of its EncryptedGroupSecrets; ``suite`` the code point."""

    encrypted_group_info: bytes
    secrets: Mapping[bytes, bytes]
    suite: int


def decode_welcome(data: bytes) -> Welcome:
    """The Welcome in an MLSMessage.

    Raises ``MlsDecodeError``; ``MlsRefusedError`` (NOT_WELCOME) for any other kind of message.
    """
    body = MlsMessage.decode(data).body
    if not isinstance(body, Welcome):
        raise MlsRefusedError(MlsErrorCode.NOT_WELCOME, f"a {type(body).__name__}, not a Welcome")
    return body


def split_welcome(data: bytes) -> WelcomeParts:
    """A Welcome in its parts.

    Raises as ``decode_welcome``; ``MlsRefusedError`` with SUITE_UNSUPPORTED, WELCOME_DUPLICATE (two parts for
    one key package) or WELCOME_SHAPE (a reference or KEM output that is not of the suite's length).
    """
    welcome = decode_welcome(data)
    parameters = suite_parameters(welcome.cipher_suite)
    secrets: dict[bytes, bytes] = {}
    for part in welcome.secrets:
        if (
            len(part.new_member) != parameters.hash_length
            or len(part.encrypted_group_secrets.kem_output) != parameters.kem_output_length
        ):
            raise MlsRefusedError(MlsErrorCode.WELCOME_SHAPE, "a part is not of the suite's lengths")
        if part.new_member in secrets:
            raise MlsRefusedError(MlsErrorCode.WELCOME_DUPLICATE, "two parts for one key package")
        secrets[part.new_member] = part.encode()
    return WelcomeParts(welcome.encrypted_group_info, secrets, welcome.cipher_suite)


def check_welcome(parts: WelcomeParts, *, suite: int, added: Iterable[KeyPackage]) -> None:
    """Refuses a Welcome that is not for exactly those whom the commit adds.

    ``suite`` is the group's, ``added`` the commit's key packages (``CommitFrame.added``).
    Raises ``MlsRefusedError`` with SUITE_MISMATCH or WELCOME_RECIPIENTS.
    """
    if parts.suite != suite:
        raise MlsRefusedError(
            MlsErrorCode.SUITE_MISMATCH, f"a Welcome of suite {parts.suite:#06x}, not {suite:#06x}"
        )
    if parts.secrets.keys() != {reference_of(kp) for kp in added}:
        raise MlsRefusedError(MlsErrorCode.WELCOME_RECIPIENTS, "the Welcome is not for those who were added")


def join_welcome(*, suite: int, secrets: bytes, encrypted_group_info: bytes) -> bytes:
    """The MLSMessage Welcome for one device, from its own ``secrets`` and the group info that all share.

    Raises ``MlsDecodeError`` when ``secrets`` is not one EncryptedGroupSecrets.
    """
    part = EncryptedGroupSecrets.decode(secrets)
    return MlsMessage(Welcome(suite, (part,), encrypted_group_info)).encode()
