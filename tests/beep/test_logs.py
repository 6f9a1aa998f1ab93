"""Logs hold names and numbers: no content, tokens, query strings or bodies, whoever writes them."""

import json
import logging

import pytest
import structlog

from beep.logs import REDACTED, SECRET_KEYS

CANARY = "kanarienvogel-7f3a"


class Lines:
    """What was written to standard error, line by line."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def read(self) -> list[dict[str, object]]:
        """What came since the last call; each line must be one JSON object."""
        return [json.loads(line) for line in self._capsys.readouterr().err.splitlines()]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """Reads what was logged so far, when asked."""
    return Lines(capsys)


@pytest.mark.parametrize("key", sorted(SECRET_KEYS))
def test_known_secrets_are_withheld_at_any_depth(lines: Lines, key: str) -> None:
    log = structlog.get_logger("test")
    log.warning("event", **{key: CANARY})
    log.warning("event", outer={"inner": {key.upper(): CANARY}})
    flat, deep = lines.read()
    assert flat[key] == REDACTED
    assert CANARY not in json.dumps(deep)


def test_a_line_says_what_happened_when_and_where(lines: Lines) -> None:
    structlog.get_logger("beep.somewhere").info("session_opened", device="d-1", ms=3)
    (line,) = lines.read()
    assert line["event"] == "session_opened"
    assert line["logger"] == "beep.somewhere"
    assert line["level"] == "info"
    assert line["device"] == "d-1"
    assert str(line["timestamp"]).endswith("Z")


def test_queries_are_cut_from_messages_of_libraries(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").warning('127.0.0.1 - "WebSocket /ws?ticket=%s" [accepted]', CANARY)
    logging.getLogger("django.request").error("Internal Server Error: %s", f"/activate?code={CANARY}")
    found = lines.read()
    assert len(found) == 2
    assert CANARY not in json.dumps(found)
    assert "/activate" in str(found[1]["event"])


def test_tracebacks_show_no_local_variables(lines: Lines) -> None:
    def fails() -> None:
        passphrase = CANARY[::-1][::-1]
        raise ValueError(f"no use of {len(passphrase)} characters")

    try:
        fails()
    except ValueError:
        logging.getLogger("test").exception("failed")
    (line,) = lines.read()
    assert "ValueError" in json.dumps(line)
    assert CANARY not in json.dumps(line)


def test_servers_write_no_access_log_of_their_own(lines: Lines) -> None:
    logging.getLogger("uvicorn.access").info("GET /activate?code=%s", CANARY)
    logging.getLogger("daphne.http_protocol").debug("HTTP 200 response for %s", CANARY)
    assert lines.read() == []
