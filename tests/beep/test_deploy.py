"""The files under deploy/ and the Dockerfile: checked against the code that they start.

No container engine runs here. What can be known without one is: every process's environment is one with which
Beep starts, every service and unit is locked down, the image holds every package that is imported, and the
proxy passes what the server needs and logs no query.
"""

import ast
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from beep import secretfiles
from beep.demo.configuration import ROOT
from beep.environment import Environment
from messaging.servers import arguments, draining, incoming

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"].startswith("beep:")]
DJANGO = [name for name in OURS if name != "witness"]
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
HARDENED = {
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "CapabilityBoundingSet=",
    "MemoryDenyWriteExecute=yes",
    "RestrictNamespaces=yes",
    "RestrictSUIDSGID=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "LimitCORE=0",
    "UMask=0077",
}


@pytest.fixture(scope="module")
def made_secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the script makes."""
    folder = tmp_path_factory.mktemp("deploy") / "secrets"
    script = ["sh", str(DEPLOY / "compose" / "make-secrets.sh"), str(folder)]
    for _ in range(2):
        subprocess.run(script, check=True, capture_output=True, env={"PATH": os.defpath})
    return folder


def env_file() -> dict[str, str]:
    lines = (DEPLOY / "beep.env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_secrets_are_made_once_and_private(made_secrets: Path) -> None:
    assert {file.name for file in made_secrets.iterdir()} == set(COMPOSE["secrets"])
    assert all(file.stat().st_mode & 0o077 == 0 for file in made_secrets.iterdir())
    passwords = [
        line.rpartition(" ")[2] for line in (made_secrets / "role_passwords").read_text().split("\n")
    ]
    assert len(set(filter(None, passwords))) == 4
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}


@pytest.mark.parametrize("name", DJANGO)
def test_every_service_has_an_environment_to_start_with(name: str, made_secrets: Path) -> None:
    service = SERVICES[name]
    given = {**env_file(), **service["environment"]}
    for variable, value in given.items():
        if value.startswith("/run/secrets/"):
            assert value.removeprefix("/run/secrets/") in service["secrets"], variable
    there = {key: value.replace("/run/secrets", str(made_secrets)) for key, value in given.items()}
    there["BEEP_WITNESSES"] = __file__
    environment = Environment.load(there)
    assert environment.trusted_proxy
    assert environment.allowed_hosts == ("beep.example.gov", "console.beep.example.gov")
    # What it is not given a password for, it cannot use.
    assert bool(environment.migrator.password) == (name == "migrate")
    assert bool(environment.integrator.password) == (name in ("integrator", "key-log"))
    assert known_variables() >= set(given)


def known_variables() -> set[str]:
    """Every variable that the server's source names, and the file form of each secret."""
    named = re.compile(r"\"((?:BEEP_|DATABASE_URL|VALKEY_URL|DJANGO_)[A-Z_]*)\"")
    source = [file.read_text() for folder in ("beep", "audit") for file in (ROOT / folder).rglob("*.py")]
    found = {name for text in source for name in named.findall(text)}
    return (
        found
        | {f"{name}_FILE" for name in secretfiles.NAMES}
        | {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
    )


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_is_locked_down(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "cap_add" not in service
    assert ("ports" in service) == (name == "proxy")
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert volume.endswith(":ro") or source in COMPOSE["volumes"]
        if source.startswith("./") and source != "./policy":
            assert (DEPLOY / source).is_file()
    if name not in ("migrate", "witness"):
        assert service["healthcheck"]["test"]


def test_the_databases_are_reachable_by_beep_alone() -> None:
    assert COMPOSE["networks"]["back"]["internal"] is True
    for name in ("postgres", "valkey"):
        assert SERVICES[name]["networks"] == ["back"]
    assert SERVICES["proxy"]["networks"] == ["front"]
    assert SERVICES["witness"]["networks"] == ["witnesses"]


def test_the_database_script_is_run_and_not_read_into_the_images_own() -> None:
    """PostgreSQL's image sources what is not executable, `set -u` included."""
    assert os.access(DEPLOY / "compose" / "create-database.sh", os.X_OK)


@pytest.mark.parametrize("name", OURS)
def test_commands_exist(name: str) -> None:
    words = SERVICES[name].get("command", [])
    assert_command(["python", *words[1:]] if words[0] == "python" else words)


def assert_command(words: list[str]) -> None:
    """The module or management command that the words start is there."""
    match words:
        case ["python", "-m", module, *_]:
            path = ROOT / Path(*module.split("."))
            file = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__main__.py"
            assert "__main__" in file.read_text(), module
        case ["python", "manage.py", command, *_]:
            found = list(ROOT.glob(f"*/management/commands/{command}.py"))
            assert found or command == "migrate", command
        case _:
            assert words[:3] == ["celery", "--app", "beep.celery"]


# --- systemd ------------------------------------------------------------------------------------------------


def unit_lines(unit: Path) -> list[str]:
    return [line for line in unit.read_text().splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_unit_is_locked_down_and_starts_something(unit: Path) -> None:
    lines = unit_lines(unit)
    assert set(lines) >= HARDENED
    assert not any(line.startswith("User=root") for line in lines)
    command = next(line for line in lines if line.startswith("ExecStart=")).partition("=")[2]
    words = shlex.split(command.replace("/opt/beep/.venv/bin/", ""))
    assert_command(words)


@pytest.mark.parametrize(
    "unit", [unit for unit in UNITS if "beep.settings" in unit.read_text()], ids=lambda unit: unit.name
)
def test_every_unit_has_an_environment_to_start_with(unit: Path, made_secrets: Path) -> None:
    lines = unit_lines(unit)
    loaded = {line.split("=")[1].split(":")[0] for line in lines if line.startswith("LoadCredential=")}
    given = {**env_file(), "BEEP_OPERATIONS": ""}
    for line in lines:
        if line.startswith("Environment="):
            for pair in line.removeprefix("Environment=").split():
                key, _, value = pair.partition("=")
                if value.startswith("%d/"):
                    assert value.removeprefix("%d/") in loaded
                given[key] = value.replace("%d", str(made_secrets))
    assert known_variables() >= set(given)
    given |= {"BEEP_CERTIFICATES": str(made_secrets / "certificates"), "BEEP_WITNESSES": __file__}
    environment = Environment.load(given)
    assert bool(environment.migrator.password) == (unit.stem == "beep-migrate")
    assert bool(environment.integrator.password) == (unit.stem in ("beep-integrator", "beep-key-log"))


def test_a_worker_may_drain_before_it_is_killed() -> None:
    unit = dict(
        line.split("=", 1) for line in unit_lines(DEPLOY / "systemd" / "beep-web@.service") if "=" in line
    )
    assert int(unit["TimeoutStopSec"]) > draining.PATIENCE + draining.CLOSE_PATIENCE
    grace = SERVICES["web-1"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > draining.PATIENCE + draining.CLOSE_PATIENCE


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_reads_the_units() -> None:
    paths = [
        path for path in (DEPLOY / "systemd").iterdir() if path.suffix in (".service", ".socket", ".target")
    ]
    named = [str(path).replace("@.", "@1.") if "@." in path.name else str(path) for path in paths]
    complaints = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *named], capture_output=True, text=True, check=False
    ).stderr.splitlines()
    # What is installed on the machine that runs Beep is not installed here.
    absent = re.compile(r"is not executable|not found|No such file|Failed to (?:open|create|connect)")
    ours = [line for line in complaints if "beep" in line and not absent.search(line)]
    assert ours == []


# --- The image ----------------------------------------------------------------------------------------------


def copied() -> set[str]:
    words = [
        line.split() for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("COPY ")
    ]
    return {source for line in words if not line[1].startswith("--") for source in line[1:-1]}


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_the_image_holds_every_package_that_is_imported() -> None:
    local = {folder.name for folder in ROOT.iterdir() if (folder / "__init__.py").is_file()}
    packages = copied() & local
    assert packages >= {"beep", "accounts", "messaging", "audit"}
    wanted = {
        name for package in packages for file in (ROOT / package).rglob("*.py") for name in imports(file)
    }
    assert wanted & local <= packages
    # Nothing of development is in it.
    assert not packages & {"tests", "benchmarks"}
    assert all((ROOT / source).exists() for source in copied())


def test_the_image_runs_as_an_ordinary_user_and_says_how_it_is() -> None:
    lines = [
        line.strip() for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")
    ]
    bases = [line.split() for line in lines if line.startswith("FROM ")]
    assert len(bases) >= 3
    assert all(":" in words[1] and not words[1].endswith(":latest") for words in bases)
    last = lines[max(index for index, line in enumerate(lines) if line.startswith("FROM ")) :]
    users = [line for line in last if line.startswith("USER ")]
    assert users == ["USER 10001"]
    # Nothing is copied or run afterwards; what was copied before belongs to root, so it cannot change.
    assert not any(line.startswith(("RUN ", "COPY ", "ADD ")) for line in last[last.index(users[0]) :])
    assert not any("--chown" in line or line.startswith("ADD ") for line in lines)
    assert any(line.startswith("HEALTHCHECK ") for line in last)
    assert any("--require-hashes" in line for line in lines)
    assert any("npm ci" in line for line in lines)


def test_what_is_secret_stays_out_of_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".beep", "deploy/secrets", "deploy/beep.env"} <= set(ignored)


# --- The proxy ----------------------------------------------------------------------------------------------


def nginx(name: str) -> str:
    """A configuration without its comments."""
    return re.sub(r"(?m)^\s*#.*$", "", (DEPLOY / "nginx" / name).read_text())


def location(path: str) -> str:
    found = re.search(rf"location {re.escape(path)} {{(.*?)\n    }}", nginx("beep.conf"), re.DOTALL)
    assert found is not None, path
    return found[1]


def test_the_proxy_logs_paths_without_queries() -> None:
    text = nginx("nginx.conf")
    formats = re.findall(r"log_format.*?;", text, re.DOTALL)
    assert len(formats) == 1
    # $request, $request_uri, $args and the like hold the query; $request_method and $request_time do not.
    variables = set(re.findall(r"\$(\w+)", formats[0]))
    assert variables <= {
        "time_iso8601",
        "remote_addr",
        "request_method",
        "uri",
        "status",
        "body_bytes_sent",
        "request_time",
        "upstream_addr",
    }
    assert "error_log stderr crit;" in text


def test_the_proxy_keeps_sockets_and_polls_open() -> None:
    for path in ("= /ws", "= /wake", "= /poll"):
        text = location(path)
        timeout = re.search(r"proxy_read_timeout (\d+)s;", text)
        assert timeout is not None
        assert int(timeout[1]) > arguments.PING_INTERVAL
        assert "proxy_buffering off;" in text
        assert "proxy_pass http://beep;" in text
    text = nginx("beep.conf")
    assert "proxy_set_header Host $http_host;" in text
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in text
    assert "ssl_reject_handshake on;" in text
    workers = set(re.findall(r"server (web-\d+):8000", nginx("upstream-compose.conf")))
    assert workers == {name for name in SERVICES if name.startswith("web-")}


@pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx here")
@pytest.mark.parametrize("upstream", ["systemd", "compose"])
def test_nginx_reads_the_configuration(tmp_path: Path, upstream: str) -> None:
    """As it is but for paths, names of containers, and what versions before 1.27.3 do not know."""
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=beep.test",
    ]
    made += ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "cert")]
    subprocess.run(made, check=True, capture_output=True)
    (tmp_path / "mime.types").write_text("types { text/html html; }")
    changes = {
        r"/run/secrets/tls_certificate": str(tmp_path / "cert"),
        r"/run/secrets/tls_key": str(tmp_path / "key"),
        r"/etc/nginx/mime\.types": str(tmp_path / "mime.types"),
        r"(_temp_path|pid) /tmp/": rf"\1 {tmp_path}/",
        r"web-1:8000 resolve": "127.0.0.1:8000",
        r"web-2:8000 resolve": "127.0.0.1:8001",
        r"(?m)^ *http2 on;$": "",
    }
    for name in ("nginx.conf", "beep.conf", f"upstream-{upstream}.conf"):
        text = (DEPLOY / "nginx" / name).read_text()
        for pattern, replacement in changes.items():
            text = re.sub(pattern, replacement, text)
        (tmp_path / name.replace(f"-{upstream}", "")).write_text(text)
    words = ["nginx", "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    said = subprocess.run(words, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert "warn" not in said.stderr


def test_the_proxy_ends_its_connections_to_workers_before_they_do() -> None:
    for upstream in ("systemd", "compose"):
        found = re.search(r"keepalive_timeout (\d+)s;", nginx(f"upstream-{upstream}.conf"))
        assert found is not None
        assert int(found[1]) < incoming.IDLE
    assert "limit_conn connections" in nginx("beep.conf")
    # A restart brings everybody back at once.
    assert all("limit_req" not in location(path) for path in ("= /ws", "= /wake", "= /poll"))
