"""Many devices in a thread of their own, so that the test's thread can kill and start processes meanwhile."""

import asyncio
import threading
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from functools import partial

from messaging.models import ConversationKind
from tests.faults.device import Device, Tally
from tests.faults.link import Door
from tests.messaging.engine.factory import Actor, Talk, actors, talks

SPEAKERS = 8
LISTENERS = 6
"""Of the large conversation."""
LARGE = 60
"""Persons in the large conversation: past `limits.LIVE_MEMBERS`."""


@dataclass(frozen=True)
class Cast:
    """People and their conversations: pairs in a ring, a group of all speakers, and a large one."""

    people: list[Actor]
    talks: list[tuple[Talk, list[Actor]]]

    def of(self, actor: Actor) -> list[Talk]:
        """The conversations that somebody is in."""
        return [talk for talk, members in self.talks if actor in members]


def cast() -> Cast:
    """Make the rows; uses Django's connection."""
    people = actors(LARGE)
    speakers = people[:SPEAKERS]
    pairs = [[one, other] for one, other in zip(speakers, speakers[1:] + speakers[:1], strict=True)]
    groups = [speakers, people]
    made = [*talks(pairs), *talks(groups, kind=ConversationKind.GROUP)]
    return Cast(people, list(zip(made, [*pairs, *groups], strict=True)))


class Crowd:
    """The speakers and some listeners of a cast, on connections to `doors`."""

    def __init__(self, cast_: Cast, doors: Sequence[Door]) -> None:
        self.tally = Tally()
        self.devices: list[Device] = []
        self._cast = cast_
        self.doors = list(doors)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="crowd")

    def __enter__(self) -> "Crowd":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        if self._thread.is_alive() and self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        for number, actor in enumerate(self._cast.people[: SPEAKERS + LISTENERS]):
            self.devices.append(
                Device(
                    actor,
                    self._cast.of(actor),
                    speaks=number < SPEAKERS,
                    doors=self.doors,
                    tally=self.tally,
                    seed=number,
                )
            )
        self._ready.set()
        try:
            async with asyncio.TaskGroup() as group:
                for device in self.devices:
                    group.create_task(device.run())
        except asyncio.CancelledError:
            pass
        except BaseExceptionGroup as errors:
            self.tally.wrong += [repr(error) for error in _leaves(errors)]

    # --- Seen from the test's thread ----------------------------------------------------------------------

    def in_flight(self, ports: Container[int] | None = None) -> int:
        """Requests without an answer, of all connections or of those from these ports of ours."""
        links = [link for device in self.devices if (link := device.link) is not None]
        return sum(link.in_flight for link in links if ports is None or link.port in ports)

    def wait_for_requests(self, ports: Container[int] | None = None, patience: float = 1.0) -> bool:
        """Until some are in flight; False when there are none for so long."""
        deadline = time.monotonic() + patience
        while not self.in_flight(ports):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.0005)
        return True

    def lags(self) -> dict[str, int]:
        """Milliseconds from commit to live delivery since the last look: median and worst of a hundred."""
        found, self.tally.lags = sorted(self.tally.lags), []
        if not found:
            return {}
        return {"lag_p50_ms": found[len(found) // 2], "lag_p99_ms": found[len(found) * 99 // 100]}

    def scatter(self) -> None:
        """Half of the devices reconnect, so that a worker which has come back gets its share."""
        assert self._loop is not None
        for device in self.devices[::2]:
            self._loop.call_soon_threadsafe(partial(device.move, politely=False))

    def served_since(self, moment: float, wall_ms: int) -> bool:
        """Whether since then every lane had an acknowledgement, and every device heard something new.

        `moment` is `time.monotonic()`, `wall_ms` the same in milliseconds UTC.
        """
        return all(device.heard_stored_at >= wall_ms for device in self.devices) and all(
            lane.acknowledged_at >= moment for device in self.devices for lane in device.lanes
        )

    def wait_until_served(
        self, patience: float, *, began: float | None = None, wall_ms: int | None = None
    ) -> float:
        """Wait for `served_since`, with now for what is not given; gives the seconds since `began`."""
        began = time.monotonic() if began is None else began
        wall = time.time_ns() // 1_000_000 if wall_ms is None else wall_ms
        self._wait(lambda: self.served_since(began, wall), patience, "the crowd is not served again")
        return time.monotonic() - began

    def finish(self, patience: float = 60.0) -> None:
        """Begin nothing new, retry what is open, and hear everything without a reconnect."""
        for device in self.devices:
            device.quiet = True
        self._wait(self._all_acknowledged, patience, "something stays without an answer")
        ends: dict[bytes, int] = {}
        for (conversation, _, _), (seq, _) in self.tally.acknowledged.items():
            ends[conversation] = max(seq, ends.get(conversation, 0))
        self._wait(lambda: self._all_heard(ends), patience, "somebody does not hear the end")

    def _all_acknowledged(self) -> bool:
        return not any(lane.unanswered for device in self.devices for lane in device.lanes)

    def _all_heard(self, ends: dict[bytes, int]) -> bool:
        return all(
            len(log.hashes) >= ends.get(conversation, 0)
            for device in self.devices
            for conversation, log in device.logs.items()
        )

    def _wait(self, true: Callable[[], bool], patience: float, otherwise: str) -> None:
        deadline = time.monotonic() + patience
        while not true():
            assert not self.tally.wrong, self.tally.wrong[:5]
            assert self._thread.is_alive()
            assert time.monotonic() < deadline, (otherwise, dict(self.tally.counts))
            time.sleep(0.01)


def _leaves(errors: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in errors.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
