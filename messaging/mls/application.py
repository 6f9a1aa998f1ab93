"""The hot path: every application message a device sends passes here once (RFC 9420 §6.3).

``PrivateMessage.decode`` would do, but takes five times as long; this reads the same bytes with the same
strictness and without copying the ciphertext. A test holds the two to the same answer on every input.

Layout in Beep's profile, offsets in bytes::

      0  uint16 version = 1              4  0x20, the length of the group id
      2  uint16 wire_format = 2          5  group_id[32]
     37  uint64 epoch                   45  uint8 content_type = 1 (application)
     46  opaque authenticated_data<V>, opaque encrypted_sender_data<V>, opaque ciphertext<V>, end
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .errors import MlsDecodeError, MlsError, MlsErrorCode, MlsRefusedError
from .messages import ContentType, MlsMessage, PrivateMessage, WireFormat
from .profile import AEAD_TAG_LENGTH, GROUP_ID_LENGTH
from .tls import MAX_MESSAGE_BYTES, vector_length
from .tree import MLS10

_VERSION = MLS10.to_bytes(2, "big")
_PRIVATE_MESSAGE = WireFormat.PRIVATE_MESSAGE.to_bytes(2, "big")
_PREFIX = _VERSION + _PRIVATE_MESSAGE + vector_length(GROUP_ID_LENGTH)
_HEADER = struct.Struct(f">{len(_PREFIX)}s{GROUP_ID_LENGTH}sQB")
_HEADER_SIZE = _HEADER.size
_APPLICATION = ContentType.APPLICATION

#: ``uint32 leaf_index; uint32 generation; opaque reuse_guard[4]`` and the AEAD's tag (RFC 9420 §6.3.2).
SEALED_SENDER_DATA_LENGTH = 12 + AEAD_TAG_LENGTH


@dataclass(frozen=True, slots=True)
class PrivateMessageFrame:
    """What the server may know of an application message. ``ciphertext_length`` is in bytes."""

    group_id: bytes
    epoch: int
    content_type: ContentType
    authenticated_data: bytes
    ciphertext_length: int


def decode_private_message(data: bytes) -> PrivateMessageFrame:
    """Reads an MLSMessage that must be a PrivateMessage with application content. About 2.5 µs.

    Raises ``MlsDecodeError`` for bytes that are not canonical, and ``MlsRefusedError`` with
    NOT_PRIVATE_MESSAGE, GROUP_ID_LENGTH, CONTENT_NOT_APPLICATION (handshakes travel in the clear) or
    SENDER_DATA_LENGTH.
    """
    size = len(data)
    try:
        prefix, group_id, epoch, content_type = _HEADER.unpack_from(data)
    except struct.error:
        raise _explain(data) from None
    if prefix != _PREFIX or content_type != _APPLICATION or size > MAX_MESSAGE_BYTES:
        raise _explain(data)
    try:
        start, aad_end = _vector(data, _HEADER_SIZE)
        sender_data, sender_data_end = _vector(data, aad_end)
        ciphertext, end = _vector(data, sender_data_end)
    except (IndexError, ValueError):
        raise _explain(data) from None
    if end != size or sender_data_end - sender_data != SEALED_SENDER_DATA_LENGTH:
        raise _explain(data)
    return PrivateMessageFrame(group_id, epoch, _APPLICATION, bytes(data[start:aad_end]), end - ciphertext)


def _vector(data: bytes, position: int) -> tuple[int, int]:
    """Start and end of the vector whose length stands at ``position`` (see ``tls``).

    Raises ``IndexError`` when the length is cut off and ``ValueError`` when it is invalid or not minimal. The
    end may lie past the data; whoever reads the last vector compares its end with the size.
    """
    first = data[position]
    if first < 0x40:
        start = position + 1
        return start, start + first
    if first < 0x80:
        length = (first & 0x3F) << 8 | data[position + 1]
        start, smallest = position + 2, 1 << 6
    elif first < 0xC0:
        length = int.from_bytes(data[position : position + 4], "big") & 0x3FFF_FFFF
        start, smallest = position + 4, 1 << 14
    else:
        raise ValueError
    if length < smallest:
        raise ValueError
    return start, start + length


def _explain(data: bytes) -> MlsError:
    """Why the fast path stopped. Slow, and only ever run on a message that is refused."""
    if data[:2] == _VERSION and len(data) >= 4 and data[2:4] != _PRIVATE_MESSAGE:
        return MlsRefusedError(MlsErrorCode.NOT_PRIVATE_MESSAGE, f"wire format {data[2:4].hex()}")
    try:
        body = MlsMessage.decode(data).body
    except MlsDecodeError as error:
        return error
    assert isinstance(body, PrivateMessage)
    if len(body.group_id) != GROUP_ID_LENGTH:
        return MlsRefusedError(MlsErrorCode.GROUP_ID_LENGTH, f"a group id of {len(body.group_id)} bytes")
    if body.content_type is not ContentType.APPLICATION:
        return MlsRefusedError(
            MlsErrorCode.CONTENT_NOT_APPLICATION, f"encrypted {body.content_type.name.lower()}"
        )
    return MlsRefusedError(
        MlsErrorCode.SENDER_DATA_LENGTH, f"encrypted sender data of {len(body.encrypted_sender_data)} bytes"
    )
