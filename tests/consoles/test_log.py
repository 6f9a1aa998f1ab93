"""The log at the console: pages, filters, entries and their evidence, alerts, answers, exports."""

import base64
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from asgiref.sync import async_to_sync
from django.db import transaction
from django.test import AsyncClient
from pytest_django import Settings

from audit import canonical, events, intake, integrity, merkle, projection, search
from audit.events import Actor, Personal
from audit.policy import Policy
from audit.verify.alarms import AlarmError
from audit.verify.export import UntriedError, verify
from audit.verify.source import Source
from beep import clock
from consoles import names
from tests.audit.support import ORIGIN
from tests.consoles.support import Office, event, leaves
from tests.support.databases import TestDatabase


def test_the_log_is_shown_newest_first_and_every_look_is_in_it(office: Office) -> None:
    size = office.settle()
    page = office.desk.get("/log")
    assert leaves(page.content) == list(range(size - 1, max(-1, size - 51), -1))
    assert office.settle() == size + 1
    newest = leaves(office.desk.get("/log", actions="audit.searched").content)
    assert newest == [size]


def test_a_page_says_what_it_may_lack(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.settle()
    with transaction.atomic():
        intake.record(events.PersonChanged(actor=Actor(system="late"), changed=["name"]))
    since = clock.now().strftime("%Y-%m-%d %H:%M:%S").encode()
    # What has just happened is nobody's delay, and an old event that waits is one.
    assert b"not in the log yet" not in office.desk.get("/log").content
    office.time.advance(timedelta(seconds=10))
    for query in ({}, {"system": "late"}):
        page = office.desk.get("/log", **query).content
        assert since in page
        assert b"not in the log yet" in page
        assert (b"fits these filters" in page) == bool(query)
    # It cannot be missing from a page that ends before it happened.
    assert b"not in the log yet" not in office.desk.get("/log", to="2026-01-01").content
    monkeypatch.setattr(integrity, "NEWEST", 1)
    office.time.advance(timedelta(seconds=10))
    page = office.desk.get("/log").content
    assert b"More than 1 events" in page
    assert since not in page
    office.settle()
    page = office.desk.get("/log", system="late").content
    assert b"not in the log yet" not in page
    assert len(leaves(page)) == 1


def test_pages_end_where_the_next_begins(office: Office) -> None:
    with transaction.atomic():
        for number in range(120):
            intake.record(events.PersonChanged(actor=Actor(system="paging"), changed=[str(number)]))
    office.settle()
    seen: list[int] = []
    address = "/log?system=paging"
    while address:
        page = office.desk.client.get(address)
        seen += leaves(page.content)
        _, found, rest = page.content.decode().partition('rel="next" href="')
        address = rest.partition('"')[0].replace("&amp;", "&") if found else ""
    assert len(seen) == 120
    assert seen == sorted(seen, reverse=True)


def test_filters_narrow_the_log(office: Office) -> None:
    office.desk.sign_in(totp="000000")
    office.settle()
    every = search.page(search.Filters(), limit=500)
    wanted: dict[str, Callable[[search.Found], bool]] = {
        "actions=device.": lambda row: row.action.startswith("device."),
        "actions=sign_in": lambda row: row.action == "sign_in",
        "outcome=refused": lambda row: row.outcome == projection.REFUSED,
        "ministry=health": lambda row: row.ministry == "health",
        f"target={office.other.device}": lambda row: row.target == str(office.other.device),
        f"subject={office.other.person}&case=A-1/2026": lambda row: row.subject == office.other.person,
        f"actor={office.other.person}&case=A-1/2026": lambda row: row.actor == office.other.person,
        "from=2026-06-02": lambda row: False,
        "to=2026-06-01": lambda row: True,
        "address=127.0.0.1": lambda row: row.address is not None,
    }
    for given, fits in wanted.items():
        page = office.desk.client.get(f"/log?{given}")
        assert page.status_code == 200, given
        assert leaves(page.content) == [row.leaf for row in every if fits(row)][:50], given


def test_a_search_on_a_named_person_needs_a_case_number(office: Office) -> None:
    refused = office.desk.get("/log", subject=str(office.other.person))
    assert refused.status_code == 400
    assert b"case number" in refused.content
    # Who was chosen stays chosen, and is seen to be; the name that is shown is noted.
    assert f'value="{names.by_id([office.other.person])[office.other.person]}"'.encode() in refused.content
    assert not leaves(refused.content)
    office.settle()
    (noted,) = search.page(search.Filters(actions=("audit.reported",)))
    assert event(noted.leaf)["parameters"]["report"] == "people"
    assert office.desk.get("/log", subject=str(office.other.person), case="  A 17 ").status_code == 200
    office.settle()
    (row,) = search.page(search.Filters(actions=("audit.searched",), subject=office.other.person))
    found = event(row.leaf)
    assert found["parameters"]["case"] == "A 17"
    assert found["target"]["id"] == str(office.other.person)


@pytest.mark.parametrize(
    "query",
    [
        "actor=nobody",
        "from=yesterday",
        "from=2026-02-30",
        "actions=no.such",
        "outcome=perhaps",
        "before=1",
        "before=-1-2",
        "ministry=Finance!",
        "begin=9&end=9",
        "target=%00",
        "address=%00",
        "system=%27;--",
    ],
)
def test_malformed_filters_are_refused(office: Office, query: str) -> None:
    page = office.desk.client.get(f"/log?{query}")
    assert page.status_code == 400
    assert b'role="alert"' in page.content


def test_an_entry_shows_its_clear_texts_until_they_are_erased(office: Office) -> None:
    with transaction.atomic():
        intake.record(
            events.PersonCreated(
                actor=Actor(system="test", address=Personal("10.1.2.3")),
                target=office.other.person,
                login=Personal("a.login"),
                name=Personal("<b>Somebody</b>"),
            )
        )
    leaf = office.settle() - 1
    page = office.desk.get(f"/log/{leaf}")
    assert b"&lt;b&gt;Somebody&lt;/b&gt;" in page.content
    assert b"10.1.2.3" in page.content
    office.settle()
    (viewed,) = search.page(search.Filters(actions=("audit.viewed",)))
    assert viewed.subject == office.other.person
    assert event(viewed.leaf)["parameters"] == {
        "leaf": leaf,
        "openings": 3,
        "person": str(office.other.person),
    }
    for missing in (999_999, 1 << 70):
        for address in (f"/log/{missing}", f"/log/{missing}/proof", f"/log/{missing}/proof.txt"):
            assert office.desk.get(address).status_code == 404
        assert office.desk.post(f"/alerts/{missing}", note="Nothing").status_code == 404


def test_evidence_verifies_and_a_changed_byte_does_not(office: Office) -> None:
    office.settle()
    given = office.desk.get("/log/3/proof").json()
    body, proof = base64.b64decode(given["body"]), [base64.b64decode(step) for step in given["proof"]]
    checkpoint = office.crew.policy.witnessed(given["checkpoint"].encode(), origin=ORIGIN).checkpoint
    merkle.verify_inclusion(merkle.leaf_hash(body), 3, checkpoint.size, proof, checkpoint.root)
    with pytest.raises(merkle.ProofError):
        merkle.verify_inclusion(merkle.leaf_hash(body + b" "), 3, checkpoint.size, proof, checkpoint.root)
    file = office.desk.get("/log/3/proof.txt")
    assert file.content.startswith(b"c2sp.org/tlog-proof@v1\nindex 3\n")


def test_whoever_takes_evidence_has_seen_the_entry(office: Office) -> None:
    size = office.settle()
    for name in ("proof", "proof.txt"):
        assert office.desk.get(f"/log/3/{name}").status_code == 200
    assert office.settle() == size + 2
    for row in search.page(search.Filters(actions=("audit.viewed",))):
        assert event(row.leaf)["parameters"]["leaf"] == 3


def test_alerts_and_plots_leave_a_leaf(office: Office) -> None:
    office.desk.get("/alerts")
    office.desk.get("/plots")
    office.settle()
    rows = search.page(search.Filters(actions=("audit.reported",)))
    assert {event(row.leaf)["parameters"]["report"] for row in rows} == {"alerts", "plots"}


def test_a_person_is_not_found_as_just_any_target(office: Office) -> None:
    person = str(office.other.person)
    office.settle()
    assert search.page(search.Filters(target=person, subject=office.other.person))
    page = office.desk.get("/log", target=person)
    assert page.status_code == 200
    assert not leaves(page.content)


def test_an_entry_is_shown_from_its_own_bytes(office: Office, fresh_database: TestDatabase) -> None:
    """Who changes the search table must not have his words shown beside a verification that succeeds."""
    leaf = office.settle() - 1
    before = office.desk.get(f"/log/{leaf}").content.decode().partition("<section")[0]
    with psycopg.connect(fresh_database.urls.superuser, autocommit=True) as owner:
        owner.execute("ALTER TABLE audit_row DISABLE TRIGGER ALL")
        owner.execute(
            "UPDATE audit_row SET actor = %s, action = 'device.added', at = 0 WHERE leaf = %s",
            [office.other.person, leaf],
        )
    assert office.desk.get(f"/log/{leaf}").content.decode().partition("<section")[0] == before


def test_the_last_day_of_all_is_a_day(office: Office) -> None:
    page = office.desk.get(
        "/reports/who-looked", subject=str(office.other.person), case="A 17", to="9999-12-31"
    )
    assert page.status_code == 200


def test_an_export_is_noted_first_and_holds_what_fits(office: Office) -> None:
    size = office.settle()
    answered = office.desk.post("/export", query="actions=device.added", form="csv")
    assert answered.status_code == 200
    content = b"".join(answered.streaming_content)
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        lines = [json.loads(line) for line in archive.read("entries.jsonl").splitlines()]
        note = archive.read("checkpoint")
    assert (manifest["kind"], manifest["size"]) == ("selection", size)
    checkpoint = office.crew.policy.witnessed(note, origin=ORIGIN).checkpoint
    assert len(lines) == 2
    for line in lines:
        proof = [base64.b64decode(step) for step in line["proof"]]
        hashed = merkle.leaf_hash(base64.b64decode(line["body"]))
        merkle.verify_inclusion(hashed, line["index"], checkpoint.size, proof, checkpoint.root)
    office.settle()
    (row,) = search.page(search.Filters(actions=("audit.exported",)))
    assert event(row.leaf)["parameters"]["rows"] == 2


def test_an_export_leaves_while_it_is_made(office: Office, settings: Settings) -> None:
    """As the server runs: with the whole of it read first, a large one would fill the memory."""
    office.settle()
    settings.CONSOLE_HOST = "testserver"
    desk = AsyncClient()
    desk.cookies = office.desk.client.cookies

    async def export() -> bytes:
        sent: Any = await desk.post("/export", {"query": ""}, headers={"origin": "http://testserver"})
        assert sent.status_code == 200
        assert sent.is_async
        return b"".join([part async for part in sent.streaming_content])

    with zipfile.ZipFile(BytesIO(async_to_sync(export)())) as archive:
        assert archive.testzip() is None


def test_a_selection_begins_and_ends_as_its_manifest_says(office: Office, tmp_path: Path) -> None:
    office.settle()
    sent = office.desk.post("/export", query="actions=device.")
    path = tmp_path / "selection.zip"
    with zipfile.ZipFile(BytesIO(sent.getvalue())) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}

    def written(entries: bytes) -> Path:
        manifest = json.loads(files["manifest.json"])
        manifest["files"]["entries.jsonl"] = sha256(entries).hexdigest()
        made = {**files, "entries.jsonl": entries, "manifest.json": canonical.encode(manifest)}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in made.items():
                archive.writestr(name, content)
        return path

    lines = files["entries.jsonl"].splitlines(keepends=True)
    assert len(lines) > 1
    with Source(written(b"".join(lines))) as source:
        assert verify(source, policy=Policy.parse(files["policy"].decode())).entries == len(lines)
    with Source(path) as source, pytest.raises(UntriedError):
        verify(source, known=files["checkpoint"])
    for entries, alarm in (
        (lines[1:], "entry_missing"),
        (lines[:-1], "entry_missing"),
        ([], "entry_missing"),
        (lines[::-1], "entry_malformed"),
        ([*lines, lines[-1]], "entry_malformed"),
    ):
        with Source(written(b"".join(entries))) as source, pytest.raises(AlarmError, match=alarm):
            verify(source)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("policy", b"another")
    with pytest.raises(AlarmError, match="a file is there twice"):
        Source(path)


def test_an_export_needs_a_case_number_for_a_person(office: Office) -> None:
    sent = office.desk.post("/export", query=f"actor={office.other.person}")
    assert sent.status_code == 400
    office.settle()
    assert not search.page(search.Filters(actions=("audit.exported",)))


def test_a_search_is_kept_under_a_name_and_dropped(office: Office) -> None:
    kept = office.desk.post("/saved", query="outcome=refused&actions=sign_in", name="Refused")
    assert kept.headers["Location"].startswith("/log?")
    page = office.desk.get("/log").content.decode()
    assert "/log?actions=sign_in&amp;outcome=refused" in page
    drop = page.split('action="/saved/')[1].split('"')[0]
    assert office.desk.post(f"/saved/{drop}").status_code == 302
    assert office.desk.post(f"/saved/{drop}").status_code == 404
    assert office.desk.post("/saved", query="", name=" ").status_code == 400
