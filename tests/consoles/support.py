"""An auditor at the console, a log with witnesses behind it, and something in the log."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connections
from django.test import Client

from accounts import roles
from accounts.models import Role
from audit import log
from audit.integrator import Integrator
from audit.projection import project
from audit.witnessing import Witnesses
from beep.clock import StoppedClock
from beep.schemas import to_base64url
from tests.accounts.support import OPERATOR, Browser
from tests.audit.support import ORIGIN as LOG_ORIGIN
from tests.audit.support import Crew, drain, integrator
from tests.support.databases import TestDatabase

HOST = "console.localhost"
ORIGIN = f"http://{HOST}"


@dataclass
class Desk:
    """A browser of the console; the person's passphrase and authenticator are those of `owner`."""

    owner: Browser
    client: Client = field(default_factory=lambda: Client(headers={"host": HOST}))

    def get(self, path: str, **query: Any) -> Any:
        """A page."""
        return self.client.get(path, query)

    def post(self, path: str, *, origin: str = ORIGIN, **form: Any) -> Any:
        """A form."""
        return self.client.post(path, form, headers={"origin": origin})

    def send(self, path: str, body: Any, *, origin: str = ORIGIN) -> Any:
        """JSON, as the sign-in page sends it."""
        return self.client.post(
            path, json.dumps(body), content_type="application/json", headers={"origin": origin}
        )

    def proofs(self, **changes: Any) -> dict[str, Any]:
        """The body that signs in, everything right."""
        greeting = self.send("/sign-in/begin", {"login": self.owner.login}).json()
        body = {
            "login": self.owner.login,
            "signin_secret": to_base64url(self.owner.secret),
            "totp": self.owner.code(),
            "challenge": greeting["challenge"],
        }
        return {**body, **changes}

    def sign_in(self, **changes: Any) -> Any:
        """Both steps."""
        return self.send("/sign-in/finish", self.proofs(**changes))


def auditor(browser: Browser) -> Desk:
    """Give the browser's person the duty; not signed in yet."""
    roles.grant(person=browser.person, duty=Role.Duty.AUDITOR, granted_by=None, actor=OPERATOR)
    return Desk(browser)


def signed_in(browser: Browser, time: StoppedClock) -> Desk:
    """An auditor who has signed in; the clock has moved on, so that the next code counts."""
    desk = auditor(browser)
    time.advance(timedelta(seconds=30))
    assert desk.sign_in().status_code == 200
    time.advance(timedelta(seconds=30))
    return desk


def projecting(database: TestDatabase) -> Integrator:
    """An integrator that writes the search table as well, as `manage.py integrate` does."""
    return integrator(database, project=project)


@dataclass
class Office:
    """An auditor at a desk, somebody the log speaks of, and the log."""

    desk: Desk
    other: Browser
    integrating: Integrator
    crew: Crew
    time: StoppedClock

    def settle(self) -> int:
        """Everything that has happened is in the log and witnessed; its size."""
        size = drain(self.integrating)
        with connections["integrator"].cursor() as cursor:
            note = log.latest_note(cursor)
            assert note is not None
            prove = log.tree(cursor, size).consistency
            for each in Witnesses(self.crew.policy, LOG_ORIGIN, prove).collect(note):
                cursor.execute(
                    "INSERT INTO audit_cosignature (size, witness, time, line) VALUES (%s, %s, %s, %s) "
                    "ON CONFLICT DO NOTHING",
                    [size, each.witness, each.time, each.line],
                )
        return size


def event(leaf: int) -> Any:
    """An entry's JSON."""
    with connections["auditor"].cursor() as cursor:
        cursor.execute("SELECT body FROM audit_leaf WHERE leaf_index = %s", [leaf])
        return json.loads(bytes(cursor.fetchone()[0]).partition(b"\n")[2])


def leaves(page: bytes) -> list[int]:
    """The entries that a page lists."""
    return [int(part.split(b'"')[0]) for part in page.split(b'data-leaf="')[1:]]
