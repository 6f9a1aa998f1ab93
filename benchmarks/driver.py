"""The load: `python -m benchmarks.driver` reads one JSON object on standard input and prints one.

Input: `{"work": "fan_out" | "pairs" | "catch_up" | "idle", "port", "window", "seconds", "size",
"members": [{"cookie", "counter"}], "talks": [{"id", "group_id"}]}`. Times in the output are in milliseconds.
`driver_idle` is the share of the time in which the driver had nothing to do: near 0 it measures itself.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import uvloop

from benchmarks.wire import Line, connect, go_live, hear
from messaging import protocol
from tests.messaging.engine.bodies import body

WARM_UP = 1.0
"""Seconds before counting begins."""


class Sender:
    """A device that keeps `window` messages of one conversation unanswered."""

    def __init__(self, load: "Load", line: Line, talk: dict[str, str], counter: int) -> None:
        self.load = load
        self.line = line
        self.conversation = bytes.fromhex(talk["id"])
        self.body = body(bytes.fromhex(talk["group_id"]), size=load.size)
        self.counter = counter
        self.sent_at: dict[int, float] = {}
        """Counter → when it was sent."""
        self.asked: dict[int, int] = {}
        """Request id → counter."""
        self._id = 2

    def go(self, count: int) -> None:
        """Send the next `count` messages."""
        for _ in range(count):
            self.counter += 1
            self._id += 1
            self.asked[self._id] = self.counter
            self.sent_at[self.counter] = time.perf_counter()
            frame = protocol.Send(
                id=self._id,
                conversation=self.conversation,
                generation=1,
                epoch=1,
                counter=self.counter,
                body=self.body,
            )
            self.line.send(protocol.encode(frame))

    def answered(self, re: int) -> float:
        """Milliseconds from sending to `sent`."""
        return (time.perf_counter() - self.sent_at[self.asked.pop(re)]) * 1000


class Load:
    """What is counted between `begin` and `end`."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.size: int = order["size"]
        self.window: int = order["window"]
        self.deliveries: list[float] = []
        self.answers: list[float] = []
        self.counting = False
        self.running = True
        self.received = 0
        self.senders: dict[Line, Sender] = {}

    def on_frame(self, line: Line, payload: bytes) -> None:
        """Count a frame, and send the next message for one that was answered."""
        heard = hear(payload)
        if heard.t == "envelopes":
            self.received += len(heard.envelopes)
            if self.counting and self.origin is not None:
                now, sent_at = time.perf_counter(), self.origin.sent_at
                self.deliveries += [(now - sent_at[e.counter]) * 1000 for e in heard.envelopes]
        elif heard.t == "sent":
            sender = self.senders[line]
            took = sender.answered(heard.re)
            if self.counting:
                self.answers.append(took)
            if self.running:
                sender.go(1)
        elif heard.t == "refused":
            raise SystemExit(f"refused: {heard.code}")

    origin: Sender | None = None
    """The one sender of a group, whose clock deliveries are measured by."""

    async def measure(self, seconds: float) -> dict[str, float]:
        """Start every sender, warm up, count, stop; figures of the driver's own load."""
        for sender in self.senders.values():
            sender.go(self.window)
        await asyncio.sleep(WARM_UP)
        wall, busy = time.perf_counter(), time.process_time()
        # Whoever started us looks at the system's CPU time at both words.
        print("begin", flush=True)
        self.counting = True
        await asyncio.sleep(seconds)
        self.counting = False
        print("end", flush=True)
        wall, busy = time.perf_counter() - wall, time.process_time() - busy
        self.running = False
        await settle(lambda: not any(sender.asked for sender in self.senders.values()))
        return {"seconds": round(wall, 2), "driver_idle": round(max(0.0, 1 - busy / wall), 2)}


def quantiles(values: list[float]) -> dict[str, float]:
    """p50 and p99."""
    ordered = sorted(values) or [0.0]
    return {
        "p50_ms": round(ordered[len(ordered) // 2], 2),
        "p99_ms": round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], 2),
    }


async def live(order: dict[str, Any], load: Load) -> list[Line]:
    """Connect everybody."""
    lines = []
    for member in order["members"]:
        line = await connect(order["port"], member["cookie"], load.on_frame)
        await go_live(line)
        lines.append(line)
    return lines


async def fan_out(order: dict[str, Any]) -> dict[str, Any]:
    """W1: one group, everybody connected, one sender."""
    load = Load(order)
    lines = await live(order, load)
    load.origin = Sender(load, lines[0], order["talks"][0], order["members"][0]["counter"])
    load.senders[lines[0]] = load.origin
    own = await load.measure(order["seconds"])
    expected = len(lines) * load.origin.counter - len(lines)
    await settle(lambda: load.received >= expected)
    assert load.received == expected, f"{load.received} of {expected} deliveries"
    return {
        "counted": len(load.deliveries),
        "deliveries_per_s": round(len(load.deliveries) / own["seconds"]),
        **quantiles(load.deliveries),
        "sent_p50_ms": quantiles(load.answers)["p50_ms"],
        **own,
    }


async def pairs(order: dict[str, Any]) -> dict[str, Any]:
    """W2: many pairs, the first of each sends."""
    load = Load(order)
    lines = await live(order, load)
    for index, talk in enumerate(order["talks"]):
        line = lines[2 * index]
        load.senders[line] = Sender(load, line, talk, order["members"][2 * index]["counter"])
    own = await load.measure(order["seconds"])
    expected = sum(2 * (sender.counter - 1) for sender in load.senders.values())
    await settle(lambda: load.received >= expected)
    assert load.received == expected, f"{load.received} of {expected} deliveries"
    rate = round(len(load.answers) / own["seconds"])
    return {"counted": len(load.answers), "messages_per_s": rate, **quantiles(load.answers), **own}


async def settle(done: Callable[[], bool]) -> None:
    """Wait up to ten seconds for what is still on its way."""
    for _ in range(1_000):
        if done():
            return
        await asyncio.sleep(0.01)


async def catch_up(order: dict[str, Any]) -> dict[str, Any]:
    """One device fetches everything behind its cursor, page by page."""
    pages: asyncio.Queue[bytes] = asyncio.Queue()
    line = await connect(
        order["port"], order["members"][0]["cookie"], lambda _, payload: pages.put_nowait(payload)
    )
    await go_live(line)
    conversation, after, count, request = bytes.fromhex(order["talks"][0]["id"]), 1, 0, 2
    began = time.perf_counter()
    while True:
        request += 1
        line.send(
            protocol.encode(
                protocol.Fetch(id=request, conversation=conversation, after=after, limit=protocol.MAX_PAGE)
            )
        )
        page = hear(await pages.get())
        if not page.envelopes:
            break
        count += len(page.envelopes)
        after = page.envelopes[-1].seq
    return {"envelopes": count, "seconds": round(time.perf_counter() - began, 3)}


async def idle(order: dict[str, Any]) -> dict[str, Any]:
    """Connections that only stay; whoever started us looks at the server's memory."""
    lines = await live(order, Load(order))
    print(json.dumps({"connected": len(lines)}), flush=True)
    await asyncio.sleep(order["seconds"])
    return {"still_connected": sum(not line.gone.done() for line in lines)}


WORK = {"fan_out": fan_out, "pairs": pairs, "catch_up": catch_up, "idle": idle}


def main() -> None:
    """Do the one piece of work that standard input asks for."""
    order = json.load(sys.stdin)
    print(json.dumps(uvloop.run(WORK[order["work"]](order))), flush=True)


if __name__ == "__main__":
    main()
