"""Makes orders.json: orders of the directory authority and the requests in them (`messaging.formats`).

All orders are about one group and one person, whose chain lists devices 1 and 2 (`identity_parts`). `good`:
what they say. `refused`: well-formed, but not to be believed; with the rule. `malformed`: bytes that no
reader accepts. Keys come from fixed seeds.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from accounts.certificates import sign_certificate
from accounts.signing import Label, sign
from messaging.formats import REQUEST_LABELS, OrderAction, OrderPerson, OrderRule, SignedOrder, UnsignedOrder
from tests.vectors import identity_parts as parts
from tests.vectors.make_certificates import (
    AUTHORITY,
    AUTHORITY_CERTIFICATE,
    END,
    OTHER_ROOT,
    ROOT,
    certificate,
    officer,
    signed,
)

AT: Final = parts.AT + 1_000
GROUP: Final = bytes([7] * 32)
PERSON: Final = UUID(bytes=parts.PERSON)
DEVICE: Final = UUID(bytes=parts.device(2).id)
KNOWN: Final = OrderPerson(
    person=PERSON,
    statements=frozenset({parts.S1.hash, parts.S2.hash}),
    keys={UUID(bytes=entry.id): entry.signature_key for entry in parts.S2.devices},
)


def order(action: OrderAction, **changes: Any) -> UnsignedOrder:
    """About device 2; the request signed by its key where the action has one."""
    fields: dict[str, Any] = {
        "group_id": GROUP,
        "action": action,
        "person": PERSON,
        "device": DEVICE,
        "statement_hash": parts.S2.hash,
        "expires_at": AT + 90 * 86_400_000,
    }
    unsigned = UnsignedOrder(**{**fields, **{k: v for k, v in changes.items() if k != "request"}})
    if (label := REQUEST_LABELS.get(action)) is not None:
        asked = sign(key=parts.LAPTOP, label=label, content=unsigned.asked.encode())
        unsigned = replace(unsigned, request=asked)
    return replace(unsigned, request=changes["request"]) if "request" in changes else unsigned


def by_authority(unsigned: UnsignedOrder) -> SignedOrder:
    """Signed as it must be."""
    signature = sign(key=AUTHORITY, label=Label.ORDER, content=unsigned.encode())
    return SignedOrder(unsigned, AUTHORITY_CERTIFICATE, signature)


REMOVE, ADD, LEAVE = (by_authority(order(action)) for action in OrderAction)


def good() -> dict[str, SignedOrder]:
    """Orders that are believed."""
    return {
        "remove": REMOVE,
        "add": ADD,
        "leave": LEAVE,
        "remove, made under the statement before": by_authority(
            order(OrderAction.REMOVE, statement_hash=parts.S1.hash)
        ),
        "until the next millisecond": by_authority(order(OrderAction.REMOVE, expires_at=AT + 1)),
    }


def refused() -> list[tuple[str, OrderRule, bytes]]:
    """Orders that are not believed at `AT` for `GROUP` and `KNOWN`."""
    add = ADD.order
    turned = bytes([ADD.signature[0] ^ 1]) + ADD.signature[1:]
    foreign = sign_certificate(certificate=certificate(root=bytes(OTHER_ROOT.verify_key)), root=OTHER_ROOT)
    as_officer = officer(242)  # the same key, certified for resets only
    by_root = sign(key=ROOT, label=Label.ORDER, content=add.encode())
    as_slot = sign(key=AUTHORITY, label=Label.SLOT, content=add.encode())

    def asked(signing_key: Any, label: Label, unsigned: UnsignedOrder) -> SignedOrder:
        request = sign(key=signing_key, label=label, content=unsigned.asked.encode())
        return by_authority(replace(unsigned, request=request))

    cases = [
        ("certified by another root", OrderRule.CERTIFICATE, replace(ADD, certificate=foreign)),
        ("certified for resets", OrderRule.CERTIFICATE, replace(ADD, certificate=as_officer)),
        (
            "certificate not valid yet",
            OrderRule.CERTIFICATE,
            replace(ADD, certificate=signed(not_before=AT + 1)),
        ),
        ("certificate ended", OrderRule.CERTIFICATE, replace(ADD, certificate=signed(not_after=AT))),
        ("signature forged", OrderRule.SIGNATURE, replace(ADD, signature=turned)),
        ("signed by another key", OrderRule.SIGNATURE, replace(ADD, signature=by_root)),
        ("signed as a slot", OrderRule.SIGNATURE, replace(ADD, signature=as_slot)),
        ("signature of another order", OrderRule.SIGNATURE, replace(ADD, order=REMOVE.order)),
        ("expired", OrderRule.EXPIRED, by_authority(order(OrderAction.ADD, expires_at=AT))),
        ("about another group", OrderRule.GROUP, by_authority(order(OrderAction.ADD, group_id=bytes(32)))),
        (
            "about another person",
            OrderRule.PERSON,
            by_authority(order(OrderAction.REMOVE, person=UUID(bytes=parts.STRANGER))),
        ),
        (
            "under a statement that is not in the chain",
            OrderRule.STATEMENT,
            by_authority(order(OrderAction.REMOVE, statement_hash=bytes([9] * 32))),
        ),
        (
            "add of a device that the chain never listed",
            OrderRule.DEVICE,
            by_authority(order(OrderAction.ADD, device=UUID(bytes=parts.device(3).id))),
        ),
        (
            "add that another device asked for",
            OrderRule.REQUEST,
            asked(parts.PHONE, Label.ADD_REQUEST, add),
        ),
        ("add out of a request to leave", OrderRule.REQUEST, asked(parts.LAPTOP, Label.LEAVE_REQUEST, add)),
        (
            "leave out of a request to be added",
            OrderRule.REQUEST,
            asked(parts.LAPTOP, Label.ADD_REQUEST, LEAVE.order),
        ),
        (
            "add with a request for another group",
            OrderRule.REQUEST,
            by_authority(order(OrderAction.ADD, request=order(OrderAction.ADD, group_id=bytes(32)).request)),
        ),
        (
            "add with a request under another statement",
            OrderRule.REQUEST,
            by_authority(
                order(
                    OrderAction.ADD,
                    request=order(OrderAction.ADD, statement_hash=parts.S1.hash).request,
                )
            ),
        ),
        (
            "leave with a request of zeros",
            OrderRule.REQUEST,
            by_authority(order(OrderAction.LEAVE, request=bytes(64))),
        ),
    ]
    return [
        ("malformed", OrderRule.MALFORMED, b""),
        *((name, rule, value.encode()) for name, rule, value in cases),
    ]


def malformed() -> dict[str, bytes]:
    """Bytes that no reader accepts."""
    body = REMOVE.encode()
    start = 2  # the order's length takes two bytes
    action_at = start + 2 + 32
    certificate_at = start + len(REMOVE.order.encode())
    return {
        "empty": b"",
        "cut off": body[:-1],
        "a byte too many": body + b"\0",
        "format 2": body[:start] + b"\0\2" + body[start + 2 :],
        "action 0": body[:action_at] + b"\0" + body[action_at + 1 :],
        "action 4": body[:action_at] + b"\4" + body[action_at + 1 :],
        "remove with a request": by_authority(order(OrderAction.REMOVE, request=bytes(64))).encode(),
        "add without a request": by_authority(order(OrderAction.ADD, request=b"")).encode(),
        "leave with half a request": by_authority(order(OrderAction.LEAVE, request=bytes(32))).encode(),
        "time of 2^53": by_authority(order(OrderAction.REMOVE, expires_at=1 << 53)).encode(),
        "certificate of format 2": body[: certificate_at + 2] + b"\0\2" + body[certificate_at + 4 :],
    }


def main() -> None:
    """Write orders.json beside this script."""
    vectors = {
        "root": bytes(ROOT.verify_key).hex(),
        "at": AT,
        "certificate_ends": END,
        "group_id": GROUP.hex(),
        "person": {
            "id": PERSON.hex,
            "statements": [parts.S1.hash.hex(), parts.S2.hash.hex()],
            "keys": [[device.hex, key.hex()] for device, key in KNOWN.keys.items()],
        },
        "good": [
            {
                "name": name,
                "bytes": value.encode().hex(),
                "order": value.order.encode().hex(),
                "hash": value.order.hash.hex(),
                "action": value.order.action.name.lower(),
                "device": value.order.device.hex,
                "statement_hash": value.order.statement_hash.hex(),
                "expires_at": value.order.expires_at,
                "asked": value.order.asked.encode().hex(),
                "request": value.order.request.hex(),
            }
            for name, value in good().items()
        ],
        "refused": [
            {"name": name, "rule": rule.value, "bytes": data.hex()} for name, rule, data in refused()
        ],
        "malformed": [{"name": name, "bytes": data.hex()} for name, data in malformed().items()],
    }
    Path(__file__).with_name("orders.json").write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()
