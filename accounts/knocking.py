"""What all attempts to get in with a login share: finding the person, and what a refusal leaves behind.

Used inside `attempts.attempt`: sign-in to the messenger, to the console, and recovery.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts import challenges, throttle
from accounts.callers import Visitor
from accounts.challenges import ChallengePurpose
from accounts.models import Person
from accounts.throttle import Subject
from audit import intake
from audit.events import Event, Personal
from beep.errors import BeepError


@dataclass(frozen=True, slots=True)
class Knock:
    """Somebody who says that they are `login`."""

    login: str
    """As the directory writes it."""
    person: Person | None
    """Locked, when the login is known."""
    subjects: tuple[Subject, ...]
    """Whose failures delay this attempt."""


def find(*, login: str, challenge: bytes, purpose: ChallengePurpose) -> Person | None:
    """The person with this login, locked; None for one that does not exist.

    Raises BeepError `challenge_refused`.
    """
    challenges.check(challenge, purpose=purpose, login=login)
    return Person.objects.select_for_update(no_key=True).filter(login=login).first()


def refuse(
    knock: Knock,
    error: BeepError,
    *,
    counted: str,
    event: Callable[..., Event],
    visitor: Visitor,
    **facts: Any,
) -> None:
    """Count the failure when its code is `counted`, and record `event` as refused, with `facts` of its own.

    The login stands in it only where no person was found: else the person does.
    """
    if error.code == counted:
        throttle.failed(knock.subjects)
    intake.record(
        event(
            actor=visitor.actor(),
            target=knock.person.id if knock.person else None,
            outcome="refused",
            error=error.code,
            login=None if knock.person else Personal(knock.login),
            **facts,
        )
    )
