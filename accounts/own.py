"""What a signed-in person sees of themselves."""

from dataclasses import dataclass
from uuid import UUID

from accounts import people, roles
from accounts.callers import Caller
from accounts.models import Device, Person
from accounts.people import Card


@dataclass(frozen=True, slots=True)
class Profile:
    """One's own card, login, the device that this is, the passphrase's salt, and one's duties."""

    card: Card
    login: str
    device: UUID
    device_name: str
    salt: bytes
    duties: list[str]


def profile(*, caller: Caller) -> Profile:
    """The caller's profile."""
    person = Person.objects.get(id=caller.person)
    return Profile(
        card=people.card(person=caller.person),
        login=person.login,
        device=caller.device,
        device_name=Device.objects.get(id=caller.device).name,
        salt=bytes(person.signin_salt or b""),
        duties=roles.duties(person=caller.person),
    )
