"""W6: a mixed day. Devices in groups of ten mostly read (a page of the log, or the answer to `resume`), one
action in ten is a message, and every few seconds a twentieth of them do something at once.

Actions come at a rate that is fixed beforehand, and each is timed from when it was due: a server that falls
behind is not asked less, so that the wait in its queues counts (open loop).
"""

import asyncio
import random
import time
from typing import Any, Final

from benchmarks.load import quantiles, settle
from benchmarks.wire import Line, Sender, hear, live
from messaging import protocol

READS: Final = 0.9
"""Share of the actions that read."""
RATE: Final = 0.5
"""Actions of a device in a second: an hour of a busy person's day in a few minutes."""
BURST_EVERY: Final = 2.0
"""Seconds between two bursts."""
BURST: Final = 0.05
"""Share of the devices that act in a burst."""
PAGE: Final = 50
SEED: Final = 20
"""The same day each time."""


class Person:
    """A device with a sender of its own, and what it waits for."""

    def __init__(self, line: Line, sender: Sender) -> None:
        self.line = line
        self.sender = sender
        self.due: dict[int, tuple[str, float]] = {}
        """Request id → kind and when it was due."""
        self.seen = 1

    def act(self, kind: str, due: float) -> None:
        """Read or send."""
        if kind == "sends":
            self.sender.go(1)
            self.due[self.sender.last_id] = (kind, due)
            return
        self.sender.last_id += 1
        after = max(0, self.seen - PAGE)
        fetch = protocol.Fetch(
            id=self.sender.last_id, conversation=self.sender.conversation, after=after, limit=PAGE
        )
        self.due[fetch.id] = (kind, due)
        self.line.send(protocol.encode(fetch))


class Day:
    """All persons, and the samples in milliseconds by kind."""

    def __init__(self) -> None:
        self.persons: dict[Line, Person] = {}
        self.samples: dict[str, list[float]] = {"reads": [], "sends": [], "deliveries": []}
        self.sent_at: dict[tuple[bytes, int], float] = {}
        """(device's conversation, its counter and sender) → due time, for deliveries."""
        self.refused = 0

    def on_frame(self, line: Line, payload: bytes) -> None:
        """See `Line`."""
        heard, now = hear(payload), time.perf_counter()
        person = self.persons.get(line)
        if person is None:
            return
        if heard.t == "envelopes":
            for envelope in heard.envelopes:
                person.seen = max(person.seen, envelope.seq)
                began = self.sent_at.get((envelope.device, envelope.counter))
                if began is not None:
                    self.samples["deliveries"].append((now - began) * 1000)
        elif heard.re in person.due:
            kind, due = person.due.pop(heard.re)
            person.sender.asked.pop(heard.re, None)
            if heard.t == "refused":
                self.refused += 1
            else:
                self.samples[kind].append((now - due) * 1000)


async def mixed(order: dict[str, Any]) -> dict[str, Any]:
    """Everybody connects, then `seconds` of a day."""
    chance, day = random.Random(SEED), Day()
    lines = await live(order, day.on_frame)
    for index, line in enumerate(lines):
        sender = Sender(
            line, order["talks"][index // 10], order["members"][index]["counter"], size=order["size"]
        )
        day.persons[line] = Person(line, sender)
    devices = [bytes.fromhex(member["device"]) for member in order["members"]]
    plan = _plan(chance, len(lines), order["seconds"])
    wall, busy = time.perf_counter(), time.process_time()
    print("begin", flush=True)
    for at, index, kind in plan:
        due = wall + at
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        person = day.persons[lines[index]]
        person.act(kind, due)
        if kind == "sends":
            day.sent_at[devices[index], person.sender.counter] = due
    await settle(lambda: not any(person.due for person in day.persons.values()))
    print("end", flush=True)
    unanswered = sum(len(person.due) for person in day.persons.values())
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    figures: dict[str, Any] = {
        f"{kind}_{name}": value
        for kind, samples in day.samples.items()
        for name, value in {"count": len(samples), **quantiles(samples)}.items()
    }
    return {
        "counted": len(plan),
        "counted_actions": len(plan),
        "devices": len(lines),
        "actions_per_s": round(len(plan) / wall),
        **figures,
        "refused": day.refused,
        "unanswered": unanswered,
        "seconds": round(wall, 2),
        "driver_idle": round(max(0.0, 1 - busy / wall), 2),
    }


def _plan(chance: random.Random, devices: int, seconds: float) -> list[tuple[float, int, str]]:
    """When who does what, in order of time."""

    def kind() -> str:
        return "reads" if chance.random() < READS else "sends"

    steady = int(devices * RATE * seconds)
    plan = [(chance.uniform(0, seconds), chance.randrange(devices), kind()) for _ in range(steady)]
    at = BURST_EVERY / 2
    while at < seconds:
        plan += [(at, index, kind()) for index in chance.sample(range(devices), max(1, int(devices * BURST)))]
        at += BURST_EVERY
    return sorted(plan)
