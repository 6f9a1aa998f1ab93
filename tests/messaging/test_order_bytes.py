"""Orders as bytes: the shared vectors, and orders that the authority never gave."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beep.tls import TlsError
from messaging.formats import (
    OrderPerson,
    OrderRefusedError,
    OrderRule,
    SignedOrder,
    UnsignedOrder,
    verify_order,
)
from tests.vectors import make_orders as parts

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "orders.json").read_text())
ROOT = bytes.fromhex(VECTORS["root"])
PERSON = OrderPerson(
    person=UUID(VECTORS["person"]["id"]),
    statements=frozenset(bytes.fromhex(text) for text in VECTORS["person"]["statements"]),
    keys={UUID(device): bytes.fromhex(key) for device, key in VECTORS["person"]["keys"]},
)


def verified(body: bytes, root: bytes | None = ROOT) -> UnsignedOrder:
    group_id = bytes.fromhex(VECTORS["group_id"])
    return verify_order(body, root=root, group_id=group_id, at=VECTORS["at"], person=PERSON)


@pytest.mark.parametrize("case", VECTORS["good"], ids=lambda case: case["name"])
def test_good_orders_are_believed(case: dict[str, Any]) -> None:
    body = bytes.fromhex(case["bytes"])
    assert SignedOrder.decode(body).encode() == body
    order = verified(body)
    assert order.encode().hex() == case["order"]
    assert order.hash.hex() == case["hash"]
    assert order.action.name.lower() == case["action"]
    assert order.device.hex == case["device"]
    assert order.statement_hash.hex() == case["statement_hash"]
    assert order.expires_at == case["expires_at"]
    assert order.asked.encode().hex() == case["asked"]
    assert order.request.hex() == case["request"]


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_others_are_refused_by_the_rule(case: dict[str, Any]) -> None:
    with pytest.raises(OrderRefusedError) as caught:
        verified(bytes.fromhex(case["bytes"]))
    assert caught.value.rule == case["rule"]


@pytest.mark.parametrize("case", VECTORS["malformed"], ids=lambda case: case["name"])
def test_malformed_bytes_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(TlsError):
        SignedOrder.decode(bytes.fromhex(case["bytes"]))


def test_every_rule_has_a_vector() -> None:
    assert {case["rule"] for case in VECTORS["refused"]} == set(OrderRule)


def test_without_a_root_no_order_is_believed() -> None:
    with pytest.raises(OrderRefusedError) as caught:
        verified(parts.REMOVE.encode(), root=None)
    assert caught.value.rule is OrderRule.CERTIFICATE


@pytest.mark.parametrize("body", [parts.REMOVE.encode(), parts.ADD.encode()], ids=["remove", "add"])
def test_no_single_bit_can_be_turned_unnoticed(body: bytes) -> None:
    for position in range(len(body) * 8):
        turned = bytearray(body)
        turned[position // 8] ^= 1 << position % 8
        with pytest.raises(OrderRefusedError):
            verified(bytes(turned))


@given(
    st.sampled_from([parts.REMOVE.encode(), parts.ADD.encode(), parts.LEAVE.encode()]),
    st.integers(min_value=0, max_value=400),
    st.integers(0, 40),
    st.binary(max_size=40),
)
def test_splices_are_refused_or_canonical(body: bytes, at: int, cut: int, spliced: bytes) -> None:
    data = body[:at] + spliced + body[at + cut :]
    try:
        signed = SignedOrder.decode(data)
    except TlsError:
        return
    assert signed.encode() == data
