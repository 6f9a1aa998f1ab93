"""Made-up people for the directory, beyond those of the demo."""

import csv
from pathlib import Path
from typing import Final

FIRST: Final = (("Sana", "ثناء"), ("Hamid", "حامد"), ("Zainab", "زینب"), ("Farid", "فرید"), ("Laleh", "لاله"))
LAST: Final = (("Qureshi", "قریشی"), ("Noori", "نوری"), ("Baloch", "بلوچ"), ("Rahmani", "رحمانی"))

Row = dict[str, str]
"""One line of the file that `manage.py import_people` reads."""


def unit_rows(number: int, unit: str, people: int) -> list[Row]:
    """People of one new unit; `number` keeps the units of a run apart."""
    return [_row(number, unit, one) for one in range(people)]


def _row(number: int, unit: str, one: int) -> Row:
    first, last = FIRST[one % len(FIRST)], LAST[one // len(FIRST) % len(LAST)]
    return {
        "personnel_number": f"S-{number}{one:03}",
        "login": f"{first[0].lower()}.{number}.{one}",
        "name_latin": f"{first[0]} {last[0]} {number}-{one}",
        "name_local": f"{first[1]} {last[1]} {number}-{one}",
        "ministry_code": "planning",
        "ministry_latin": "Ministry of Planning",
        "ministry_local": "وزارتِ منصوبہ بندی",
        "unit_code": f"unit-{number}",
        "unit_latin": unit,
        "unit_local": unit,
        "post_latin": "Research Officer",
        "post_local": "ریسرچ آفیسر",
    }


def write(path: Path, rows: list[Row]) -> None:
    """The rows as the command wants them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
