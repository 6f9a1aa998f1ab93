"""What `messaging/protocol` declares, as plain data: constants, parts and frames with their texts."""

import ast
import inspect
import types
from dataclasses import dataclass
from typing import Any, Final, get_args

import msgspec
from msgspec import inspect as shape

from messaging import protocol
from messaging.protocol import answers, common, events, parts, requests

ALIASES: Final = (
    "Uuid", "Hash", "Uint", "RequestId", "Signature", "Body", "Handshake", "SlotBody", "SlotName",
)  # fmt: skip
MODULES: Final = (common, parts, requests, answers, events)
"""In the order in which a reader should meet them."""


@dataclass(frozen=True)
class Constant:
    """A `Final` number or string of the protocol; `text` is what stands below it."""

    name: str
    value: int | str
    text: str


@dataclass(frozen=True)
class Field:
    """One key of a map."""

    name: str
    type: shape.Type


@dataclass(frozen=True)
class Shape:
    """A frame (with a tag) or a part (without)."""

    name: str
    tag: str | None
    text: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Protocol:
    """Everything, in the order of the source."""

    constants: tuple[Constant, ...]
    aliases: dict[str, shape.Type]
    parts: tuple[Shape, ...]
    requests: tuple[Shape, ...]
    notes: tuple[Shape, ...]
    answers: tuple[Shape, ...]
    events: tuple[Shape, ...]


def read() -> Protocol:
    """Introspect the package; raises ValueError when a frame is in no union, since no peer could send it."""
    structs = [
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, msgspec.Struct)
        and value.__module__ == module.__name__
    ]
    groups = {
        name: [member for member in structs if member in get_args(getattr(protocol, name))]
        for name in ("Request", "Note", "Answer", "Event")
    }
    frames = {member for group in groups.values() for member in group}
    bases = (protocol.Frame, protocol.Part)
    lost = [
        s.__name__ for s in structs if issubclass(s, protocol.Frame) and s not in frames and s not in bases
    ]
    if lost:
        raise ValueError(f"frames in no union: {', '.join(lost)}")
    return Protocol(
        constants=tuple(_constants(inspect.getsource(common))),
        aliases=_aliases(protocol),
        parts=tuple(_shape(s) for s in structs if issubclass(s, protocol.Part) and s not in bases),
        requests=tuple(map(_shape, groups["Request"])),
        notes=tuple(map(_shape, groups["Note"])),
        answers=tuple(map(_shape, groups["Answer"])),
        events=tuple(map(_shape, groups["Event"])),
    )


def _shape(struct: type[msgspec.Struct]) -> Shape:
    info = shape.type_info(struct)
    assert isinstance(info, shape.StructType)
    tag = info.tag
    assert tag is None or isinstance(tag, str)
    fields = tuple(Field(field.encode_name, field.type) for field in info.fields)
    return Shape(struct.__name__, tag, inspect.cleandoc(struct.__doc__ or ""), fields)


def _aliases(module: types.ModuleType) -> dict[str, shape.Type]:
    """Names such as `Uuid` for the types that many fields share."""
    found: dict[str, shape.Type] = {}
    for name in (
        "Uuid",
        "Hash",
        "Uint",
        "RequestId",
        "Signature",
        "Body",
        "Handshake",
        "SlotBody",
        "SlotName",
    ):
        found[name] = shape.type_info(getattr(module, name))
    return found


def _constants(source: str) -> list[Constant]:
    """`NAME: Final = value`, with the string below it, which introspection cannot see.

    One text below several constants in a row speaks of all of them.
    """
    found: list[Constant] = []
    waiting: list[tuple[str, int | str]] = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id.isupper():
            value: Any = getattr(protocol, node.target.id)
            if isinstance(value, int | str):
                waiting.append((node.target.id, value))
            continue
        text = ""
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            text = inspect.cleandoc(node.value.value)
        found += [Constant(name, value, text) for name, value in waiting]
        waiting = []
    return found + [Constant(name, value, "") for name, value in waiting]
