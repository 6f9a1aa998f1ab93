"""Slots (read positions) and typing frames."""

# read and write are documented once, in Struct.
# ruff: noqa: D102

from dataclasses import dataclass
from typing import ClassVar, Self

from beep.tls import Reader, Struct, Writer

from .common import FORMAT, SIGNATURE_LENGTH, SLOT_NONCE_LENGTH, read_format, refusal


@dataclass(frozen=True, slots=True)
class SlotBody(Struct):
    """A sealed slot or typing frame::

        u16 format = 1; opaque nonce[12]; opaque ciphertext<V>; opaque signature[64]

    AES-GCM over the plaintext with `slot_associated_data`; the device signs `slot_signed`. The ciphertext
    ends with the 16-byte tag, so it is always longer than that.
    """

    TAG_LENGTH: ClassVar[int] = 16

    nonce: bytes
    ciphertext: bytes
    signature: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        read_format(reader)
        body = cls(reader.fixed(SLOT_NONCE_LENGTH), reader.opaque(), reader.fixed(SIGNATURE_LENGTH))
        if len(body.ciphertext) <= cls.TAG_LENGTH:
            raise refusal("a ciphertext of nothing")
        return body

    def write(self, writer: Writer) -> None:
        writer.u16(FORMAT)
        writer.fixed(self.nonce)
        writer.opaque(self.ciphertext)
        writer.fixed(self.signature)


def slot_associated_data(*, label: str, group_id: bytes, epoch: int, leaf: int, counter: int) -> bytes:
    """What a slot is bound to; `name` repeats the label::

    opaque label<V>; opaque group_id<V>; u64 epoch; u32 leaf; opaque name<V>; u64 counter
    """
    writer = Writer()
    writer.opaque(label.encode("ascii"))
    writer.opaque(group_id)
    writer.u64(epoch)
    writer.u32(leaf)
    writer.opaque(label.encode("ascii"))
    writer.u64(counter)
    return writer.getvalue()


def slot_signed(*, associated_data: bytes, nonce: bytes, ciphertext: bytes) -> bytes:
    """What the device signs under the label Slot (`accounts.signing`): the three, one after the other."""
    return associated_data + nonce + ciphertext
