"""The operations port, and whether everything that it shows is explained and drawn."""

import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from beep import metrics, operations

ROOT = Path(__file__).resolve().parents[2]
OWN = re.compile(r"\bbeep_[a-z_]+")


def names() -> set[str]:
    """Every metric of ours, as PromQL names it; a histogram without its three endings."""
    return {
        metric.name + ("_total" if metric.type == "counter" else "")
        for metric in metrics.REGISTRY.collect()
        if metric.name.startswith("beep_")
    }


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_the_port_shows_metrics_and_life(monkeypatch: pytest.MonkeyPatch) -> None:
    url = operations.start({"BEEP_OPERATIONS": "127.0.0.1:0"})
    assert url is not None
    before = metrics.total.accepted
    monkeypatch.setattr(metrics.total, "accepted", before + 7)
    status, text = get(url + "/metrics")
    assert status == 200
    assert f"beep_envelopes_accepted_total {before + 7:.1f}" in text
    shown = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert names() <= shown
    assert get(url + "/live") == (200, "live\n")
    assert get(url + "/")[0] == 404
    monkeypatch.setattr(metrics.loop, "silence", lambda: operations.STANDSTILL + 1)
    assert get(url + "/live")[0] == 503


def test_without_the_variable_there_is_no_port() -> None:
    assert operations.start({}) is None


@pytest.mark.parametrize(
    "value",
    ["9000", ":9000", "0.0.0.0:9000", "[::]:9000", "example.org:9000", "127.0.0.1:", "127.0.0.1:70000"],
)
def test_an_address_that_is_not_meant_is_refused(value: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        operations.start({"BEEP_OPERATIONS": value})


def test_another_address_must_be_meant() -> None:
    env = {"BEEP_OPERATIONS": "0.0.0.0:0", "BEEP_OPERATIONS_REMOTE": "1"}
    assert operations.Address.of(env) == operations.Address("0.0.0.0", 0)
    assert operations.Address.of({"BEEP_OPERATIONS": "[::1]:9"}) == operations.Address("::1", 9)


def test_a_pulse_that_has_ended_is_not_a_standstill(monkeypatch: pytest.MonkeyPatch) -> None:
    pulse, now = metrics.Pulse(), 1000.0
    monkeypatch.setattr("beep.metrics.time.monotonic", lambda: now)
    assert pulse.silence() == 0
    pulse.beat()
    now += 20
    assert pulse.silence() == 20
    pulse.end()
    assert pulse.silence() == 0


def test_levels_of_several_sources_are_added() -> None:
    class Source:
        def levels(self) -> dict[str, float]:
            return {"polls_held": 2}

    def held() -> float:
        return metrics.REGISTRY.get_sample_value("beep_polls_held") or 0.0

    before, sources = held(), [Source(), Source()]
    for source in sources:
        metrics.watch(source)
    assert held() == before + 4


@pytest.mark.parametrize("path", ["docs/operations.md"])
def test_every_metric_is_explained(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert names() - set(OWN.findall(text)) == set()
