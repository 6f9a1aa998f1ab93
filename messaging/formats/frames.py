"""What stands in frames beside MLS itself: the plaintext of a message and the body of a begin."""

# read and write are documented once, in Struct.
# ruff: noqa: D102

import hmac
from dataclasses import dataclass
from typing import Final, Self

from beep.tls import Reader, Struct, Writer

from .common import FORMAT, KEY_LENGTH, read_format, refusal

PLAINTEXT_BUCKET: Final = 256
"""Application plaintexts are padded to a multiple of this many bytes."""


@dataclass(frozen=True, slots=True)
class ApplicationPlaintext(Struct):
    """What an application message encrypts: only members ever hold it, the server meets it in a report::

    u16 format = 1; opaque k[32]; opaque content<V>; zeros up to a multiple of 256 bytes
    """

    k: bytes
    content: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        read_format(reader)
        plaintext = cls(reader.fixed(KEY_LENGTH), reader.opaque())
        padding = plaintext._padding()
        if any(reader.fixed(padding)):
            raise refusal("padding that is not zeros")
        return plaintext

    def write(self, writer: Writer) -> None:
        self._write_unpadded(writer)
        writer.fixed(bytes(self._padding()))

    def _write_unpadded(self, writer: Writer) -> None:
        writer.u16(FORMAT)
        writer.fixed(self.k)
        writer.opaque(self.content)

    def _padding(self) -> int:
        unpadded = Writer()
        self._write_unpadded(unpadded)
        return -len(unpadded.getvalue()) % PLAINTEXT_BUCKET


def franking_tag(*, k: bytes, content: bytes) -> bytes:
    """HMAC-SHA-256(k, content), 32 bytes: once k and content are shown, it proves what was said."""
    return hmac.digest(k, content, "sha256")


@dataclass(frozen=True, slots=True)
class BeginBody(Struct):
    """Body of a begin envelope: `opaque policy<V>; opaque commit<V>`; the commit is an MLSMessage."""

    policy: bytes
    commit: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque(), reader.opaque())

    def write(self, writer: Writer) -> None:
        writer.opaque(self.policy)
        writer.opaque(self.commit)
