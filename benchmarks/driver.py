"""The load for Beep: `python -m benchmarks.driver` reads one JSON object on standard input and prints one.

Input: `{"work", "ports", "window", "seconds", "size", "missed", "members": [{"cookie", "device", "counter"}],
"talks": [{"id", "group_id"}]}`; see `benchmarks.workloads`. Times in the output are in milliseconds.
`driver_idle` is the share of the time in which the driver had nothing to do: near 0 it measures itself.
"""

import asyncio
import json
import sys
import time
from typing import Any, Final

import uvloop

from benchmarks import day, storm
from benchmarks.load import Load, group_figures, pair_figures, settle
from benchmarks.wire import Line, Sender, connect, go_live, hear, live
from messaging import protocol


class Counter:
    """Hears every frame of every line: counts deliveries, and lets a sender go on when it is answered."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.senders: dict[Line, Sender] = {}
        self.origin: Sender | None = None
        """The one sender of a group, whose clock deliveries are measured by."""

    def on_frame(self, line: Line, payload: bytes) -> None:
        """See `Line`."""
        heard, load = hear(payload), self.load
        if heard.t == "envelopes":
            load.received += len(heard.envelopes)
            if load.counting and self.origin is not None:
                now, sent_at = time.perf_counter(), self.origin.sent_at
                load.deliveries += [(now - sent_at[e.counter]) * 1000 for e in heard.envelopes]
        elif heard.t == "sent":
            sender = self.senders[line]
            took = sender.answered(heard.re)
            if load.counting:
                load.answers.append(took)
            if load.running:
                sender.go(1)
        elif heard.t == "refused":
            raise SystemExit(f"refused: {heard.code}")

    def sender(self, order: dict[str, Any], line: Line, member: int, talk: int) -> Sender:
        """The member's device, about to send into the talk."""
        made = Sender(line, order["talks"][talk], order["members"][member]["counter"], size=order["size"])
        self.senders[line] = made
        return made


async def fan_out(order: dict[str, Any]) -> dict[str, Any]:
    """W1: one group, everybody connected, one sender."""
    load = Load(window=order["window"], warm_up=order["warm_up"])
    counter = Counter(load)
    lines = await live(order, counter.on_frame)
    origin = counter.origin = counter.sender(order, lines[0], 0, 0)
    own = await load.measure([origin], order["seconds"])
    expected = len(lines) * (origin.counter - 1)
    await settle(lambda: load.received >= expected)
    assert load.received == expected, f"{load.received} of {expected} deliveries"
    return group_figures(load, own)


async def pairs(order: dict[str, Any]) -> dict[str, Any]:
    """W2: many pairs, the first of each sends."""
    load = Load(window=order["window"], warm_up=order["warm_up"])
    counter = Counter(load)
    lines = await live(order, counter.on_frame)
    senders = [counter.sender(order, lines[2 * talk], 2 * talk, talk) for talk in range(len(order["talks"]))]
    own = await load.measure(senders, order["seconds"])
    expected = sum(2 * (sender.counter - 1) for sender in senders)
    await settle(lambda: load.received >= expected)
    assert load.received == expected, f"{load.received} of {expected} deliveries"
    return pair_figures(load, own)


async def catch_up(order: dict[str, Any]) -> dict[str, Any]:
    """W4: one device fetches everything behind its cursor, page by page."""
    pages: asyncio.Queue[bytes] = asyncio.Queue()
    line = await connect(
        order["ports"][0], order["members"][0]["cookie"], lambda _, payload: pages.put_nowait(payload)
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
    """W3: connections that only stay; whoever started us looks at the server's memory."""
    lines = await live(order, lambda *_: None)
    print(json.dumps({"connected": len(lines)}), flush=True)
    await asyncio.sleep(order["seconds"])
    return {"still_connected": sum(not line.gone.done() for line in lines)}


WORK: Final = {
    "fan_out": fan_out,
    "pairs": pairs,
    "catch_up": catch_up,
    "idle": idle,
    "storm": storm.storm,
    "mixed": day.mixed,
}


def main() -> None:
    """Do the one piece of work that standard input asks for."""
    order = json.load(sys.stdin)
    print(json.dumps(uvloop.run(WORK[order["work"]](order))), flush=True)


if __name__ == "__main__":
    main()
