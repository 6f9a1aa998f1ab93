"""Bodies in MLS framing without MLS inside; no Django, for the benchmarks' driver."""

import os

from beep.tls import Writer
from messaging import formats


def body(group_id: bytes, *, epoch: int = 1, size: int = 300, franking_tag: bytes | None = None) -> bytes:
    """An MLSMessage(PrivateMessage) of content type application, about `size` bytes, not decryptable."""
    tag = os.urandom(32) if franking_tag is None else franking_tag
    data = formats.AuthenticatedData(seen_seq=1, transcript=os.urandom(32), franking_tag=tag, order_hashes=())
    writer = Writer()
    writer.u16(1)
    writer.u16(2)
    writer.opaque(group_id)
    writer.u64(epoch)
    writer.u8(1)
    writer.opaque(data.encode())
    writer.opaque(os.urandom(28))
    writer.opaque(os.urandom(max(1, size - 157)))
    return writer.getvalue()
