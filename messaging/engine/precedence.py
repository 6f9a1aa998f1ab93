"""Which of several sockets of one device stays: the one that was let in last, whatever its host.

"Last" is the order of a sequence in PostgreSQL, whose next number is read together with the session: every
socket was let in by the same database, so that no two hosts' clocks are compared and nothing is asked twice.
A claim goes to the other processes through the relay, which may lose it or bring it late. So whoever hears an
older claim than its own repeats its own, and after hints may have been missed every process says all of its
claims again: in the end all but the newest have closed with 4409, and the newest never has.

While Valkey is away two hosts do not hear of each other, and a device that changes hosts leaves a socket
behind until its connection ends or Valkey is back. That is harmless: both read and write the same database.
"""

from collections.abc import Callable, Mapping
from typing import Final

from messaging import protocol
from messaging.engine import signals
from messaging.engine.hub import Hub, Member

UNDECIDED: Final = 0
"""The order of a socket that takes another's place and does not know its order yet: it neither claims nor
yields."""
TOGETHER: Final = 4_096
"""Claims in one signal."""


class Precedence:
    """The claims of this process's sockets; `notify` passes an encoded signal on to the others."""

    def __init__(self, hub: Hub, notify: Callable[[bytes], None]) -> None:
        self._hub: Final = hub
        self._notify: Final = notify

    def claim(self, member: Member) -> None:
        """Register the socket, which takes the place of an older one, or close it when there is a newer."""
        former = self._hub.devices.get(member.device)
        if former is not None and former.order > member.order:
            # Let in later, and quicker to say hello.
            member.close(protocol.CLOSE_SUPERSEDED)
            return
        if former is not member:
            self._hub.add(member)
        if former is not None and former is not member:
            former.close(protocol.CLOSE_SUPERSEDED)
        self._say(member)

    def claim_again(self) -> None:
        """Say all that stands here: claims may have been lost, in either direction."""
        standing = [(m.device, m.order) for m in self._hub.members() if m.order != UNDECIDED]
        for start in range(0, len(standing), TOGETHER):
            claims = signals.Standing(orders=dict(standing[start : start + TOGETHER]))
            self._notify(signals.encode(claims))

    def hear(self, orders: Mapping[bytes, int]) -> None:
        """Another process's claims, by device."""
        for device, order in orders.items():
            member = self._hub.devices.get(device)
            if member is None or member.order == UNDECIDED:
                continue
            if member.order < order:
                member.close(protocol.CLOSE_SUPERSEDED)
            elif member.order > order:
                # It has not heard of ours.
                self._say(member)

    def _say(self, member: Member) -> None:
        self._notify(signals.encode(signals.Superseded(device=member.device, at=member.order)))
