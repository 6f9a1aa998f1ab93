"""A made-up directory for demonstrations: two ministries, forty people, and a letter for each.

Codes are derived from BEEP_CODE_KEY, so that a letter survives a restart without being stored. Whoever has
that key could make the codes of this directory: it is refused outside demo mode.
"""

import hmac
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from accounts import activation, codes, csv_import, import_plan, roles
from accounts.models import Activation, OrgUnit, Person, Role
from audit.events import Actor
from beep import clock

ACTOR: Final = Actor(system="demonstration")
PEOPLE: Final = Path(__file__).with_name("people.csv")
SHOWN_FIRST: Final = (
    "ayesha.siddiqui",
    "omar.farooq",
    "bilal.ahmed",
    "amna.tariq",
    "reza.hosseini",
    "parwana.rahimi",
)
"""Two ministries, Urdu and Persian names; each pair of neighbours is a conversation across ministries."""
MODERATORS: Final = {"/finance/": "bilal.ahmed", "/health/": "amna.tariq"}
"""Ministry → who receives reports from its people."""
AUDITOR: Final = "parwana.rahimi"
"""Who may open the console; `reza.hosseini` may not, for an administrator audits nobody."""
ADMINISTRATOR: Final = "reza.hosseini"
VALID_FOR: Final = timedelta(days=3650)


def seed() -> dict[str, Any]:
    """Bring the demonstration's directory into being, or leave it as it is; returns what to tell the visitor.

    `{"people": [{"id", "login", "personnel_number", "name": {"latin", "local"}, "ministry", "duties",
    "activated", "activation_code", "activation_path"}]}`: the code is None for who is activated. A
    RuntimeError outside demo mode.
    """
    if not settings.DEMO:
        raise RuntimeError("the demonstration's directory is for BEEP_DEMO=1 only")
    rows = csv_import.read(PEOPLE.read_bytes())
    if import_plan.make(rows).people:
        import_plan.apply(rows=rows, actor=ACTOR)
    _appoint()
    by_login = {
        person.login: person for person in Person.objects.filter(login__in=[row.login for row in rows])
    }
    ministries = {row.login: row.ministry_latin for row in rows}
    order = [*SHOWN_FIRST, *(login for login in ministries if login not in SHOWN_FIRST)]
    return {"people": [_shown(by_login[login], ministries[login]) for login in order]}


def _appoint() -> None:
    for path, login in MODERATORS.items():
        _grant(login, Role.Duty.MODERATOR, OrgUnit.objects.get(path=path))
    _grant(AUDITOR, Role.Duty.AUDITOR)
    _grant(ADMINISTRATOR, Role.Duty.DIRECTORY_ADMINISTRATOR)


def _grant(login: str, duty: Role.Duty, scope: OrgUnit | None = None) -> None:
    person = Person.objects.get(login=login)
    held = Role.objects.filter(person=person, duty=duty, scope=scope)
    # One that was ended stays so, and who has left is not asked.
    if person.state == Person.State.ACTIVE and not held.exists():
        roles.grant(
            person=person.id, duty=duty, scope=scope.id if scope else None, granted_by=None, actor=ACTOR
        )


def _shown(person: Person, ministry: str) -> dict[str, Any]:
    code = _open_letter(person)
    return {
        "id": str(person.id),
        "login": person.login,
        "personnel_number": person.personnel_number,
        "name": {"latin": person.name_latin, "local": person.name_local},
        "ministry": ministry,
        "duties": roles.duties(person=person.id),
        "activated": code is None,
        "activation_code": code,
        "activation_path": f"/activate#{code}" if code else None,
    }


def _open_letter(person: Person) -> str | None:
    """The code of the person's open letter, which is made when there is none; None for who cannot be
    activated.
    """
    if person.state != Person.State.ACTIVE or person.statement_version:
        return None
    letters = Activation.objects.filter(person=person)
    live = letters.filter(used_at__isnull=True, withdrawn_at__isnull=True, expires_at__gt=clock.now()).first()
    closed = letters.count() - (1 if live else 0)
    code = _code(person, closed)
    mac = codes.activation_mac(key=settings.CODE_KEY, symbols=code)
    if live is None or bytes(live.code_mac) != mac:
        # None yet, or it was made under another key: an older one is withdrawn and the count moves on.
        code = _code(person, letters.count())
        activation.issue(person=person.id, actor=ACTOR, valid_for=VALID_FOR, unsafe_chosen_code=code)
    return codes.grouped(code)


def _code(person: Person, number: int) -> str:
    """The person's letter number `number`, always the same."""
    digest = hmac.digest(settings.CODE_KEY, f"beep demo letter v1/{person.login}/{number}".encode(), "sha256")
    return codes.activation_code_of("".join(codes.ALPHABET[byte & 31] for byte in digest[:18]))
