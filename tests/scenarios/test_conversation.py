"""Two employees in two browsers: they find each other and talk, and everything is there after a reload."""

from collections.abc import Callable
from pathlib import Path

from tests.scenarios.colleague import MESSAGE_PATIENCE, Colleague

LINES = [
    "Good morning. Is the draft of the budget note ready?",
    "جی ہاں، مسودہ تیار ہے۔ آج دوپہر تک بھیج دوں گا۔",
    "لطفاً پیوست دوم را هم بفرستید.",
    "The annex follows after the meeting with the Finance Division.",
    "اجلاس کتنے بجے ہے؟",
    "ساعت یازده، در سالن دوم.",
    "I will bring the printed copies.",
    "بہت شکریہ، دس نسخے کافی ہوں گے۔",
    "چند نفر شرکت می‌کنند؟",
    "Seven, as far as I know.",
    "ٹھیک ہے، سات نسخے لے آتا ہوں۔",
    "یک نسخه برای بایگانی هم لازم است.",
    "Good point. Eight then.",
    "فائل کا حوالہ نمبر ۲۰۲۶/۱۱۴ ہے۔",
    "شمارهٔ پرونده را یادداشت کردم.",
    "The Secretary wants it before Thursday.",
    "جمعرات سے پہلے مکمل ہو جائے گا۔",
    "پس تا فردا عصر آماده است.",
    "See you at eleven.",
    "خدا حافظ۔",
]


def test_twenty_messages_both_ways_in_three_languages_survive_a_reload(
    colleagues: Callable[..., list[Colleague]], pictures: Path
) -> None:
    first, second = colleagues(2, viewport={"width": 1120, "height": 700})
    first.open_conversation(second.person.latin, second.person.id)
    first.write(LINES[0])
    second.open_first_conversation()
    second.expect_message(LINES[0])
    for index, line in enumerate(LINES[1:], start=1):
        speaker, listener = (second, first) if index % 2 else (first, second)
        speaker.write(line)
        listener.expect_message(line)

    first.expect_state(LINES[-2], "read")
    second.expect_state(LINES[-1], "read")
    second.page.screenshot(path=pictures / "twenty-messages.png")
    for person in (first, second):
        person.reload()
    for person, own in ((first, 0), (second, 1)):
        shown = person.messages()
        assert [message.text for message in shown] == LINES
        assert [message.mine for message in shown] == [index % 2 == own for index in range(len(LINES))]
        assert {message.state for message in shown if message.mine} == {"read"}


def test_people_are_found_in_either_script_and_by_post(colleagues: Callable[..., list[Colleague]]) -> None:
    first, second = colleagues(2)
    search = first.page.get_by_label("Search colleagues")
    found = first.page.locator(f'[data-person="{second.person.id}"]')
    for query in (second.person.latin.lower(), second.person.local, second.person.local.replace("ی", "ي")):
        search.fill("")
        search.fill(query)
        found.wait_for(timeout=MESSAGE_PATIENCE)
