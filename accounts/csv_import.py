"""Reads people from a CSV file and brings the directory in line with it: read → plan → apply.

The file is UTF-8 with or without BOM, UTF-16, or Windows-1252; fields are separated by `,` `;` or tab. The
first line names the columns, in any order:

    personnel_number  required; the key by which a row finds its person again
    login             required; small letters, digits, `.` `_` `-`
    name_latin        required
    name_local        the name in Urdu or Persian script
    ministry_code     required; small letters, digits, `-`: the place in the tree, `fin`
    ministry_latin    required in the first row that names the ministry
    ministry_local
    unit_code         the unit below the ministry; empty for somebody at the ministry itself
    unit_latin        required in the first row that names the unit
    unit_local
    post_latin
    post_local
    state             active (also when empty), suspended or left

People who are missing from the file are reported and stay as they are: to leave, a row must say `left`.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from accounts.letters import canonical_number
from accounts.sign_in import canonical_login

REQUIRED: Final = ("personnel_number", "login", "name_latin", "ministry_code")
OPTIONAL: Final = (
    "name_local",
    "ministry_latin",
    "ministry_local",
    "unit_code",
    "unit_latin",
    "unit_local",
    "post_latin",
    "post_local",
    "state",
)
STATES: Final = ("active", "suspended", "left")
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_TEXT: Final = 200
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_NUMBER: Final = re.compile(r"[A-Z0-9][A-Z0-9/-]{0,31}")


class CsvError(Exception):
    """The file cannot be taken; `problems` says why, each with its line. Nothing was written."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems[:5]))
        self.problems: Final = problems


@dataclass(frozen=True, slots=True)
class Row:
    """One person as the file has them, in the directory's form."""

    line: int
    personnel_number: str
    login: str
    name_latin: str
    ministry_code: str
    name_local: str = ""
    ministry_latin: str = ""
    ministry_local: str = ""
    unit_code: str = ""
    unit_latin: str = ""
    unit_local: str = ""
    post_latin: str = ""
    post_local: str = ""
    state: str = "active"

    @property
    def path(self) -> str:
        """Path of the unit that the person belongs to."""
        return f"/{self.ministry_code}/{self.unit_code}/" if self.unit_code else f"/{self.ministry_code}/"

    def units(self) -> Iterator[tuple[str, str, str]]:
        """(path, Latin name, local name) of the ministry, then of the unit."""
        yield f"/{self.ministry_code}/", self.ministry_latin, self.ministry_local
        if self.unit_code:
            yield self.path, self.unit_latin, self.unit_local


@dataclass(slots=True)
class _Reading:
    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read(data: bytes) -> list[Row]:
    """The rows of a whole file; raises CsvError, which names every bad line, when any is bad."""
    if len(data) > MAX_BYTES:
        raise CsvError([f"the file has {len(data)} bytes; {MAX_BYTES} are the limit"])
    text = _decoded(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    reading = _Reading()
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(header)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                _take(reading, header, cells, reader.line_num)
    except csv.Error as error:
        raise CsvError([f"line {reader.line_num}: {error}"]) from error
    _check_unique(reading)
    if reading.problems:
        raise CsvError(reading.problems)
    if not reading.rows:
        raise CsvError(["the file lists nobody"])
    return reading.rows


def _decoded(data: bytes) -> str:
    """Text of the bytes. NULs without a BOM mean UTF-16; what is not UTF-8 is taken for Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in data[:200]:
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    else:
        encoding = "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8-sig":
            raise CsvError(["the file is neither UTF-8, UTF-16 nor Windows-1252"]) from None
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError:
            raise CsvError(["the file is neither UTF-8, UTF-16 nor Windows-1252"]) from None
    if "\0" in text:
        raise CsvError(["the file contains NUL characters"])
    return text


def _delimiter(text: str) -> str:
    """The separator that splits the first line into the most known columns."""
    first = text.split("\n", 1)[0]
    known = {*REQUIRED, *OPTIONAL}

    def recognised(delimiter: str) -> int:
        return len(known & {name.strip(' "\r').lower() for name in first.split(delimiter)})

    return max(",;\t", key=recognised)


def _check_header(header: list[str]) -> None:
    problems = [f"line 1: there is no column {name}" for name in REQUIRED if name not in header]
    problems += [
        f"line 1: column {name!r} is not known" for name in header if name not in {*REQUIRED, *OPTIONAL}
    ]
    if len(set(header)) != len(header):
        problems.append("line 1: a column stands twice")
    if problems:
        raise CsvError(problems)


def _take(reading: _Reading, header: list[str], cells: list[str], line: int) -> None:
    if len(cells) != len(header):
        reading.problems.append(f"line {line}: {len(cells)} fields under {len(header)} columns")
        return
    values = {name: " ".join(cell.split()) for name, cell in zip(header, cells, strict=True)}
    values["personnel_number"] = canonical_number(values["personnel_number"])
    values["login"] = canonical_login(values["login"])
    values["state"] = values.get("state", "").lower() or "active"
    row = Row(line=line, **values)
    checks = {
        "personnel_number": bool(_NUMBER.fullmatch(row.personnel_number)),
        "login": bool(_LOGIN.fullmatch(row.login)),
        "name_latin": bool(row.name_latin),
        "ministry_code": bool(_CODE.fullmatch(row.ministry_code)),
        "unit_code": not row.unit_code or bool(_CODE.fullmatch(row.unit_code)),
        "state": row.state in STATES,
    }
    bad = [name for name, good in checks.items() if not good]
    bad += [name for name, value in values.items() if len(value) > MAX_TEXT]
    if bad:
        reading.problems.append(f"line {line}: {', '.join(bad)} not accepted")
    else:
        reading.rows.append(row)


def _check_unique(reading: _Reading) -> None:
    for name in ("personnel_number", "login"):
        seen: dict[str, int] = {}
        for row in reading.rows:
            value = getattr(row, name)
            if value in seen:
                reading.problems.append(
                    f"line {row.line}: {name} {value} stands in line {seen[value]} already"
                )
            seen.setdefault(value, row.line)
