"""The envelope hash and the transcript: what makes the log one that cannot be rewritten unseen."""

import hashlib
from collections.abc import Sequence

from beep.tls import Writer


def envelope_hash(
    *,
    conversation: bytes,
    seq: int,
    generation: int,
    epoch: int,
    kind: int,
    device: bytes,
    counter: int,
    time_ms: int,
    body_hash: bytes,
) -> bytes:
    """32 bytes: what the transcript, the audit log and re-uploads know an envelope by::

        SHA-256(opaque conversation[16]; u64 seq; u32 generation; u64 epoch; u8 kind; opaque device[16];
                u64 counter; u64 server_time; opaque body_hash[32])

    `body_hash` is SHA-256(body), so that a destroyed body leaves the hash checkable.
    """
    writer = Writer()
    writer.fixed(conversation)
    writer.u64(seq)
    writer.u32(generation)
    writer.u64(epoch)
    writer.u8(kind)
    writer.fixed(device)
    writer.u64(counter)
    writer.u64(time_ms)
    writer.fixed(body_hash)
    return hashlib.sha256(writer.getvalue()).digest()


def transcript_start(conversation: bytes) -> bytes:
    """T_0 = SHA-256("beep T v1" ‖ conversation)."""
    return hashlib.sha256(b"beep T v1" + conversation).digest()


def transcript_next(before: bytes, *, seq: int, hash_: bytes) -> bytes:
    """T_n = SHA-256(T_{n-1} ‖ u64 seq ‖ envelope_hash)."""
    return hashlib.sha256(before + seq.to_bytes(8, "big") + hash_).digest()


def transcript(conversation: bytes, hashes: Sequence[bytes]) -> bytes:
    """T after the envelopes 1, 2, … whose hashes these are."""
    value = transcript_start(conversation)
    for seq, hash_ in enumerate(hashes, start=1):
        value = transcript_next(value, seq=seq, hash_=hash_)
    return value
