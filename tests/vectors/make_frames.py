"""Makes frames.json: every frame of the socket protocol as bytes, good and bad, for Python and TypeScript
alike.

Good: `{"name", "side": "client" | "server", "bytes": hex, "value"}`; in `value` a byte string is `{"hex":
…}`. Bad: `{"name", "side", "bytes"}`; both languages must refuse it. Bad ones are derived from the
declarations, field by field: missing, of another type, one below and one above each bound; plus what no field
can say.

Bounds of 1,000 and more bytes or items are left out to keep the file small; tests/messaging/engine has them.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import inspect as shape

from messaging import protocol
from messaging.codegen import shapes

OUT: Final = Path(__file__).with_name("frames.json")
LARGE: Final = 1_000
WRONG: Final[dict[type[shape.Type], list[Any]]] = {
    shape.IntType: ["1", 1.5, None, True, b"\x01"],
    shape.BytesType: ["text", None, 7, [1, 2]],
    shape.StrType: [b"text", None, 7],
    shape.BoolType: [0, 1, None, "true"],
    shape.LiteralType: [None, "other", 9, b"read"],
    shape.ListType: [None, "text", 7, {}],
    shape.StructType: [None, "text", 7, []],
    shape.DictType: [None, "text", 7, []],
}


def sample(kind: shape.Type, *, largest: bool) -> Any:
    """A value at the lower or the upper bound of `kind`."""
    match kind:
        case shape.NoneType():
            return None
        case shape.IntType(ge=low, le=high):
            return high if largest else low
        case shape.FloatType():
            # Not whole: JavaScript cannot tell 2.0 from 2 and would write it shorter.
            return 2.5
        case shape.StrType():
            return "پیغام — busy" if largest else ""
        case shape.BoolType():
            return largest
        case shape.BytesType(min_length=low, max_length=high):
            length = max(low or 0, min(high or 40, 40)) if largest else low or 0
            return bytes(index % 256 for index in range(length))
        case shape.LiteralType(values=values):
            return values[-1 if largest else 0]
        case shape.ListType(item_type=item, min_length=low):
            return [sample(item, largest=largest)] * (2 if largest else low or 0)
        case shape.StructType(fields=fields):
            return {field.encode_name: sample(field.type, largest=largest) for field in fields}
        case shape.UnionType(types=members):
            return sample(members[0] if largest else members[-1], largest=largest)
        case shape.DictType():
            return {"epoch": 7, "rule": "signature", "final": True, "last": None} if largest else {}
    raise TypeError(kind)


def spoilt(kind: shape.Type) -> Iterator[tuple[str, Any]]:
    """Values that `kind` refuses, each with a word for what is wrong."""
    if isinstance(kind, shape.UnionType):
        yield from ((word, value) for word, value in spoilt(kind.types[0]) if value is not None)
        return
    for value in WRONG.get(type(kind), ["text", []]):
        yield f"is {msgspec.json.encode(value).decode()}", value
    match kind:
        case shape.IntType(ge=low, le=high):
            assert low is not None
            assert high is not None
            yield "one too small", low - 1
            yield "one too large", high + 1
        case shape.BytesType(min_length=low, max_length=high):
            if low:
                yield "one byte too short", bytes(low - 1)
            if high and high < LARGE:
                yield "one byte too long", bytes(high + 1)
        case shape.ListType(item_type=item, min_length=low, max_length=high):
            if low:
                yield "too few", []
            if high and high < LARGE:
                yield "too many", [sample(item, largest=False)] * (high + 1)
            for word, value in spoilt(item):
                yield f"item {word}", [value]
        case shape.StructType(fields=fields):
            good = sample(kind, largest=True)
            for field in fields:
                for word, value in spoilt(field.type):
                    yield f"{field.encode_name} {word}", {**good, field.encode_name: value}
            yield "unknown key", {**good, "x": 1}
        case shape.DictType():
            yield "holds a list", {"a": [1]}


def cases(side: str, frames: tuple[shapes.Shape, ...]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Good and bad vectors of one direction."""
    good: list[dict[str, Any]] = []
    bad: list[dict[str, Any]] = []
    decode = protocol.decode_client_frame if side == "client" else protocol.decode_server_frame
    for frame in frames:
        full: dict[str, Any] = {}
        for largest in (False, True):
            full = {"t": frame.tag, **{f.name: sample(f.type, largest=largest) for f in frame.fields}}
            encoded = msgspec.msgpack.encode(full)
            assert protocol.encode(decode(encoded)) == encoded
            name = f"{frame.tag}, {'largest' if largest else 'smallest'}"
            good.append({"name": name, "side": side, "bytes": encoded.hex(), "value": readable(full)})
        for field in frame.fields:
            kept = {key: value for key, value in full.items() if key != field.name}
            bad.append(refused(f"{frame.tag} without {field.name}", side, kept))
            for word, value in spoilt(field.type):
                bad.append(refused(f"{frame.tag}.{field.name} {word}", side, {**full, field.name: value}))
        bad.append(refused(f"{frame.tag} with an unknown key", side, {**full, "x": None}))
        bad.append(refused(f"{frame.tag} without its tag", side, {k: v for k, v in full.items() if k != "t"}))
    bad += [
        refused("unknown tag", side, {"t": "nonsense"}),
        refused("tag of an object's own property", side, {"t": "constructor"}),
        refused("tag is a number", side, {"t": 1}),
        refused("a list", side, ["ping", 1]),
        refused("null", side, None),
        {"name": "nothing", "side": side, "bytes": ""},
        {"name": "a map cut short", "side": side, "bytes": good[0]["bytes"][:-2]},
        {"name": "a byte too many", "side": side, "bytes": good[0]["bytes"] + "00"},
        {"name": "a byte that MessagePack never uses", "side": side, "bytes": "c1"},
    ]
    return good, bad


def refused(name: str, side: str, value: Any) -> dict[str, Any]:
    """A bad vector, after Python has refused it."""
    encoded = msgspec.msgpack.encode(value)
    decode = protocol.decode_client_frame if side == "client" else protocol.decode_server_frame
    try:
        decode(encoded)
    except msgspec.DecodeError:
        return {"name": name, "side": side, "bytes": encoded.hex()}
    raise AssertionError(f"{name} was not refused")


def readable(value: Any) -> Any:
    """The value for JSON, bytes as `{"hex": …}`."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, dict):
        return {key: readable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [readable(inner) for inner in value]
    return value


def main() -> None:
    """Write the file."""
    declared = shapes.read()
    good, bad = cases("client", declared.requests + declared.notes)
    more_good, more_bad = cases("server", declared.answers + declared.events)
    rows = {"good": good + more_good, "bad": bad + more_bad}
    lines = [
        f' "{key}": [\n' + ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in value) + "\n ]"
        for key, value in rows.items()
    ]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
