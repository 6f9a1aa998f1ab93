"""W5: a reconnect storm. Everybody is connected and has missed nothing; the server is killed; everybody comes
back at once and is current again when `behind` was answered and every envelope behind the cursor is fetched.
"""

import asyncio
import json
import random
import sys
import time
from contextlib import suppress
from typing import Any, Final

from benchmarks.load import quantiles
from benchmarks.wire import Line, connect, hear, live
from messaging import protocol

PAUSE: Final = (0.05, 0.25)
"""Seconds between two attempts of a device, at random."""


class Returning:
    """A device that comes back with its cursor and fetches what it lacks."""

    def __init__(self, port: int, cookie: str, talk: str, cursor: int) -> None:
        self.port = port
        self.cookie = cookie
        self.cursors = [protocol.Cursor(conversation=bytes.fromhex(talk), seq=cursor)]
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()
        self.fetched = 0
        self.attempts = 0

    async def be_current(self) -> Line:
        """Try until it is; a refused connection or a full queue is tried again after a tenth of a second."""
        while True:
            self.attempts += 1
            with suppress(OSError, ConnectionError, TimeoutError):
                return await asyncio.wait_for(self._once(), 60)
            await asyncio.sleep(random.uniform(*PAUSE))

    async def _once(self) -> Line:
        answers = self.answers = asyncio.Queue()
        line = await connect(self.port, self.cookie, lambda _, payload: answers.put_nowait(payload))
        # Whoever waits for an answer hears of the end too.
        line.gone.add_done_callback(lambda _: answers.put_nowait(b""))
        try:
            await self._fetch_all(line)
        except BaseException:
            line.transport.abort()
            raise
        return line

    async def _fetch_all(self, line: Line) -> None:
        self.fetched = 0
        line.send(protocol.encode(protocol.Hello(id=1, minor=0)))
        line.send(protocol.encode(protocol.Resume(id=2, cursors=self.cursors, mailbox=0)))
        while (heard := hear(await self._answer())).t != "behind":
            if heard.t == "refused":
                raise ConnectionError(heard.code)
        number = 2
        for cursor in self.cursors:
            after = cursor.seq
            while True:
                number += 1
                line.send(
                    protocol.encode(
                        protocol.Fetch(
                            id=number, conversation=cursor.conversation, after=after, limit=protocol.MAX_PAGE
                        )
                    )
                )
                while (page := hear(await self._answer())).t != "page":
                    if page.t == "refused":
                        raise ConnectionError(page.code)
                self.fetched += len(page.envelopes)
                if not page.envelopes or page.envelopes[-1].seq >= page.last_seq:
                    break
                after = page.envelopes[-1].seq

    async def _answer(self) -> bytes:
        """The next frame; raises ConnectionError when the line has gone."""
        payload = await self.answers.get()
        if not payload:
            raise ConnectionError("gone")
        return payload


async def storm(order: dict[str, Any]) -> dict[str, Any]:
    """Connect; say so; wait until the lines are cut; come back. Each device misses `missed` envelopes."""
    lines = await live(order, lambda *_: None)
    print(json.dumps({"connected": len(lines)}), flush=True)
    await asyncio.gather(*(line.gone for line in lines))
    began, busy = time.perf_counter(), time.process_time()
    took: list[float] = []
    ports = order["ports"]

    async def back(index: int, cookie: str) -> Returning:
        device = Returning(ports[index % len(ports)], cookie, order["talks"][index // 2]["id"], 1)
        await device.be_current()
        took.append((time.perf_counter() - began) * 1000)
        return device

    devices = await asyncio.gather(*(back(i, m["cookie"]) for i, m in enumerate(order["members"])))
    seconds = time.perf_counter() - began
    fetched = sum(device.fetched for device in devices)
    if fetched != len(devices) * order["missed"]:
        sys.exit(f"{fetched} envelopes fetched, {len(devices) * order['missed']} missed")
    return {
        "devices": len(devices),
        "missed_each": order["missed"],
        "all_current_s": round(seconds, 2),
        **quantiles(took),
        "attempts": sum(device.attempts for device in devices),
        "driver_idle": round(1 - (time.process_time() - busy) / seconds, 2),
    }
