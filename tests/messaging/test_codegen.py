"""The generated files are what the declarations say now, and the vectors hold in Python."""

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from beep.errors import CATALOGUE
from messaging import protocol
from messaging.codegen import document, shapes, typescript
from tests.vectors import make_frames

ROOT = Path(__file__).resolve().parent.parent.parent
VECTORS = json.loads((ROOT / "tests" / "vectors" / "frames.json").read_text(encoding="utf-8"))
OPENAPI = {
    "paths": {"/api/v1/me": {"get": {"summary": "Who am I", "responses": {"200": {}}}}},
    "components": {"schemas": {"Me": {"properties": {"login": {"type": "string", "maxLength": 5}}}}},
}


def decoder(side: str) -> Callable[[bytes], protocol.ClientFrame | protocol.ServerFrame]:
    return protocol.decode_client_frame if side == "client" else protocol.decode_server_frame


def test_the_committed_typescript_is_current() -> None:
    declared = shapes.read()
    wire = ROOT / "web" / "src" / "wire"
    assert (wire / "frames.ts").read_text(encoding="utf-8") == typescript.frames(declared)
    assert (wire / "errors.ts").read_text(encoding="utf-8") == typescript.errors()


def test_every_good_vector_is_read_and_written_back() -> None:
    for vector in VECTORS["good"]:
        encoded = bytes.fromhex(vector["bytes"])
        frame = decoder(vector["side"])(encoded)
        assert protocol.encode(frame) == encoded, vector["name"]
        assert make_frames.readable(msgspec.msgpack.decode(encoded)) == vector["value"], vector["name"]


def test_every_bad_vector_is_refused() -> None:
    assert len(VECTORS["bad"]) > 500
    for vector in VECTORS["bad"]:
        with pytest.raises(msgspec.DecodeError):
            decoder(vector["side"])(bytes.fromhex(vector["bytes"]))


def test_the_document_names_every_frame_field_constant_and_refusal() -> None:
    declared = shapes.read()
    text = document.render(declared, OPENAPI)
    for shape in (*declared.requests, *declared.notes, *declared.answers, *declared.events):
        assert f"#### `{shape.tag}`" in text
        assert shape.text, f"{shape.name} has no docstring"
        for field in shape.fields:
            assert f"| `{field.name}` | " in text
    for constant in declared.constants:
        assert f"`{constant.name}`" in text
    for code in CATALOGUE:
        assert f"| `{code}` |" in text
    assert "GET `/api/v1/me`" in text
    assert "string (at most 5 characters), optional" in text
