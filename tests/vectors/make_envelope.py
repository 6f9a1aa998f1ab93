"""Makes envelope.json: envelope hashes, the transcript over them, and begin bodies, good and bad."""

import hashlib
import json
from pathlib import Path
from typing import Any
from uuid import UUID

from messaging import formats, protocol
from messaging.formats import BeginBody

CONVERSATION = UUID("c0ffee00-0000-4000-8000-00000000cafe")
ALICE = UUID("0a11ce00-0000-4000-8000-000000000001")
BOB = UUID("0b0b0000-0000-4000-8000-000000000002")
LOG: list[dict[str, Any]] = [
    {
        "seq": 1,
        "generation": 1,
        "epoch": 0,
        "kind": protocol.BEGIN,
        "device": ALICE,
        "counter": 1,
        "time": 1_790_000_000_000,
        "body": BeginBody(bytes(100), bytes(range(256))).encode(),
    },
    {
        "seq": 2,
        "generation": 1,
        "epoch": 1,
        "kind": protocol.APPLICATION,
        "device": BOB,
        "counter": 1,
        "time": 1_790_000_000_001,
        "body": b"sealed",
    },
    {
        "seq": 3,
        "generation": 1,
        "epoch": 1,
        "kind": protocol.COMMIT,
        "device": BOB,
        "counter": 2,
        "time": 1_790_000_000_001,
        "body": b"\0",
    },
    {
        "seq": 4,
        "generation": (1 << 32) - 1,
        "epoch": formats.MAX_UINT,
        "kind": protocol.APPLICATION,
        "device": ALICE,
        "counter": formats.MAX_UINT,
        "time": formats.MAX_UINT,
        "body": bytes(1000),
    },
]


def main() -> None:
    """Write the file."""
    value = formats.transcript_start(CONVERSATION.bytes)
    envelopes = []
    start = value
    for row in LOG:
        body_hash = hashlib.sha256(row["body"]).digest()
        hash_ = formats.envelope_hash(
            conversation=CONVERSATION.bytes,
            seq=row["seq"],
            generation=row["generation"],
            epoch=row["epoch"],
            kind=row["kind"],
            device=row["device"].bytes,
            counter=row["counter"],
            time_ms=row["time"],
            body_hash=body_hash,
        )
        value = formats.transcript_next(value, seq=row["seq"], hash_=hash_)
        envelopes.append(
            {
                **row,
                "device": row["device"].hex,
                "body": row["body"].hex(),
                "body_hash": body_hash.hex(),
                "hash": hash_.hex(),
                "transcript": value.hex(),
            }
        )
    begin = BeginBody(b"policy", b"commit").encode()
    large = BeginBody(bytes(175), bytes(16_384))
    vectors = {
        "conversation": CONVERSATION.hex,
        "transcript_start": start.hex(),
        "envelopes": envelopes,
        "begin": {
            "good": [
                {"name": "short", "bytes": begin.hex(), "policy": b"policy".hex(), "commit": b"commit".hex()},
                {
                    "name": "lengths of two and four bytes",
                    "bytes": large.encode().hex(),
                    "policy": large.policy.hex(),
                    "commit": large.commit.hex(),
                },
            ],
            "bad": [
                {"name": "nothing", "bytes": ""},
                {"name": "policy alone", "bytes": begin[:7].hex()},
                {"name": "commit cut short", "bytes": begin[:-1].hex()},
                {"name": "a byte too many", "bytes": (begin + b"\0").hex()},
                {"name": "length not minimal", "bytes": (b"\x40" + begin).hex()},
            ],
        },
    }
    Path(__file__).with_name("envelope.json").write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()
