"""Who gets as far as a look-up of their session, which costs the database a query.

Two bounds. A token may be shown only so often a second: a device that opens and drops connections in a loop
is turned away without a query. And an address from which unknown tokens have come may still be that of a
whole ministry, so nobody is locked out for it: those who come from there are looked up one after another,
while a few wait in line, and the others are told to come back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from accounts.throttle import network
from beep import metrics
from beep.errors import BeepError
from messaging.engine import limits
from messaging.engine.allowances import Kind
from messaging.engine.reads import Session

OPENING: Final = 1.0
ASKING: Final = 0.1
"""What a look-up takes of a token's bucket: for a WebSocket, and for one of the many requests of a poll."""


@dataclass(slots=True)
class _Line:
    """Those who wait behind each other."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    length: int = 0


class Doors:
    """Counts by token and by address, in this process alone: a proxy spreads connections over all of them."""

    def __init__(self) -> None:
        self.tokens: Final = Kind(b"", limits.OPENINGS_RATE, limits.OPENINGS_BURST)
        self.strangers: Final = Kind(b"", limits.STRANGERS_RATE, limits.STRANGERS_BURST)
        self._lines: Final[dict[bytes, _Line]] = {}
        self._resting = 0

    def forget(self) -> None:
        """See `Kind.forget`."""
        self.tokens.forget()
        self.strangers.forget()

    async def session(
        self,
        look_up: Callable[[], Awaitable[Session | None]],
        *,
        token_hash: bytes,
        address: str | None,
        cost: float = OPENING,
    ) -> Session | None:
        """What `look_up` finds. Raises BeepError `rate_limited`, and what `look_up` raises."""
        if wait := self.tokens.of(token_hash).take(cost):
            raise await self._turned_away(wait)
        origin = network(address).encode()
        strangers = self.strangers.of(origin)
        if strangers.take(0.0):
            session = await self._in_line(origin, look_up)
        else:
            session = await look_up()
        if session is None:
            strangers.charge(1.0)
            # Made-up tokens must not push those of others out.
            self.tokens.buckets.pop(token_hash, None)
        return session

    async def _in_line(
        self, origin: bytes, look_up: Callable[[], Awaitable[Session | None]]
    ) -> Session | None:
        line = self._lines.setdefault(origin, _Line())
        if line.length >= limits.LINE:
            raise await self._turned_away(1.0)
        line.length += 1
        try:
            async with line.turn:
                return await look_up()
        finally:
            line.length -= 1
            if not line.length:
                del self._lines[origin]

    async def _turned_away(self, wait: float) -> BeepError:
        """The refusal, late: whoever comes again and again waits each time, as long as there are few such."""
        metrics.total.turned_away += 1
        if self._resting < limits.RESTING:
            self._resting += 1
            try:
                await asyncio.sleep(min(wait, limits.TURNED_AWAY_REST))
            finally:
                self._resting -= 1
        return BeepError("rate_limited", retry_after=round(wait + 0.05, 2))
