"""Makes authenticated_data.json: authenticated data, plaintexts and franking tags, good and bad."""

import json
from pathlib import Path
from uuid import UUID

from messaging import formats
from messaging.formats import ApplicationPlaintext, AuthenticatedData, Role, RoleChange
from messaging.formats.authenticated_data import SeenCheckpoint

T = bytes(range(32))
TAG = bytes([0xAB] * 32)
HASHES = (bytes([1] * 32), bytes([2] * 32))
KEY = bytes(range(32, 64))
SEEN = SeenCheckpoint(7, bytes([3] * 32))
ROLES = tuple(
    RoleChange(UUID(bytes=bytes([n] * 16)), role) for n, role in zip((1, 2, 7, 9), Role, strict=True)
)


def authenticated() -> dict[str, AuthenticatedData]:
    """Values that every reader accepts."""
    return {
        "application": AuthenticatedData(5, T, TAG, ()),
        "application, nothing seen": AuthenticatedData(0, T, TAG, ()),
        "commit": AuthenticatedData(12, T, b"", ()),
        "commit that executes an order": AuthenticatedData(12, T, b"", HASHES[:1]),
        "commit that executes two orders": AuthenticatedData(12, T, b"", HASHES),
        "highest seq": AuthenticatedData(formats.MAX_UINT, T, TAG, ()),
        "commit that changes a role": AuthenticatedData(12, T, b"", (), ROLES[2:3]),
        "commit with all roles and an order": AuthenticatedData(12, T, b"", HASHES[:1], ROLES),
        "commit with a checkpoint": AuthenticatedData(12, T, b"", (), checkpoint=SEEN),
        "commit with everything": AuthenticatedData(
            12, T, b"", HASHES, ROLES, SeenCheckpoint(formats.MAX_UINT, T)
        ),
    }


def authenticated_bad() -> dict[str, bytes]:
    """Bytes that every reader refuses."""
    data = AuthenticatedData(5, T, TAG, ()).encode()
    seq_at, tag_at = 2, 2 + 8 + 32
    orders_at = tag_at + 1 + 32
    plain = AuthenticatedData(5, T, b"", ()).encode()

    def roles(*changes: bytes) -> bytes:
        joined = b"".join(changes)
        return b"\0\2" + plain[2:] + bytes([len(joined)]) + joined

    one, two = ROLES[0].encode(), ROLES[1].encode()
    return {
        "nothing": b"",
        "cut short": data[:-1],
        "a byte too many": data + b"\0",
        "format 0": b"\0\0" + data[2:],
        "format 2 of an application": b"\0\2" + data[2:],
        "format 3": b"\0\3" + data[2:],
        "format 2 without roles": b"\0\2" + plain[2:],
        "format 2 with an empty list": roles(),
        "format 1 with roles": plain + roles(one)[len(plain) :],
        "roles in an application message": b"\0\2" + data[2:] + b"\x11" + one,
        "roles out of order": roles(two, one),
        "a person twice": roles(one, one),
        "role 4": roles(one[:-1] + b"\4"),
        "half a role": roles(one, two[:-1]),
        "a role and a byte": roles(one) + b"\0",
        "seq of 2^53": data[:seq_at] + (1 << 53).to_bytes(8, "big") + data[seq_at + 8 :],
        "franking tag of 16 bytes": data[:tag_at] + b"\x10" + TAG[:16] + data[orders_at:],
        "franking tag of 33 bytes": data[:tag_at] + b"\x21" + TAG + b"\0" + data[orders_at:],
        "length of the tag not minimal": data[:tag_at] + b"\x40\x20" + data[tag_at + 1 :],
        "length with the invalid prefix": data[:tag_at] + b"\xc0\x20" + data[tag_at + 1 :],
        "half an order hash": data[:orders_at] + b"\x10" + HASHES[0][:16] + b"\0",
        "an order hash and a byte": data[:orders_at] + b"\x21" + HASHES[0] + b"\0" + b"\0",
        "a checkpoint of one byte": plain[:-1] + b"\x01\0",
        "a checkpoint of 39 bytes": plain[:-1] + b"\x27" + SEEN.encode()[:-1],
        "a checkpoint of 41 bytes": plain[:-1] + b"\x29" + SEEN.encode() + b"\0",
        "a checkpoint of an empty log": plain[:-1] + b"\x28" + bytes(8) + T,
        "a checkpoint of size 2^53": plain[:-1] + b"\x28" + (1 << 53).to_bytes(8, "big") + T,
        "a checkpoint in an application message": data[:-1] + b"\x28" + SEEN.encode(),
    }


def plaintexts() -> dict[str, ApplicationPlaintext]:
    """At the edges of the 256-byte bucket and of the length's two forms. The header has 35 or 36 bytes."""
    contents = {
        "empty": b"",
        "a word": b"\x81\xa1t\xa4text",
        "63 bytes": bytes([7] * 63),
        "64 bytes": bytes([7] * 64),
        "one byte of padding": bytes([7] * 219),
        "no padding": bytes([7] * 220),
        "one byte past the bucket": bytes([7] * 221),
        "1,000 bytes": bytes([7] * 1000),
    }
    return {name: ApplicationPlaintext(KEY, content) for name, content in contents.items()}


def plaintexts_bad() -> dict[str, bytes]:
    """Bytes that every reader refuses."""
    data = ApplicationPlaintext(KEY, b"word").encode()
    return {
        "nothing": b"",
        "no padding": data[:39],
        "padding cut short": data[:-1],
        "a bucket too many": data + bytes(256),
        "padding that is not zeros": data[:-1] + b"\1",
        "format 2": b"\0\2" + data[2:],
        "content longer than the bytes": data[:34] + b"\x7f\xff" + data[36:],
        "length not minimal": data[:34] + b"\x40\x04" + data[35:-1],
    }


def main() -> None:
    """Write the file."""
    vectors = {
        "authenticated_data": {
            "good": [
                {
                    "name": name,
                    "bytes": value.encode().hex(),
                    "value": {
                        "seen_seq": value.seen_seq,
                        "transcript": value.transcript.hex(),
                        "franking_tag": value.franking_tag.hex(),
                        "roles": [[change.person.hex, change.role.name.lower()] for change in value.roles],
                        "order_hashes": [hash_.hex() for hash_ in value.order_hashes],
                        "checkpoint": [value.checkpoint.size, value.checkpoint.root.hex()]
                        if value.checkpoint
                        else None,
                    },
                }
                for name, value in authenticated().items()
            ],
            "bad": [{"name": name, "bytes": data.hex()} for name, data in authenticated_bad().items()],
        },
        "plaintext": {
            "good": [
                {
                    "name": name,
                    "bytes": value.encode().hex(),
                    "k": value.k.hex(),
                    "content": value.content.hex(),
                    "franking_tag": formats.franking_tag(k=value.k, content=value.content).hex(),
                }
                for name, value in plaintexts().items()
            ],
            "bad": [{"name": name, "bytes": data.hex()} for name, data in plaintexts_bad().items()],
        },
    }
    Path(__file__).with_name("authenticated_data.json").write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()
