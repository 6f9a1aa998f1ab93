"""Makes policy.json: group policies, good with their group ids and bad (`messaging.formats.GroupPolicy`)."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from messaging import formats
from messaging.formats import GroupPolicy, GroupSuite, PolicyKind, SizeClass

LOW = UUID("11111111-1111-4111-8111-111111111111")
HIGH = UUID("eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee")
CONVERSATION = UUID("c0ffee00-0000-4000-8000-00000000cafe")
MINISTRY = UUID("22222222-2222-4222-8222-222222222222")


def policy(**changes: Any) -> GroupPolicy:
    """The first group of a direct conversation, with changes."""
    fields: dict[str, Any] = {
        "nonce": bytes(range(32)),
        "conversation": CONVERSATION,
        "kind": PolicyKind.DIRECT,
        "persons": (LOW, HIGH),
        "suite": GroupSuite.HYBRID,
        "size_class": SizeClass.NORMAL,
        "retention_class": 0,
        "ministry": formats.ZERO_UUID,
        "registry": formats.ZERO_HASH,
        "predecessor": formats.ZERO_HASH,
    }
    return GroupPolicy(**{**fields, **changes})


def good() -> dict[str, GroupPolicy]:
    """Policies that every reader accepts; whether they suit a conversation is another question."""
    return {
        "direct, first generation": policy(),
        "direct, successor": policy(predecessor=formats.group_id(policy().encode())),
        "direct, classical and large": policy(suite=GroupSuite.CLASSICAL, size_class=SizeClass.LARGE),
        "group": policy(kind=PolicyKind.GROUP, persons=()),
        "group with retention": policy(
            kind=PolicyKind.GROUP,
            persons=(),
            retention_class=255,
            ministry=MINISTRY,
            registry=bytes([0xFF] * 32),
        ),
        "self": policy(kind=PolicyKind.SELF, persons=()),
    }


def bad() -> dict[str, bytes]:
    """Bytes that every reader refuses."""
    direct = policy().encode()
    kind_at, persons_at = 2 + 32 + 16, 2 + 32 + 16 + 1
    suite_at = persons_at + 1 + 32
    swapped = direct[: persons_at + 1] + HIGH.bytes + LOW.bytes + direct[suite_at:]
    twice = direct[: persons_at + 1] + LOW.bytes + LOW.bytes + direct[suite_at:]
    group = policy(kind=PolicyKind.GROUP, persons=()).encode()

    def at(position: int, value: bytes) -> bytes:
        return direct[:position] + value + direct[position + len(value) :]

    return {
        "nothing": b"",
        "cut short": direct[:-1],
        "a byte too many": direct + b"\0",
        "format 0": at(0, b"\0\0"),
        "format 2": at(0, b"\0\2"),
        "kind 0": at(kind_at, b"\0"),
        "kind 4": at(kind_at, b"\4"),
        "persons in descending order": swapped,
        "one person twice": twice,
        "direct without persons": direct[:persons_at] + b"\0" + direct[suite_at:],
        "direct with one person": direct[:persons_at] + b"\x10" + LOW.bytes + direct[suite_at:],
        "direct with three persons": direct[:persons_at]
        + b"\x30"
        + LOW.bytes
        + MINISTRY.bytes
        + HIGH.bytes
        + direct[suite_at:],
        "persons of 31 bytes": direct[:persons_at]
        + b"\x1f"
        + direct[persons_at + 1 : suite_at - 1]
        + direct[suite_at:],
        "length of persons not minimal": direct[:persons_at] + b"\x40\x20" + direct[persons_at + 1 :],
        "group with persons": at(kind_at, b"\2"),
        "self with persons": at(kind_at, b"\3"),
        "group marked direct": group[:kind_at] + b"\1" + group[kind_at + 1 :],
        "suite 0": at(suite_at, b"\0\0"),
        "suite 2": at(suite_at, b"\0\2"),
        "size class 0": at(suite_at + 2, b"\0"),
        "size class 3": at(suite_at + 2, b"\3"),
    }


def main() -> None:
    """Write the file."""
    vectors = {
        "good": [
            {
                "name": name,
                "bytes": value.encode().hex(),
                "group_id": formats.group_id(value.encode()).hex(),
                "value": {
                    "nonce": value.nonce.hex(),
                    "conversation": value.conversation.hex,
                    "kind": value.kind.name.lower(),
                    "persons": [person.hex for person in value.persons],
                    "suite": int(value.suite),
                    "size_class": value.size_class.name.lower(),
                    "retention_class": value.retention_class,
                    "ministry": value.ministry.hex,
                    "registry": value.registry.hex(),
                    "predecessor": value.predecessor.hex(),
                },
            }
            for name, value in good().items()
        ],
        "bad": [{"name": name, "bytes": data.hex()} for name, data in bad().items()],
    }
    Path(__file__).with_name("policy.json").write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()
