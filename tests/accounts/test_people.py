"""The directory: found by any part of any name, in any script, on any keyboard."""

import pytest

from accounts import csv_import, import_plan, lifecycle, people
from accounts.demo import PEOPLE
from accounts.models import Person
from tests.accounts.support import OPERATOR, admit, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def directory() -> None:
    import_plan.apply(rows=csv_import.read(PEOPLE.read_bytes()), actor=OPERATOR)


def found(query: str) -> list[str]:
    cards, _ = people.search(query=query, cursor=None)
    return [card.name.latin for card in cards]


FOUND = {
    "ayesha": "Ayesha Siddiqui",
    "AYE sid": "Ayesha Siddiqui",
    "عائشہ": "Ayesha Siddiqui",
    "عائشه": "Ayesha Siddiqui",
    "صديقي": "Ayesha Siddiqui",
    "رضا حسيني": "Reza Hosseini",
    "هماهنگ": "Parwana Rahimi",
    "هماهنگ‌کننده": "Parwana Rahimi",
    "آمنہ": "Amna Tariq",
    "امنه": "Amna Tariq",
    "کارمند": "Ahmad Zahir",
    "stenotypist": "Nida Rehman",
    "  officer   section  zahra fatima research": "",
    "fatima research officer budget finance": "Fatima Zahra",
    "رحمن ندا": "Nida Rehman",
    "لبني": "Lubna Hashmi",
}
"""Query → the one person who is found, or nobody."""


@pytest.mark.usefixtures("directory")
def test_people_are_found() -> None:
    assert {query: found(query) for query in FOUND} == {
        query: [name] if name else [] for query, name in FOUND.items()
    }


@pytest.mark.usefixtures("directory")
def test_posts_units_and_ministries_find_many() -> None:
    assert len(found("سیکشن آفیسر")) == 7
    assert set(found("epidemiology")) == set(found("وبائی امراض"))
    assert len(found("immunization")) == 5
    assert not found("yesha")


@pytest.mark.usefixtures("directory")
def test_pages_hold_everybody_once() -> None:
    pages, cursor = [], None
    while True:
        cards, cursor = people.search(query="", cursor=cursor)
        pages.append([card.name.latin for card in cards])
        if cursor is None:
            break
    names = [name for page in pages for name in page]
    assert [len(page) for page in pages] == [20, 20]
    assert names == sorted(names)
    assert len(set(names)) == Person.objects.count() == 40


@pytest.mark.usefixtures("directory")
def test_a_search_costs_few_queries(django_assert_max_num_queries: object) -> None:
    with django_assert_max_num_queries(3):  # type: ignore[operator]
        people.search(query="officer", cursor=None)


@pytest.mark.usefixtures("directory")
def test_signs_are_no_patterns() -> None:
    same = {"%": "", "_": "", "a%": "a", "a_": "a", "\\": "", "*": "", "🔑": "", "';--": ""}
    assert {sign: found(sign) for sign in same} == {sign: found(word) for sign, word in same.items()}


@pytest.mark.usefixtures("directory")
def test_a_very_long_word_is_somebody_elses() -> None:
    assert found("a" * 200) == []


def test_who_is_not_active_is_not_found_but_known() -> None:
    (person,) = admit(row(1))
    assert found("person") == ["Person Number 1"]
    lifecycle.suspend(person=person.id, reason="test", actor=OPERATOR)
    assert found("person") == []
    card = people.card(person=person.id)
    assert (card.active, card.activated, card.ministry.latin) == (False, False, "Ministry of Finance")


def test_somebody_at_the_ministry_itself_has_no_other_unit() -> None:
    (person,) = admit(row(1, unit_code="", unit_latin="", unit_local=""))
    card = people.card(person=person.id)
    assert card.unit == card.ministry
