"""web/src/wire/frames.ts and errors.ts: types for the compiler, tables that run in the browser."""

import json
from collections.abc import Iterable

from msgspec import inspect as shape

from beep.errors import CATALOGUE
from messaging import protocol
from messaging.codegen.shapes import Field, Protocol, Shape

CHECKS = "bool, bytes, facts, int, list, literal, map, nullable, real, tagged, text"
HEADER = "// Generated from messaging/protocol and beep/errors.py by `make generate`. Do not edit.\n"


def frames(declared: Protocol) -> str:
    """The module with constants, types, tables, `parseServerFrame` and `parseClientFrame`."""
    client = declared.requests + declared.notes
    server = declared.answers + declared.events
    return "\n".join(
        [
            HEADER,
            f'import {{ {CHECKS} }} from "./validate";\n',
            *(_constant(c.name, c.value, c.text) for c in declared.constants),
            *(_interface(s) for s in declared.parts + client + server),
            _union("Request", declared.requests),
            _union("Note", declared.notes),
            "\n/** Everything that a client may send. */\nexport type ClientFrame = Request | Note;",
            _union("Answer", declared.answers),
            _union("Event", declared.events),
            "\n/** Everything that a server may send. */\nexport type ServerFrame = Answer | Event;\n",
            *(_named_check(declared, name) for name in declared.aliases),
            "",
            *(_part_check(declared, part) for part in declared.parts),
            "/** What a server sent, checked. Throws WireError naming the first field that is wrong. */",
            _table(declared, "parseServerFrame", "ServerFrame", server),
            "/** What a client sent, checked; a test's server uses it. Throws WireError. */",
            _table(declared, "parseClientFrame", "ClientFrame", client),
        ]
    )


def errors() -> str:
    """The module with every code of the catalogue, so that a client's switch can be complete."""
    codes = "\n".join(
        f"  /** {meaning} (HTTP {status}) */\n  {code!r}," for code, (status, meaning) in CATALOGUE.items()
    )
    return (
        f"{HEADER}\n/** Every refusal that Beep can give, over HTTP and the socket. */\n"
        f"export const REFUSALS = [\n{codes}\n] as const;\n\n"
        "export type RefusalCode = (typeof REFUSALS)[number];\n"
    ).replace("'", '"')


def _constant(name: str, value: int | str, text: str) -> str:
    literal = json.dumps(value) if isinstance(value, str) else _number(value)
    return f"{_comment(text)}export const {name} = {literal};"


def _comment(text: str, indent: str = "") -> str:
    if not text:
        return ""
    lines = text.splitlines()
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    body = "".join(f"{indent} * {line}".rstrip() + "\n" for line in lines)
    return f"{indent}/**\n{body}{indent} */\n"


def _interface(declared: Shape) -> str:
    tag = [f'  readonly t: "{declared.tag}";'] if declared.tag else []
    fields = [f"  readonly {field.name}: {_type(field.type)};" for field in declared.fields]
    body = "\n".join([*tag, *fields])
    return f"\n{_comment(declared.text)}export interface {declared.name} {{\n{body}\n}}"


def _union(name: str, members: Iterable[Shape]) -> str:
    return f"\nexport type {name} =\n" + "\n".join(f"  | {member.name}" for member in members) + ";"


def _type(kind: shape.Type) -> str:
    match kind:
        case shape.IntType() | shape.FloatType():
            return "number"
        case shape.StrType():
            return "string"
        case shape.BoolType():
            return "boolean"
        case shape.BytesType():
            return "Uint8Array"
        case shape.NoneType():
            return "null"
        case shape.LiteralType(values=values):
            return " | ".join(map(json.dumps, values))
        case shape.ListType(item_type=item):
            return f"readonly {_type(item)}[]"
        case shape.StructType(cls=cls):
            return cls.__name__
        case shape.UnionType(types=members):
            return " | ".join(_type(member) for member in members)
        case shape.DictType(value_type=value):
            return f"Readonly<Record<string, {_type(value)}>>"
    raise TypeError(f"no TypeScript for {kind}")


def _check(declared: Protocol, kind: shape.Type) -> str:
    for name, alias in declared.aliases.items():
        if alias == kind:
            return _lower(name)
    return _inline_check(declared, kind)


def _inline_check(declared: Protocol, kind: shape.Type) -> str:
    match kind:
        case shape.IntType(ge=low, le=high):
            return f"int({low}, {_number(high)})"
        case shape.FloatType():
            return "real"
        case shape.StrType():
            return "text"
        case shape.BoolType():
            return "bool"
        case shape.BytesType(min_length=low, max_length=high):
            # A server's own bodies are bounded by the frame alone.
            return f"bytes({low or 0}, {_number(high or protocol.MAX_FRAME)})"
        case shape.LiteralType(values=values):
            return f"literal({', '.join(map(json.dumps, values))})"
        case shape.ListType(item_type=item, min_length=low, max_length=high):
            bounds = f", {low or 0}, {_number(high)}" if high else ""
            return f"list({_check(declared, item)}{bounds})"
        case shape.StructType(cls=cls):
            return _lower(cls.__name__)
        case (
            shape.UnionType(types=[inner, shape.NoneType()])
            | shape.UnionType(types=(inner, shape.NoneType()))
        ):
            return f"nullable({_check(declared, inner)})"
        case shape.DictType():
            return "facts"
    raise TypeError(f"no check for {kind}")


def _named_check(declared: Protocol, name: str) -> str:
    return f"const {_lower(name)} = {_inline_check(declared, declared.aliases[name])};"


def _part_check(declared: Protocol, part: Shape) -> str:
    return f"const {_lower(part.name)} = map({{\n{_fields(declared, part.fields, '  ')}\n}});\n"


def _fields(declared: Protocol, fields: Iterable[Field], indent: str) -> str:
    return "\n".join(f"{indent}{field.name}: {_check(declared, field.type)}," for field in fields)


def _table(declared: Protocol, function: str, union: str, members: Iterable[Shape]) -> str:
    rows = "\n".join(
        f"  {member.tag}: {{\n{_fields(declared, member.fields, '    ')}\n  }}," for member in members
    )
    return f"export const {function}: (value: unknown) => {union} = tagged({{\n{rows}\n}});\n"


def _number(value: int | None) -> str:
    assert value is not None
    return f"{value:_}" if value > 9_999 else str(value)


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]
