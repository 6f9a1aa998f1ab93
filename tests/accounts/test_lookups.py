"""Looking up units and pasted lists, and who receives one's reports."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts import auth, csv_import, demo, import_plan, lifecycle, matching, roles
from accounts.demo import PEOPLE
from accounts.models import OrgUnit, Person, Role
from accounts.units import PAGE
from audit import intake
from beep import clock
from beep.errors import BeepError
from tests.accounts.support import OPERATOR, Browser, activated, admit, letter, row

pytestmark = pytest.mark.django_db

Duty = Role.Duty


@pytest.fixture
def browser() -> Browser:
    """Ayesha Siddiqui of the demonstration's directory, signed in."""
    import_plan.apply(rows=csv_import.read(PEOPLE.read_bytes()), actor=OPERATOR)
    person = Person.objects.get(login="ayesha.siddiqui")
    made = Browser(login=person.login)
    made.activate(code=letter(person), number=person.personnel_number)
    return made


def unit(path: str) -> OrgUnit:
    return OrgUnit.objects.get(path=path)


def grant(login: str, duty: Duty = Duty.MODERATOR, path: str | None = None, **more: Any) -> Role:
    fields: dict[str, Any] = {"granted_by": None, "actor": OPERATOR, **more}
    scope = unit(path).id if path else None
    return roles.grant(person=Person.objects.get(login=login).id, duty=duty, scope=scope, **fields)


# --- Units --------------------------------------------------------------------------------------------------


def test_units_are_found_in_any_script(browser: Browser) -> None:
    (budget,) = browser.get("units", q="budget")["units"]
    assert budget["name"] == {"latin": "Budget Wing", "local": "بجٹ ونگ"}
    assert budget["ministry"]["latin"] == "Ministry of Finance"
    assert budget["people"] == 5
    assert browser.get("units", q="بجٹ") == browser.get("units", q="BUD")
    of_ministry = browser.get("units", q="finance")["units"]
    assert {each["name"]["latin"] for each in of_ministry} >= {"Ministry of Finance", "Budget Wing"}
    (whole,) = [each for each in of_ministry if each["id"] == str(unit("/finance/").id)]
    assert whole["people"] == 20
    assert browser.get("units", q="no such unit") == {"units": [], "next": None}


def test_a_units_people_are_those_below_it_too(browser: Browser) -> None:
    page = browser.get(f"units/{unit('/finance/').id}/people")
    names = [person["name"]["latin"] for person in page["people"]]
    assert (len(names), page["next"]) == (20, None)
    assert names == sorted(names)
    (suspended,) = Person.objects.filter(login="bilal.ahmed")
    lifecycle.suspend(person=suspended.id, reason="test", actor=OPERATOR)
    budget = unit("/finance/budget/")
    page = browser.get(f"units/{budget.id}/people")
    assert "Bilal Ahmed" not in [person["name"]["latin"] for person in page["people"]]
    assert browser.get("units", q="budget")["units"][0]["people"] == 4
    assert browser.get("units/00000000-0000-4000-8000-000000000000/people").code == "not_found"


def test_units_and_their_people_come_in_pages() -> None:
    many = [row(number, unit_code=f"u{number}", unit_latin=f"Unit {number:03}") for number in range(1, 46)]
    admit(*many)
    browser = activated(99)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = browser.get("units", q="unit", **cursor)
        assert len(page["units"]) <= PAGE
        seen += [each["name"]["latin"] for each in page["units"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == [f"Unit {number:03}" for number in range(1, 46)]
    first = browser.get(f"units/{unit('/finance/').id}/people")
    second = browser.get(f"units/{unit('/finance/').id}/people", cursor=first["next"])
    ids = [person["id"] for page in (first, second) for person in page["people"]]
    assert len(set(ids)) == 40
    assert browser.get("units", cursor="x").code == "bad_request"


def test_a_units_path_is_no_prefix_of_another_code(browser: Browser) -> None:
    admit(row(7, ministry_code="fin", ministry_latin="Fin", unit_code="", unit_latin="", unit_local=""))
    assert len(browser.get(f"units/{unit('/fin/').id}/people")["people"]) == 1


# --- Pasted lists -------------------------------------------------------------------------------------------


def test_a_pasted_list_is_matched_line_by_line(browser: Browser) -> None:
    lines = [
        "omar.farooq",
        " OMAR.FAROOQ ",
        "f-۱۰۰۲",
        "Fatima Zahra",
        "فاطمہ زہرا",
        "zahra, fatima",
        "a",
        "budget",
        "",
        "nobody at all",
        "omar.farooq",
    ]
    matched = browser.post("people/match", {"lines": lines})["matches"]
    assert [each["line"] for each in matched] == lines
    names = [[person["name"]["latin"] for person in each["people"]] for each in matched]
    assert names[:6] == [
        ["Omar Farooq"],
        ["Omar Farooq"],
        ["Bilal Ahmed"],
        ["Fatima Zahra"],
        ["Fatima Zahra"],
        ["Fatima Zahra"],
    ]
    assert len(names[6]) == 5, "a letter means many, and five are shown"
    assert names[7:10] == [[], [], []], "a unit's name is nobody's"
    assert names[10] == ["Omar Farooq"]


def test_an_exact_name_is_meant_alone_unless_two_people_have_it(browser: Browser) -> None:
    named = [
        ("Noor Khan", "نور خان"),
        ("Noor Khan Afridi", "نور خان آفریدی"),
        ("Abdul Noor Khan", "عبدالنور"),
    ]
    named += [(f"A{chr(97 + n // 26)}{chr(97 + n % 26)} Noor Khan", "") for n in range(matching.LOOKED_AT)]
    admit(*(row(n, name_latin=latin, name_local=local) for n, (latin, local) in enumerate(named)))

    def meant(line: str) -> list[str]:
        people = browser.post("people/match", {"lines": [line]})["matches"][0]["people"]
        return [person["name"]["latin"] for person in people]

    for line in ("Noor Khan", "KHAN, Noor", "نور خان", "نور خان آفریدی"):
        assert meant(line) == ["Noor Khan Afridi" if "آفریدی" in line else "Noor Khan"], line
    assert len(meant("Noor Kha")) == 5, "begun words name nobody exactly"
    admit(row(99, name_latin="Noor Khan", name_local="نور خان"))
    found = meant("Noor Khan")
    assert found.count("Noor Khan") == 2
    assert len(found) == 5, "both of that name, and whoever else may be meant"


def test_a_pasted_list_is_bounded(browser: Browser) -> None:
    assert browser.post("people/match", {"lines": ["x"] * 501}).code == "bad_request"
    assert browser.post("people/match", {"lines": ["x" * 201]}).code == "bad_request"
    assert len(browser.post("people/match", {"lines": ["x"] * 500})["matches"]) == 500


def test_who_has_left_is_not_matched(browser: Browser) -> None:
    person = Person.objects.get(login="omar.farooq")
    lifecycle.leave(person=person.id, reason="test", actor=OPERATOR)
    matched = browser.post("people/match", {"lines": ["omar.farooq", "Omar Farooq"]})["matches"]
    assert [each["people"] for each in matched] == [[], []]


def test_lookups_need_a_session() -> None:
    nobody = Browser(login="nobody")
    assert nobody.get("units").code == "not_signed_in"
    assert nobody.get("moderators").code == "not_signed_in"
    assert nobody.post("people/match", {"lines": []}).code == "not_signed_in"


# --- Duties and moderators ----------------------------------------------------------------------------------


def test_reports_go_to_the_moderators_above(browser: Browser) -> None:
    assert browser.get("moderators") == {"people": []}
    grant("bilal.ahmed", path="/finance/")
    grant("hamza.qureshi", path="/finance/budget/")
    grant("reza.hosseini", path="/finance/it/")
    grant("amna.tariq", path="/health/")
    grant("ayesha.siddiqui", path="/finance/")
    found = [person["name"]["latin"] for person in browser.get("moderators")["people"]]
    assert found == ["Bilal Ahmed", "Hamza Qureshi"], "not of other units, and not oneself"
    lifecycle.suspend(person=Person.objects.get(login="bilal.ahmed").id, reason="test", actor=OPERATOR)
    hamza = Person.objects.get(login="hamza.qureshi")
    roles.end(person=hamza.id, duty=Duty.MODERATOR, scope=unit("/finance/budget/").id, actor=OPERATOR)
    assert browser.get("moderators") == {"people": []}


def test_duties_are_told_while_they_last(browser: Browser) -> None:
    assert browser.get("me")["duties"] == []
    with clock.stopped(clock.now()) as time:
        grant("ayesha.siddiqui", path="/finance/", expires_at=clock.now() + timedelta(days=1))
        grant("ayesha.siddiqui", path="/health/")
        grant("ayesha.siddiqui", Duty.CUSTODIAN)
        assert browser.get("me")["duties"] == ["custodian", "moderator"]
        roles.end(person=browser.person, duty=Duty.MODERATOR, scope=unit("/health/").id, actor=OPERATOR)
        time.advance(timedelta(days=1))
        assert browser.get("me")["duties"] == ["custodian"]


def test_what_the_database_refuses_is_refused_and_written_down(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[Any] = []
    monkeypatch.setattr(intake, "record", recorded.append)
    grant("ayesha.siddiqui", Duty.AUDITOR)

    def code(*arguments: Any, **more: Any) -> str:
        with pytest.raises(BeepError) as refused:
            grant(*arguments, **more)
        return refused.value.code

    assert code("ayesha.siddiqui", Duty.AUDITOR) == "forbidden"
    assert code("ayesha.siddiqui", Duty.DIRECTORY_ADMINISTRATOR) == "forbidden"
    assert code("bilal.ahmed", Duty.MODERATOR) == "forbidden"
    assert code("bilal.ahmed", Duty.AUDITOR, "/finance/") == "forbidden"
    bilal = Person.objects.get(login="bilal.ahmed")
    assert code("bilal.ahmed", Duty.AUDITOR, granted_by=bilal.id) == "forbidden"
    outcomes = [(event.action, event.outcome, event.error) for event in recorded]
    assert outcomes == [("role.granted", "done", None)] + [("role.granted", "refused", "forbidden")] * 5
    lifecycle.suspend(person=bilal.id, reason="test", actor=OPERATOR)
    assert code("bilal.ahmed", Duty.AUDITOR) == "person_inactive"
    with pytest.raises(BeepError):
        roles.end(person=bilal.id, duty=Duty.AUDITOR, actor=OPERATOR)
    assert Role.objects.count() == 1


def test_who_leaves_has_no_duties(browser: Browser) -> None:
    role = grant("bilal.ahmed", path="/finance/")
    lifecycle.leave(person=role.person_id, reason="test", actor=OPERATOR)
    assert roles.duties(person=role.person_id) == []
    assert browser.get("moderators") == {"people": []}


def test_the_command(browser: Browser) -> None:
    def run(*arguments: str) -> str:
        out = StringIO()
        call_command("grant_role", "--login=bilal.ahmed", *arguments, stdout=out)
        return out.getvalue().strip()

    of_finance = ("--duty=moderator", "--scope=/finance/")
    assert run(*of_finance, "--days=30", "--by=ayesha.siddiqui") == "Granted."
    role = Role.objects.get()
    assert role.granted_by_id == browser.person
    assert role.expires_at is not None
    for arguments, message in [
        (of_finance, "forbidden"),
        (("--duty=moderator", "--scope=/none/"), "no unit"),
        (("--duty=auditor", "--by=nobody"), "nobody has"),
        (("--duty=auditor", "--days=0"), "--days"),
        (("--duty=auditor", "--end"), "not_found"),
    ]:
        with pytest.raises(CommandError, match=message):
            run(*arguments)
    assert run(*of_finance, "--end") == "Ended."
    assert roles.duties(person=role.person_id) == []


def test_the_demonstration_has_its_duties_filled() -> None:
    seeded = demo.seed()
    with_duties = {each["login"]: each["duties"] for each in seeded["people"] if each["duties"]}
    assert with_duties == {
        "bilal.ahmed": ["moderator"],
        "amna.tariq": ["moderator"],
        "parwana.rahimi": ["auditor"],
        "reza.hosseini": ["directory_administrator"],
    }
    assert demo.seed() == seeded
    assert Role.objects.count() == len(with_duties)


def test_dear_and_many_requests_are_limited(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "PER_MINUTE", 2)
    for _ in range(2):
        assert browser.post("people/match", {"lines": ["x"]})["matches"]
    refused = browser.post("people/match", {"lines": ["x"]})
    assert refused.code == "rate_limited"
    assert 0 < refused.detail["retry_after"] <= 60
    # Whatever is asked: a device has its share of the views.
    assert browser.get("me")
    monkeypatch.setattr(auth, "PER_MINUTE", 2)
    assert browser.get("me").code == "rate_limited"
