"""A socket opens for the web client's own pages only."""

from typing import Any

import pytest
from channels.testing import WebsocketCommunicator

from beep.origins import guarded, websocket_origins


async def accept(scope: Any, receive: Any, send: Any) -> None:
    """The smallest WebSocket application."""
    await receive()
    await send({"type": "websocket.accept"})


@pytest.mark.parametrize(
    ("origin", "opens"),
    [
        (b"http://localhost:8000", True),
        (b"http://127.0.0.1:8000", True),
        (None, False),
        (b"null", False),
        (b"", False),
        (b"https://localhost:8000", False),
        (b"http://localhost:8001", False),
        (b"http://localhost", False),
        (b"http://console.localhost:8000", False),
        (b"http://localhost.evil.example:8000", False),
        (b"http://localhost:8000.evil.example", False),
        (b"http://[", False),
        (b"\xff", False),
    ],
)
async def test_handshakes(origin: bytes | None, opens: bool) -> None:
    headers = [] if origin is None else [(b"origin", origin)]
    communicator = WebsocketCommunicator(guarded(accept), "/ws", headers)
    connected, _ = await communicator.connect()
    assert connected is opens
    await communicator.wait()


async def test_two_origins_are_none() -> None:
    headers = [(b"origin", b"http://localhost:8000")] * 2
    connected, _ = await WebsocketCommunicator(guarded(accept), "/ws", headers).connect()
    assert not connected


def test_the_policy_gets_socket_origins() -> None:
    assert websocket_origins() == ("ws://localhost:8000", "ws://127.0.0.1:8000")
