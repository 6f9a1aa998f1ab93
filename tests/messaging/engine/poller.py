"""A client that polls: the same questions and answers as `client.Client`, over POSTs."""

import asyncio
import http.client
import json
from dataclasses import dataclass
from typing import Any

from asgiref.testing import ApplicationCommunicator
from django.conf import settings

from beep import asgi
from messaging import polling, protocol
from tests.messaging.engine.client import PATIENCE
from tests.messaging.engine.factory import Actor

TYPE = polling.CONTENT_TYPE.decode()


@dataclass(frozen=True)
class Reply:
    """What a POST was answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def frames(self) -> list[Any]:
        """The frames of an answer that has some."""
        assert self.status == 200, self.body
        found: list[Any] = []
        at = 0
        while at < len(self.body):
            end = at + 4 + int.from_bytes(self.body[at : at + 4], "big")
            found.append(protocol.decode_server_frame(self.body[at + 4 : end]))
            at = end
        return found

    @property
    def refusal(self) -> tuple[int, str, int | None]:
        """Status, code and close code."""
        said = json.loads(self.body)
        return self.status, said["code"], said.get("detail", {}).get("close")


class Request:
    """One POST to the application on the test's own loop, sent piece by piece."""

    def __init__(self, headers: dict[str, str], *, method: str = "POST", origin: str) -> None:
        given = {"content-type": TYPE, "origin": origin} | headers
        scope = {
            "type": "http",
            "method": method,
            "path": "/poll",
            "headers": [(k.encode(), v.encode()) for k, v in given.items() if v],
        }
        communicator: Any = ApplicationCommunicator
        self.talk = communicator(asgi.application, scope)

    async def say(self, body: bytes, *, more: bool = False) -> None:
        """A piece of the body."""
        await self.talk.send_input({"type": "http.request", "body": body, "more_body": more})

    async def hang_up(self) -> None:
        """Leave before the answer, and wait until the application has noticed."""
        await self.talk.send_input({"type": "http.disconnect"})
        await self.talk.wait(PATIENCE)

    async def answer(self, patience: float = PATIENCE) -> Reply:
        """Wait for it."""
        start = await self.talk.receive_output(patience)
        body = await self.talk.receive_output(patience)
        await self.talk.wait(PATIENCE)
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return Reply(start["status"], headers, body["body"])


class Poller:
    """One device over long-poll."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.origin: str = settings.ORIGINS[0]
        self.named = ""
        """The listener's name in the last answer."""

    def request(self, **headers: str) -> Request:
        """A POST of this device, with nothing said yet."""
        return Request({"cookie": self.actor.cookie} | headers, origin=self.origin)

    async def post(self, *frames: protocol.ClientFrame) -> Reply:
        """hello and these frames."""
        request = self.request()
        await request.say(_body(protocol.Hello(id=1, minor=0), *frames))
        return await request.answer()

    async def resume(self, cursors: dict[bytes, int] | None = None, mailbox: int = 0) -> protocol.Behind:
        """Begin to listen."""
        given = [protocol.Cursor(conversation=key, seq=seq) for key, seq in (cursors or {}).items()]
        reply = await self.post(protocol.Resume(id=2, cursors=given, mailbox=mailbox))
        ready, behind = reply.frames[:2]
        assert isinstance(ready, protocol.Ready)
        assert isinstance(behind, protocol.Behind)
        self.named = reply.headers["beep-poll"]
        return behind

    async def listen(self) -> Request:
        """A listening poll that is under way."""
        request = self.request(**{"beep-poll": self.named})
        await request.say(b"")
        return request

    async def heard(self, request: Request | None = None) -> list[Any]:
        """The frames of the next answer."""
        reply = await (request or await self.listen()).answer()
        found = reply.frames
        self.named = reply.headers["beep-poll"]
        return found

    async def elsewhere(self, port: int) -> list[Any]:
        """The same by a real request to a server process on `port`."""
        reply = await asyncio.to_thread(self._elsewhere, port)
        found = reply.frames
        self.named = reply.headers["beep-poll"]
        return found

    def _elsewhere(self, port: int) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {
            "Content-Type": TYPE,
            "Origin": f"http://127.0.0.1:{port}",
            "Cookie": self.actor.cookie,
            "Beep-Poll": self.named,
        }
        connection.request("POST", "/poll", b"", headers)
        answer = connection.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, named, answer.read())


def _body(*frames: protocol.ClientFrame) -> bytes:
    encoded = [protocol.encode(frame) for frame in frames]
    return b"".join(len(frame).to_bytes(4, "big") + frame for frame in encoded)
