"""What holds for every answer: headers, refusals in one form, origins, the client's files."""

import json
import re
from pathlib import Path

import pytest
from django.http import HttpRequest, JsonResponse
from django.test import Client
from django.urls import path
from pytest_django import Settings

from beep import cspreports, urls
from beep.errors import BeepError
from beep.headers import content_security_policy
from beep.refusals import to_response

ORIGIN = {"origin": "http://testserver"}
PAGE = b"""<!doctype html><html><head>
<script type="importmap">{"integrity":{}}</script>
<script type="module" src="/assets/index-AbCdEf12.js"></script></head><body></body></html>"""


def _crash(request: HttpRequest) -> JsonResponse:
    raise RuntimeError("kanarienvogel")


async def _echo(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"path": request.path})


urlpatterns = [path("api/v1/crash", _crash), path("api/v1/echo", _echo), *urls.urlpatterns]


@pytest.fixture
def web_dist(tmp_path: Path, settings: Settings) -> Path:
    """A small build of the web client in place of the real one."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "sw.js").write_text("// worker")
    (tmp_path / "manifest.webmanifest").write_text("{}")
    (tmp_path / "assets" / "index-AbCdEf12.js").write_text("export const one = 1;")
    (tmp_path / "assets" / "index-AbCdEf12.js.br").write_bytes(b"brotli")
    settings.WEB_DIST = tmp_path
    return tmp_path


@pytest.fixture
def client() -> Client:
    """A client that sees an unexpected exception as the browser would: as a 500."""
    return Client(raise_request_exception=False)


def directives(policy: str) -> dict[str, str]:
    """The policy by directive."""
    return dict(part.strip().partition(" ")[::2] for part in policy.split(";"))


@pytest.mark.parametrize(
    "address", ["/", "/api/v1/nothing", "/nothing.js", "/api/v1/openapi.json", "/csp-report"]
)
def test_every_answer_has_the_security_headers(client: Client, web_dist: Path, address: str) -> None:
    headers = client.get(address).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert "camera=(self)" in headers["Permissions-Policy"]
    policy = directives(headers["Content-Security-Policy"])
    assert policy["default-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["trusted-types"] == "svelte-trusted-html beep-worker"
    for name in ("object-src", "base-uri", "frame-ancestors"):
        assert policy[name] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "*" not in headers["Content-Security-Policy"]
    assert "Set-Cookie" not in headers


def test_the_policy_names_no_host_but_ours() -> None:
    hosts = re.findall(r"[a-z]+://[^ ;]+", content_security_policy())
    assert set(hosts) == {"ws://localhost:8000", "ws://127.0.0.1:8000"}


def test_only_over_https_browsers_are_told_to_stay_there(client: Client, settings: Settings) -> None:
    assert "Strict-Transport-Security" not in client.get("/csp-report").headers
    settings.ORIGINS = ("https://beep.example.gov",)
    assert "max-age=63072000" in client.get("/csp-report").headers["Strict-Transport-Security"]


# --- The API's refusals
# ----------------------------------------------------------------------------------------


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("method", "address", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/api/", 404, "not_found"),
        ("GET", "/api", 404, "not_found"),
        ("DELETE", "/api/v1/openapi.json", 405, "method_not_allowed"),
        ("GET", "/api/v1/a%00b", 400, "bad_request"),
        ("GET", "/api/v1/crash", 500, "internal"),
    ],
)
def test_django_s_own_errors_have_the_common_form(
    client: Client, method: str, address: str, status: int, code: str
) -> None:
    response = client.generic(method, address, headers=ORIGIN)
    assert response.status_code == status
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    body = response.json()
    assert body["code"] == code
    assert set(body) == {"code", "message"}
    assert "kanarienvogel" not in response.content.decode()


def test_a_refusal_carries_its_facts_and_how_long_to_wait() -> None:
    response = to_response(BeepError("counter_gap", detail={"last": 7}, retry_after=1.2))
    assert response.status_code == 409
    assert json.loads(response.content)["detail"] == {"last": 7, "retry_after": 1.2}
    assert response["Retry-After"] == "2"


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://testserver"}, 200),
        ({"origin": "http://localhost:8000"}, 200),
        ({}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://testserver.evil.example"}, 403),
        ({"origin": "https://testserver"}, 403),
        ({"origin": "http://console.localhost:8000"}, 403),
        ({"origin": "http://testserver", "host": "localhost:8000"}, 403),
    ],
)
def test_what_changes_something_must_come_from_our_own_pages(
    client: Client, headers: dict[str, str], status: int
) -> None:
    response = client.post("/api/v1/echo", headers=headers)
    assert response.status_code == status
    assert client.get("/api/v1/echo", headers=headers).status_code == 200
    if status == 403:
        assert response.json()["code"] == "forbidden"


def test_an_unknown_host_is_refused(client: Client) -> None:
    headers = {"host": "evil.example", "origin": "http://evil.example"}
    for address in ("/", "/api/v1/openapi.json", "/csp-report"):
        for response in (client.get(address, headers=headers), client.post(address, headers=headers)):
            assert response.status_code == 400
            assert response.json()["code"] == "bad_request"


# --- The web client
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "route", ["/", "/settings/look", "/activate", "/c/0b0e8b0e-0000-4000-8000-000000000000"]
)
def test_each_route_is_the_page_and_is_asked_for_again(client: Client, web_dist: Path, route: str) -> None:
    response = client.get(route)
    assert response.status_code == 200
    assert response.content == PAGE
    assert response["Content-Type"].startswith("text/html")
    assert "immutable" not in response["Cache-Control"]
    assert "max-age=0" in response["Cache-Control"]
    assert "blocked-destinations=(script)" in response["Integrity-Policy"]


def test_the_inline_import_map_is_allowed_by_its_hash_alone(client: Client, web_dist: Path) -> None:
    sources = directives(client.get("/")["Content-Security-Policy"])["script-src"].split()
    # SHA-256 of {"integrity":{}}
    assert sources == ["'self'", "'sha256-v1IUEqDyKCfHdg2mkshdZlh1JwxKZIMqsI0JxkeP1Qo='"]


def test_hashed_files_may_be_kept_for_ever(client: Client, web_dist: Path) -> None:
    response = client.get("/assets/index-AbCdEf12.js")
    assert response.status_code == 200
    assert "immutable" in response["Cache-Control"]
    assert response["Content-Type"].startswith("text/javascript")
    assert "Access-Control-Allow-Origin" not in response
    for name in ("/sw.js", "/manifest.webmanifest"):
        assert "max-age=0" in client.get(name)["Cache-Control"]


def test_compressed_variants_are_chosen(client: Client, web_dist: Path) -> None:
    response = client.get("/assets/index-AbCdEf12.js", headers={"accept-encoding": "gzip, br"})
    assert response["Content-Encoding"] == "br"
    assert response.content == b"brotli"
    assert "Accept-Encoding" in response["Vary"]


@pytest.mark.parametrize(
    "address",
    [
        "/assets/index-AbCdEf13.js",
        "/assets/index-AbCdEf12.js.br",
        "/../pyproject.toml",
        "/.env",
        "/%2e%2e/manage.py",
    ],
)
def test_a_missing_file_is_never_the_page(client: Client, web_dist: Path, address: str) -> None:
    assert client.get(address).status_code == 404


def test_a_new_build_is_served_without_a_restart(client: Client, web_dist: Path) -> None:
    assert client.get("/").content == PAGE
    (web_dist / "index.html").write_bytes(b"new")
    (web_dist / "fresh.txt").write_text("fresh")
    assert client.get("/").content == b"new"
    assert client.get("/fresh.txt").content == b"fresh"


def test_before_the_first_build_the_answer_says_what_to_do(
    client: Client, tmp_path: Path, settings: Settings
) -> None:
    settings.WEB_DIST = tmp_path / "none"
    response = client.get("/")
    assert response.status_code == 503
    assert b"make web" in response.content


def test_the_client_is_read_only(client: Client, web_dist: Path) -> None:
    assert client.post("/", headers=ORIGIN).status_code == 405
    assert client.head("/").content == b""


# --- Reports of blocked content
# --------------------------------------------------------------------------------


def test_reports_are_counted_and_kept_for_tests(client: Client) -> None:
    before = client.get("/csp-report").json()["count"]
    report = {
        "csp-report": {"effective-directive": "script-src", "blocked-uri": "https://evil.example/x?code=1"}
    }
    response = client.post("/csp-report", json.dumps(report), content_type="application/csp-report")
    assert response.status_code == 204
    after = client.get("/csp-report").json()
    assert after["count"] == before + 1
    assert after["reports"][-1] == report


def test_reports_are_not_shown_in_production(client: Client, settings: Settings) -> None:
    settings.DEMO = False
    assert client.get("/csp-report").status_code == 405


@pytest.mark.parametrize(
    ("blocked", "logged"),
    [
        ("https://user:secret@evil.example:8443/path?code=1", "https://evil.example:8443"),
        ("data:text/plain,something that somebody wrote", "data:"),
        ("blob", "blob"),
        ("something that somebody wrote", "unknown"),
        ("https://" + "x" * 10_000 + "/", "unknown"),
        ("https://evil.example:port/", "unknown"),
    ],
)
def test_the_log_keeps_the_origin_alone(
    client: Client, caplog: pytest.LogCaptureFixture, blocked: str, logged: str
) -> None:
    report = {"csp-report": {"effective-directive": "x" * 1_000, "blocked-uri": blocked}}
    client.post("/csp-report", json.dumps(report), content_type="application/csp-report")
    (line,) = [record.msg for record in caplog.records if record.name == "beep.csp"]
    assert isinstance(line, dict)
    assert (line["directive"], line["blocked"]) == ("unknown", logged)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"7", b"[" * 20_000, b'{"a":"' + b"x" * cspreports.MAX_REPORT_BYTES + b'"}']
)
def test_a_malformed_report_is_refused(client: Client, body: bytes) -> None:
    assert client.post("/csp-report", body, content_type="application/csp-report").status_code == 400
