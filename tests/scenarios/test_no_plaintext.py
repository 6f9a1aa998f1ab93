"""After all stories: nothing that anybody wrote, chose or was shown stands anywhere on the server."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from beep import binaries
from beep.embedded import DATABASE, urls_of
from tests.scenarios.colleague import SECRETS
from tests.scenarios.leaks import Finding, Sieve, search_tree
from tests.scenarios.stack import Stack

pytestmark = pytest.mark.after_all_stories

CANARY = "The canary sings in the ministry's cellar"


def superuser(stack: Stack) -> str:
    """URL of Beep's own database for the login that may read everything."""
    return urlsplit(urls_of(stack.data_dir).superuser)._replace(path=f"/{DATABASE}").geturl()


def everywhere(stack: Stack, needles: set[str]) -> list[Finding]:
    """Findings in the database's dump, in Valkey, and in every file of the data folder, logs included."""
    urls = urls_of(stack.data_dir)
    dump = subprocess.run(
        [binaries.postgres() / "pg_dump", "--no-password", superuser(stack)], capture_output=True, check=True
    ).stdout
    assert b"COPY public.messaging_envelope" in dump
    sieve = Sieve(needles)
    return [
        *sieve.search(dump, "pg_dump"),
        *sieve.search(valkey_contents(urls.valkey), "valkey"),
        *search_tree(sieve, stack.data_dir),
        *sieve.search(stack.output.read_bytes(), str(stack.output)),
    ]


def valkey_contents(url: str) -> bytes:
    """Every key with its value, in the clear: DUMP and snapshots may be compressed."""
    readers: dict[bytes, Callable[[Any, bytes], list[bytes]]] = {
        b"string": lambda valkey, key: [valkey.get(key) or b""],
        b"list": lambda valkey, key: list(valkey.lrange(key, 0, -1)),
        b"set": lambda valkey, key: list(valkey.smembers(key)),
        b"hash": lambda valkey, key: [part for pair in valkey.hgetall(key).items() for part in pair],
        b"zset": lambda valkey, key: list(valkey.zrange(key, 0, -1)),
        b"stream": lambda valkey, key: [repr(entry).encode() for entry in valkey.xrange(key)],
        b"none": lambda valkey, key: [],  # it expired in between
    }
    pieces: list[bytes] = []
    with redis.Redis.from_url(url) as connection:
        valkey: Any = connection
        for key in valkey.scan_iter():
            pieces += [key, *readers[valkey.type(key)](valkey, key)]
    return b"\n".join(pieces)


def plant(stack: Stack) -> None:
    """Put the canary where a mistake would put a message: a table, Valkey, a log."""
    urls = urls_of(stack.data_dir)
    with psycopg.connect(superuser(stack), autocommit=True) as connection:
        connection.execute("CREATE TABLE canary (body bytea, words text)")
        connection.execute("INSERT INTO canary VALUES (%s, %s)", [CANARY.encode(), CANARY])
        connection.execute("CHECKPOINT")
    with redis.Redis.from_url(urls.valkey) as valkey:
        valkey.set("canary", CANARY)
    with (stack.data_dir / "canary.log").open("w") as log:
        log.write(CANARY)


def remove(stack: Stack) -> None:
    urls = urls_of(stack.data_dir)
    with psycopg.connect(superuser(stack), autocommit=True) as connection:
        connection.execute("DROP TABLE canary")
    with redis.Redis.from_url(urls.valkey) as valkey:
        valkey.delete("canary")
    (stack.data_dir / "canary.log").unlink()


def test_no_word_of_the_stories_is_on_the_server(stack: Stack) -> None:
    assert len(SECRETS) > 20, "no story ran before this one"
    assert everywhere(stack, {secret for secret in SECRETS if len(secret.encode()) >= 10}) == []


def test_the_search_finds_what_is_planted(stack: Stack) -> None:
    plant(stack)
    try:
        places = {finding.place for finding in everywhere(stack, {CANARY})}
    finally:
        remove(stack)
    assert {"pg_dump", "valkey", str(stack.data_dir / "canary.log")} <= places
    tables = [place for place in places if "/base/" in urlsplit(place).path]
    assert tables, "the database's own files were not searched"
    assert all(Path(table).is_relative_to(stack.data_dir) for table in tables)
