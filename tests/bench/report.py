"""What came out: medians, ratios and gates, as JSON and as a table."""

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

QUIET_BARE_RPS = 1_200
YARDSTICKS = (
    "bare_accept_rps",
    "bare_accept_p99_ms",
    "bare_accept_beside_workers_rps",
    "libcurl_rps",
    "rq_job_per_item_rps",
)
# A ratio is one median by another of the same section.
_RATIOS = {
    "accept_vs_bare": ("accept_rps", "bare_accept_rps"),
    "accept_p99_vs_bare": ("accept_p99_ms", "bare_accept_p99_ms"),
    "accept_busy_vs_bare": ("accept_busy_rps", "bare_accept_beside_workers_rps"),
    "deliveries_vs_libcurl": ("deliveries_per_s", "libcurl_rps"),
    "runs_vs_rq": ("runs_per_s", "rq_job_per_item_rps"),
    "run_cost_vs_few_stored": ("run_cpu_us_at_stored", "run_cpu_us_at_10000"),
}
_LEAST_RATIOS = {
    "accept_vs_bare": 0.5,
    "accept_busy_vs_bare": 0.3,
    "deliveries_vs_libcurl": 0.08,
    "runs_vs_rq": 3.0,
}
_MOST_RATIOS = {"accept_p99_vs_bare": 3.0, "run_cost_vs_few_stored": 1.2}
_LEAST_WHEN_QUIET = {
    "accept_rps": 900.0,
    "runs_per_s": 600.0,
    "engine_runs_per_s": 2_500.0,
    "engine_beside_hanging_runs_per_s": 2_000.0,
    "deliveries_per_s": 2_500.0,
}
_MOST_WHEN_QUIET = {
    "condition_us": 5.0,
    "no_ops_p50_ms": 100.0,
    "for_each_2000_s": 2.0,
    "claim_p99_ms": 20.0,
    "back_fill_delay_ms": 1_000.0,
    "delivery_p95_ms_at_200": 100.0,
    "first_try_beside_due_ms": 1_000.0,
    "replay_begin_ms": 1_000.0,
    "replay_first_ms": 1_000.0,
    "gesture_p95_ms": 50.0,
    "hanging_provider_p95_ms": 50.0,
    "deliveries_page_p95_ms": 100.0,
    "health_page_p95_ms": 100.0,
    "rollup_cpu_us": 100.0,
}
# How much is sent, or held, does not depend on the machine.
_MOST = {"gesture_kb": 20.0, "gesture_sent_kb": 20.0, "replay_memory_mb": 200.0}

Samples = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Gate:
    """A figure that should be at least so much, or at most; `binding` when it is a ratio.

    `verdict` is met or not met; of an absolute figure it may also be that the machine was not
    quiet, or that this was not measured.
    """

    figure: str
    value: float
    bound: float
    is_most: bool
    verdict: str
    binding: bool


@dataclass(frozen=True)
class Circumstances:
    """When a run was, how it was asked for, and how busy the machine was before it."""

    taken_at: datetime
    load_before: float
    quick: bool
    rounds: int


@dataclass(frozen=True)
class Report:
    """One run's outcome."""

    under: Circumstances
    figures: dict[str, float]
    yardsticks: dict[str, float]
    ratios: dict[str, float]
    gates: list[Gate]
    samples: Samples

    @property
    def holds(self) -> bool:
        """Whether every ratio that was measured is as it should be."""
        return all(gate.verdict == "met" for gate in self.gates if gate.binding)

    def as_json(self) -> dict[str, Any]:
        """The figures and ratios by name, and what they came from."""
        return {
            "taken_at": self.under.taken_at.isoformat(timespec="seconds"),
            "quick": self.under.quick,
            "rounds": self.under.rounds,
            "machine": _machine(self.under.load_before),
            **_rounded(self.figures),
            "yardsticks": _rounded(self.yardsticks),
            **_rounded(self.ratios),
            "gates": [asdict(gate) for gate in self.gates],
            "samples": {name: [_round(v) for v in values] for name, values in self.samples.items()},
        }

    def table(self) -> str:
        """The same for a person at the shell."""
        lines: list[str] = []
        for title, found in (("figure", self.figures), ("yardstick", self.yardsticks)):
            if found:
                lines += ["", _line(title, "median", "lowest", "highest")]
            lines += [self._measured(name, value) for name, value in found.items()]
        if self.ratios:
            lines += ["", "ratio"]
        lines += [_line(name, f"{value:,.3f}") for name, value in self.ratios.items()]
        if self.gates:
            lines += ["", _line("gate", "value", "bound")]
        lines += [
            _line(gate.figure, _shown(gate.value), _bound(gate)) + f"  {gate.verdict}"
            for gate in self.gates
        ]
        return "\n".join(lines)

    def _measured(self, name: str, value: float) -> str:
        values = self.samples[name]
        return _line(name, _shown(value), _shown(min(values)), _shown(max(values)))


def report(samples: Samples, under: Circumstances) -> Report:
    """Medians of the samples, and what follows from them."""
    medians = {name: statistics.median(values) for name, values in samples.items()}
    ratios = {
        name: medians[figure] / medians[yardstick]
        for name, (figure, yardstick) in _RATIOS.items()
        if figure in medians and yardstick in medians
    }
    return Report(
        under,
        {name: value for name, value in medians.items() if name not in YARDSTICKS},
        {name: value for name, value in medians.items() if name in YARDSTICKS},
        ratios,
        _gates(medians, ratios),
        samples,
    )


def write(found: Report, path: Path) -> None:
    path.write_text(json.dumps(found.as_json(), indent=2) + "\n")


def _gates(medians: Mapping[str, float], ratios: Mapping[str, float]) -> list[Gate]:
    bare_rps = medians.get("bare_accept_rps", medians.get("bare_accept_beside_workers_rps"))
    unquiet = _unquiet(bare_rps)
    return [
        *_judged(ratios, _LEAST_RATIOS, is_most=False, binding=True),
        *_judged(ratios, _MOST_RATIOS, is_most=True, binding=True),
        *_judged(medians, _MOST, is_most=True, binding=False),
        *_judged(medians, _LEAST_WHEN_QUIET, is_most=False, binding=False, instead=unquiet),
        *_judged(medians, _MOST_WHEN_QUIET, is_most=True, binding=False, instead=unquiet),
    ]


def _judged(
    found: Mapping[str, float],
    bounds: Mapping[str, float],
    *,
    is_most: bool,
    binding: bool,
    instead: str | None = None,
) -> list[Gate]:
    """The gates of what was found; `instead` is why nothing is judged."""
    gates = []
    for name, bound in bounds.items():
        if name in found:
            holds = found[name] <= bound if is_most else found[name] >= bound
            verdict = instead or ("met" if holds else "not met")
            gates.append(Gate(name, found[name], bound, is_most, verdict, binding))
    return gates


def _unquiet(bare_rps: float | None) -> str | None:
    """Absolute figures are asked for only where the bare path shows a quiet machine."""
    if bare_rps is None:
        return "not judged: no bare path"
    return "not judged: not quiet" if bare_rps < QUIET_BARE_RPS else None


def _bound(gate: Gate) -> str:
    return f"{'≤' if gate.is_most else '≥'} {_shown(gate.bound)}"


def _machine(load_before: float) -> dict[str, object]:
    return {
        "cpus": os.cpu_count(),
        "load_before": round(load_before, 2),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _line(name: str, *columns: str) -> str:
    return f"{name:<32}" + "".join(f"{column:>14}" for column in columns)


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"


def _round(value: float) -> float:
    return round(value, 4 if abs(value) < 10 else 1)


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: _round(value) for name, value in values.items()}
