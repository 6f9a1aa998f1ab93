"""The CSV import: what files are understood, what a plan shows, what applying does."""

import io
import json
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts import codes, csv_import, demo, import_plan, people
from accounts.csv_import import CsvError
from accounts.models import Activation, Admission, Device, Membership, OrgUnit, Person, SyncRun
from beep import clock
from tests.accounts.support import OPERATOR, Browser, Refused, activated, admit, row

HEADER = "personnel_number,login,name_latin,name_local,ministry_code,ministry_latin,post_latin\n"
LINE = "T-1,ali.raza,Ali Raza,علی رضا,fin,Finance,Assistant\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_files_as_programs_write_them(encoding: str, delimiter: str, newline: str) -> None:
    text = (HEADER + LINE).replace(",", delimiter).replace("\n", newline)
    (read,) = csv_import.read(text.encode(encoding))
    assert (read.login, read.name_local, read.path, read.state) == ("ali.raza", "علی رضا", "/fin/", "active")


def test_windows_1252() -> None:
    (read,) = csv_import.read((HEADER + LINE.replace("علی رضا", "José")).encode("cp1252"))
    assert read.name_local == "José"


def test_typing_is_forgiven_where_nothing_is_lost() -> None:
    text = HEADER + ' t-۱ , Ali.Raza ,"Ali  Raza",,FIN,"Finance, Ministry of",\n\n  ,,\n'
    with pytest.raises(CsvError, match="ministry_code"):
        csv_import.read(text.encode())
    (read,) = csv_import.read(text.replace("FIN", "fin").encode())
    assert (read.personnel_number, read.login, read.name_latin) == ("T-1", "ali.raza", "Ali Raza")
    assert read.ministry_latin == "Finance, Ministry of"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no column"),
        (HEADER, "nobody"),
        ("login\nx\n", "no column personnel_number"),
        (HEADER.replace("post_latin", "salary") + LINE, "'salary' is not known"),
        (HEADER.replace("post_latin", "login") + LINE, "stands twice"),
        (HEADER + "T-1,ali.raza\n", "2 fields"),
        (HEADER + LINE + LINE, "stands in line 2 already"),
        (HEADER + LINE.replace("ali.raza", "علی"), "login not accepted"),
        (HEADER + LINE.replace("T-1", ""), "personnel_number not accepted"),
        (HEADER + LINE.replace("Ali Raza", ""), "name_latin not accepted"),
        (HEADER + LINE.replace("Ali Raza", "x" * 201), "name_latin not accepted"),
        (HEADER + '"T-1\n', "line 2"),
        (HEADER + LINE.replace("Ali", "A\0li"), "UTF-16|NUL"),
    ],
)
def test_what_cannot_be_taken_is_named(text: str, problem: str) -> None:
    with pytest.raises(CsvError, match=problem):
        csv_import.read(text.encode())


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_refused(data: bytes) -> None:
    with suppress(CsvError):
        assert csv_import.read(HEADER.encode() + data)


@pytest.mark.django_db
def test_a_plan_writes_nothing_and_applying_twice_changes_nothing() -> None:
    rows = [row(1), row(2, unit_code="it", unit_latin="IT Wing")]
    plan = import_plan.make(rows)
    assert not Person.objects.exists()
    assert not OrgUnit.objects.exists()
    shown = "\n".join(plan.lines())
    assert "+ unit /finance/budget/  Budget Wing" in shown
    assert "+ person T-2 person.2  Person Number 2, /finance/it/, active" in shown
    done = import_plan.apply(rows=rows, actor=OPERATOR, expected=plan.hash)
    assert done.counts == {"people_created": 2, "units_created": 3, "unchanged": 0, "missing": 0}
    again = import_plan.apply(rows=rows, actor=OPERATOR)
    assert again.counts == {"unchanged": 2, "missing": 0}
    assert again.lines() == []
    assert SyncRun.objects.filter(outcome="applied").count() == 2
    assert Person.objects.filter(state="active").count() == Membership.objects.count() == 2


@pytest.mark.django_db
def test_changes_are_shown_field_by_field() -> None:
    (person,) = admit(row(1))
    changed = row(1, name_latin="New Name", unit_code="it", unit_latin="IT Wing", post_latin="Director")
    plan = import_plan.make([changed])
    assert "~ person T-1 person.1  name_latin: Person Number 1 → New Name" in plan.lines()
    assert "~ person T-1 person.1  unit: /finance/budget/ → /finance/it/" in plan.lines()
    import_plan.apply(rows=[changed], actor=OPERATOR)
    assert Person.objects.get().id == person.id
    assert Membership.objects.get().unit.path == "/finance/it/"
    assert [card.post.latin for card in people.search(query="director it", cursor=None)[0]] == ["Director"]
    assert people.search(query="budget", cursor=None)[0] == []


@pytest.mark.django_db
def test_a_renamed_ministry_is_found_by_its_new_name() -> None:
    admit(row(1))
    import_plan.apply(rows=[row(1, ministry_latin="Treasury")], actor=OPERATOR)
    assert len(people.search(query="treasury", cursor=None)[0]) == 1
    assert people.search(query="ministry", cursor=None)[0] == []


@pytest.mark.django_db
def test_missing_people_stay_and_are_reported() -> None:
    admit(row(1), row(2))
    plan = import_plan.apply(rows=[row(1)], actor=OPERATOR)
    assert plan.missing == ("T-2",)
    assert Person.objects.get(login="person.2").state == "active"


@pytest.mark.django_db
def test_who_has_left_is_out_and_who_returns_waits() -> None:
    browser = activated()
    import_plan.apply(rows=[row(1, state="left")], actor=OPERATOR)
    assert isinstance(browser.get("me"), Refused)
    assert Device.objects.get().revoked_at is not None
    assert Admission.objects.get().ended_at is not None
    assert import_plan.make([row(1, state="left")]).people == ()
    import_plan.apply(rows=[row(1)], actor=OPERATOR)
    assert Person.objects.get().state == "pending"
    assert import_plan.make([row(1)]).people == ()


@pytest.mark.django_db
def test_an_administrators_lock_outranks_the_file() -> None:
    (person,) = admit(row(1))
    Person.objects.filter(id=person.id).update(state="suspended", locked_by_admin=True)
    assert import_plan.make([row(1)]).people == ()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([row(2, login="person.1")], "belongs to T-1"),
        ([row(2, state="left")], "newcomer"),
        ([row(2, ministry_code="health", ministry_latin="", unit_code="")], "has no name"),
        ([row(2), row(3, unit_latin="Other Wing")], "another name"),
    ],
)
def test_contradictions_write_nothing(rows: list[csv_import.Row], problem: str) -> None:
    admit(row(1))
    with pytest.raises(CsvError, match=problem):
        import_plan.apply(rows=rows, actor=OPERATOR)
    assert Person.objects.count() == 1


@pytest.mark.django_db
def test_an_approved_plan_is_void_when_the_directory_moved() -> None:
    approved = import_plan.make([row(1)]).hash
    admit(row(1, post_latin="Director"))
    with pytest.raises(CsvError, match="has changed"):
        import_plan.apply(rows=[row(1)], actor=OPERATOR, expected=approved)


@pytest.mark.django_db
def test_the_command_shows_then_applies_and_prints_letters(tmp_path: Path) -> None:
    file, letters = tmp_path / "people.csv", tmp_path / "letters.csv"
    file.write_text(HEADER + LINE)
    out = io.StringIO()
    call_command("import_people", file, stdout=out)
    assert "+ person T-1 ali.raza" in out.getvalue()
    assert "Would do" in out.getvalue()
    assert not Person.objects.exists()
    call_command("import_people", file, "--apply", letters=letters, stdout=out)
    assert letters.stat().st_mode & 0o777 == 0o600
    header, line = letters.read_text().splitlines()
    assert header == "personnel_number,login,code"
    number, login, code = line.split(",")
    assert (number, login) == ("T-1", "ali.raza")
    assert codes.read_activation_code(code)
    assert not isinstance(Browser(login=login).activate(code=code, number=number), Refused)
    with pytest.raises(CommandError, match="exists"):
        call_command("import_people", file, "--apply", letters=letters, stdout=out)


@pytest.mark.django_db
def test_the_command_names_bad_lines(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(HEADER + LINE + LINE)
    with pytest.raises(CommandError, match="line 3"):
        call_command("import_people", file, "--apply")
    with pytest.raises(CommandError):
        call_command("import_people", tmp_path / str(uuid4()))


@pytest.mark.django_db
def test_the_demonstration_is_the_same_at_every_start() -> None:
    first = demo.seed()
    assert Person.objects.count() == 40
    assert OrgUnit.objects.filter(depth=1).count() == 2
    assert demo.seed() == first
    assert Activation.objects.count() == len(first["people"]) == 40
    out = io.StringIO()
    call_command("demo_seed", stdout=out)
    assert json.loads(out.getvalue()) == first
    ayesha = first["people"][0]
    assert ayesha["login"] == "ayesha.siddiqui"
    assert ayesha["activation_path"] == f"/activate#{ayesha['activation_code']}"
    browser = Browser(login=ayesha["login"])
    number = ayesha["personnel_number"]
    assert not isinstance(browser.activate(code=ayesha["activation_code"], number=number), Refused)
    second = demo.seed()
    assert second["people"][0]["activated"]
    assert second["people"][0]["activation_code"] is None
    assert second["people"][1:] == first["people"][1:]


@pytest.mark.django_db
def test_the_demonstration_is_for_demonstrations(settings: Settings) -> None:
    settings.DEMO = False
    with pytest.raises(RuntimeError, match="BEEP_DEMO"):
        demo.seed()
    with pytest.raises(CommandError, match="BEEP_DEMO"):
        call_command("demo_seed")
    assert not Person.objects.exists()


@pytest.mark.django_db
def test_a_lost_letter_of_the_demonstration_is_made_again() -> None:
    first = demo.seed()["people"][0]
    Activation.objects.filter(person__login=first["login"]).update(withdrawn_at=clock.now())
    again = demo.seed()["people"][0]
    assert again["activation_code"] not in {None, first["activation_code"]}
    assert demo.seed()["people"][0] == again
