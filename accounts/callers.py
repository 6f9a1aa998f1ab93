"""Who is asking: an address nobody has proved anything from, or a session."""

from dataclasses import dataclass
from uuid import UUID

from audit.events import Actor, Personal


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who has not signed in. `address` is the client's IP address where it is known."""

    address: str | None

    def actor(self, *, person: UUID | None = None, device: UUID | None = None) -> Actor:
        """The visitor as audit actor; `person` once it is proved who it is."""
        return Actor(person=person, device=device, address=Personal(self.address) if self.address else None)


@dataclass(frozen=True, slots=True)
class Caller:
    """A living session of a living device of an active person."""

    session: UUID
    person: UUID
    device: UUID
    address: str | None

    def actor(self) -> Actor:
        """The caller as audit actor."""
        address = Personal(self.address) if self.address else None
        return Actor(person=self.person, session=self.session, device=self.device, address=address)
