"""What was to be reached against the peers, and whether it was: ratios of medians from one run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.measure import Figures, table

Medians = Mapping[tuple[str, str], Figures]


@dataclass(frozen=True)
class Target:
    """A ratio of Beep's figure to a peer's. `more`: more is better."""

    title: str
    workload: str
    figure: str
    peer: str
    floor: float
    aim: float
    more: bool = True
    stock: float | None = None
    """The floor for Daphne where it is another one."""


TARGETS: Final = (
    Target("W1 against ejabberd", "W1", "deliveries_per_s", "ejabberd", 5, 12, stock=2.5),
    Target("W1 against Synapse", "W1", "deliveries_per_s", "synapse", 200, 500),
    Target("W2 against ejabberd, one core", "W2", "messages_per_s", "ejabberd", 8, 18),
    Target("W2 against ejabberd, both cores", "W2-both", "messages_per_s", "ejabberd", 5, 9),
    Target("W1 p50 at window 1, against ejabberd", "W1-1", "p50_ms", "ejabberd", 0.7, 0.4, more=False),
    Target(
        "memory per idle connection, against ejabberd",
        "W3",
        "kB_per_connection",
        "ejabberd",
        1.2,
        1,
        more=False,
    ),
    Target("missed messages a second, against ejabberd", "W4", "per_s", "ejabberd", 8, 20),
)
"""The last section of the delivery design."""


def compare(medians: Medians) -> str:
    """Two tables: the figures of all, and Beep's ratios beside the targets."""
    medians = {key: _with_rate(figures) for key, figures in medians.items()}
    systems = list(dict.fromkeys(system for system, _ in medians))
    return "\n\n".join((_figures(medians, systems), _ratios(medians, systems)))


def _with_rate(figures: Figures) -> Figures:
    """Envelopes a second beside W4's seconds, because Synapse fetches fewer."""
    if "envelopes" not in figures:
        return figures
    return {**figures, "per_s": round(figures["envelopes"] / max(figures["seconds"], 0.001))}


def _figures(medians: Medians, systems: list[str]) -> str:
    columns = {
        "W1 deliveries/s": ("W1", "{deliveries_per_s:g}"),
        "W1 p50 / p99 ms": ("W1", "{p50_ms:g} / {p99_ms:g}"),
        "W1-1 p50 / p99 ms": ("W1-1", "{p50_ms:g} / {p99_ms:g}"),
        "W2 messages/s": ("W2", "{messages_per_s:g}"),
        "W2 both cores": ("W2-both", "{messages_per_s:g}"),
        "W3 kB/connection": ("W3", "{kB_per_connection:g}"),
        "W4": ("W4", "{seconds:g} s for {envelopes:g}"),
        "driver idle (least)": ("", ""),
    }
    rows = []
    for system in systems:
        cells = [
            form.format(**medians[system, name]) if (system, name) in medians else ""
            for name, form in list(columns.values())[:-1]
        ]
        idle = [f["driver_idle"] for (s, _), f in medians.items() if s == system and "driver_idle" in f]
        rows.append((system, *cells, f"{min(idle):g}" if idle else ""))
    return table(("system", *columns), rows)


def _ratios(medians: Medians, systems: list[str]) -> str:
    rows = []
    for target in TARGETS:
        theirs = medians.get((target.peer, target.workload), {}).get(target.figure)
        if not theirs:
            continue
        cells = []
        for system in ("beep-uvicorn", "beep-daphne"):
            ours = medians.get((system, target.workload), {}).get(target.figure)
            if ours is None:
                cells.append("")
                continue
            stock = target.stock if system == "beep-daphne" and target.stock else target.floor
            cells.append(f"{ours / theirs:.3g} × ({_verdict(ours / theirs, target, stock)})")
        floor = f"{target.floor:g} ×" + (f" (Daphne {target.stock:g} ×)" if target.stock else "")
        rows.append((target.title, floor, f"{target.aim:g} ×", *cells))
    return table(("", "floor", "aim", "uvicorn", "Daphne"), rows)


def _verdict(ratio: float, target: Target, floor: float) -> str:
    def reached(bound: float) -> bool:
        return ratio >= bound if target.more else ratio <= bound

    return "aim reached" if reached(target.aim) else "floor reached" if reached(floor) else "floor missed"
