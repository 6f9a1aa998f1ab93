"""The operations port, and whether everything that it shows is explained and drawn."""

import json
import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured

from audit import integrating
from audit.siem import feed
from audit.transparency import gauges
from beep import cspreports, metrics, operations
from beep.errors import CATALOGUE as CODES
from messaging import protocol

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "deploy/grafana/beep.json"
ALERTS = ROOT / "deploy/prometheus/alerts.yml"
COUNTING = (integrating, gauges, feed, cspreports)
"""Modules with metrics of their own: imported, so that they are among `names`."""
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


def bare(name: str) -> str:
    """Without what PromQL puts behind a histogram's name."""
    stem = re.sub(r"_(bucket|sum|count)$", "", name)
    return stem if stem in names() else name


def expressions(path: Path) -> list[str]:
    if path.suffix == ".json":
        panels = json.loads(path.read_text(encoding="utf-8"))["panels"]
        return [target["expr"] for panel in panels for target in panel.get("targets", ())]
    groups = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def test_every_metric_is_explained() -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    found = {bare(name) for name in OWN.findall(text)}
    assert names() - found == set()


def test_every_metric_is_drawn() -> None:
    found = {bare(name) for expr in expressions(DASHBOARD) for name in OWN.findall(expr)}
    assert names() - found == set()


@pytest.mark.parametrize("path", [DASHBOARD, ALERTS], ids=["dashboard", "alerts"])
def test_no_expression_asks_for_what_nobody_counts(path: Path) -> None:
    own = names()
    shown = own | {metric.name for metric in metrics.REGISTRY.collect()} | {"process_cpu_seconds_total"}
    for expr in expressions(path):
        asked = {bare(name) for name in re.findall(r"\b(?:beep|process|python)_[a-z_]+\b", expr)}
        assert asked, expr
        assert asked <= shown, expr
        assert expr.count("(") == expr.count(")"), expr
        assert expr.count("{") == expr.count("}"), expr


def test_codes_in_the_alerts_exist() -> None:
    known = {str(getattr(protocol, name)) for name in vars(protocol) if name.startswith("CLOSE_")}
    for expr in expressions(ALERTS):
        for code in re.findall(r'code="(\w+)"', expr):
            assert code in known | set(CODES), expr


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    """What its JSON model asks for: a version, unique ids, no panel over another, a chosen data source."""
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert board["schemaVersion"] >= 36
    assert board["title"]
    assert board["uid"]
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    variables = {variable["name"] for variable in board["templating"]["list"]}
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
        for target in panel.get("targets", ()):
            assert target["datasource"]["uid"] == "${datasource}"
            used = set(re.findall(r"\$(\w+)", target["expr"])) - {"__rate_interval"}
            assert used <= variables, target["expr"]
        references = [target["refId"] for target in panel.get("targets", ())]
        assert len(set(references)) == len(references), panel["title"]
