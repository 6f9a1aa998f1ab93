"""Bodies of requests: how large they may be and how long they may take, before anybody works with them.

Django reads a body for as long as it comes and into a file as large as it gets. Whoever sends a byte a minute
would hold a connection for days, and a thousand such hold all that a process may have. So a body is read
here, whole, within bounds; what is slower or larger is refused, and the connection ends.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Final

from beep.errors import BeepError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

PATIENCE: Final = 30.0
"""Seconds that a body may take, and beside it a second for each `RATE` bytes announced."""
RATE: Final = 1_000
"""Bytes a second of the slowest network that is waited for."""


def patience(announced: int) -> float:
    """Seconds that a body of `announced` bytes may take."""
    return PATIENCE + announced / RATE


async def read(receive: Receive, *, announced: int, limit: int) -> bytes:
    """Everything. Raises BeepError `too_large` and `bad_request`; ConnectionAbortedError when the peer goes.

    `announced`: what Content-Length says, `limit` where it says nothing.
    """
    parts: list[bytes] = []
    size, more = 0, True
    try:
        async with asyncio.timeout(patience(announced)):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ConnectionAbortedError
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > limit:
                    raise BeepError("too_large")
                more = message.get("more_body", False)
    except TimeoutError:
        raise BeepError("bad_request", "The body took too long.") from None
    return b"".join(parts)


class Bounded:
    """An ASGI application that gets each request's body at once, or not at all; `limit` is in bytes."""

    def __init__(self, application: Application, *, limit: int) -> None:
        self._application = application
        self._limit = limit

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """One request."""
        try:
            announced = self._announced(scope)
            body = await read(receive, announced=announced, limit=self._limit)
        except BeepError as refusal:
            # Whoever is refused may have gone already.
            with suppress(Exception):
                await refuse(send, refusal)
            return
        except ConnectionAbortedError:
            return
        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def rest() -> Message:
            return whole.pop() if whole else await receive()

        await self._application(scope, rest, send)

    def _announced(self, scope: MutableMapping[str, Any]) -> int:
        given = [value for name, value in scope["headers"] if name == b"content-length"]
        if not given:
            return self._limit
        if not (given[0].isdigit() and len(given[0]) < 20):
            raise BeepError("bad_request", "Content-Length is not a number.")
        if int(given[0]) > self._limit:
            raise BeepError("too_large")
        return int(given[0])


async def refuse(send: Send, refusal: BeepError) -> None:
    """The answer to a body that is not taken; what is left of it is not read."""
    headers, body = answer(refusal)
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def answer(refusal: BeepError) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and body, as JSON like all refusals; the connection ends with it."""
    body = json.dumps({"code": refusal.code, "message": refusal.message}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
    ]
    return headers, body
