"""The HTTP chapter of docs/protocol.md, from the OpenAPI document that the running API publishes."""

import importlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

ADDRESS: Final = "/api/v1/openapi.json"
METHODS: Final = ("get", "post", "put", "patch", "delete")

INTRODUCTION: Final = """\
## The HTTP API

JSON under `/api/v1`; the machine-readable form of this chapter is `/api/v1/openapi.json`. Byte strings are
base64url without padding, ids are UUID text, times are milliseconds since 1970-01-01 UTC. Unknown keys are
refused. A request that may change something needs an `Origin` header of the web client when a browser sends
it. A refusal is
`{"code", "message", "detail"?, "retry_after"?}` with the status that the catalogue above gives it.
"""


def published() -> Mapping[str, Any]:
    """The document as a client gets it, asked of the composed application without a server.

    Goes through the URL table, so that this package need not import what stands above it.
    """
    django = importlib.import_module("django")
    importlib.import_module("os").environ.setdefault("DJANGO_SETTINGS_MODULE", "beep.settings")
    django.setup()
    from django.test import RequestFactory
    from django.urls import resolve

    view, arguments, keywords = resolve(ADDRESS)
    response = view(RequestFactory().get(ADDRESS), *arguments, **keywords)
    return cast(Mapping[str, Any], json.loads(response.content))


def render(document: Mapping[str, Any]) -> str:
    """The chapter as Markdown: every operation, then every shape."""
    operations = "\n".join(
        _operation(document, path, method, item[method])
        for path, item in sorted(document["paths"].items())
        for method in METHODS
        if method in item
    )
    schemas = document.get("components", {}).get("schemas", {})
    shapes = "\n".join(_schema(name, schemas[name]) for name in sorted(schemas))
    return f"{INTRODUCTION}\n{operations}\n### Shapes\n\n{shapes}"


def _operation(document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> str:
    lines = [f"#### {method.upper()} `{path}`", ""]
    if text := " ".join(str(operation.get("description") or operation.get("summary") or "").split()):
        lines += [text, ""]
    for parameter in operation.get("parameters", ()):
        needed = "" if parameter.get("required") else ", optional"
        lines.append(f"- `{parameter['name']}` ({parameter['in']}{needed}): {_type(parameter['schema'])}")
    for content in operation.get("requestBody", {}).get("content", {}).values():
        lines.append(f"- body: {_type(content['schema'])}")
    refusals: list[str] = []
    for status, response in sorted(operation["responses"].items()):
        contents = [content["schema"] for content in response.get("content", {}).values()]
        answer = ", ".join(_type(schema) for schema in contents if schema) or "nothing"
        if status.isdigit() and int(status) >= 400 and answer == "Refusal":
            refusals.append(status)
        else:
            lines.append(f"- {status}: {answer}")
    if refusals:
        lines.append(f"- {', '.join(refusals)}: Refusal")
    return "\n".join(lines) + "\n"


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    lines = [f"#### {name}", ""]
    if text := " ".join(str(schema.get("description", "")).split()):
        lines += [text, ""]
    if "properties" not in schema:
        lines.append(_type(schema))
        return "\n".join(lines) + "\n"
    lines += ["| key | value |", "| --- | --- |"]
    required = set(schema.get("required", ()))
    for key, value in schema["properties"].items():
        lines.append(f"| `{key}` | {_type(value)}{'' if key in required else ', optional'} |")
    return "\n".join(lines) + "\n"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " or ".join(_type(member) for member in schema[key])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"array{_bounds(schema, 'minItems', 'maxItems')} of {_type(schema.get('items', {}))}"
    kind = str(schema.get("type", "anything"))
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    detail = ", ".join(str(part) for part in _details(schema))
    return f"{kind} ({detail})" if detail else kind


def _details(schema: Mapping[str, Any]) -> Iterator[str]:
    if "format" in schema:
        yield schema["format"]
    for low, high, unit in (("minLength", "maxLength", "characters"), ("minimum", "maximum", "")):
        if low in schema or high in schema:
            yield f"{_bounds(schema, low, high).strip(' ()')} {unit}".strip()


def _bounds(schema: Mapping[str, Any], low: str, high: str) -> str:
    if low in schema and high in schema:
        return f" ({schema[low]} to {schema[high]})"
    if high in schema:
        return f" (at most {schema[high]})"
    return f" (at least {schema[low]})" if low in schema else ""
