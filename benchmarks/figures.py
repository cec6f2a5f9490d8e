"""What a benchmark says in the end: a value, what it must be, what it should be, and how it came about."""

from __future__ import annotations

import json
import math
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDS = 5  # at least; the figure is their median


@dataclass(frozen=True, slots=True)
class Target:
    """``must`` decides; ``goal`` is where the design should arrive."""

    bound: Literal[">=", "<="]
    must: float
    goal: float

    def holds(self, value: float) -> bool:
        return value >= self.must if self.bound == ">=" else value <= self.must

    def reached(self, value: float) -> bool:
        return value >= self.goal if self.bound == ">=" else value <= self.goal

    def judged(self, value: float) -> dict[str, Any]:
        """The four members that every figure has. What decides is the value before it is rounded to be read."""
        return {
            "value": rounded(value),
            "must": f"{self.bound}{self.must:g}",
            "goal": f"{self.bound}{self.goal:g}",
            "ok": self.holds(value),
        }


@dataclass(frozen=True, slots=True)
class Figure:
    """One benchmark's outcome. ``further`` are figures beside the first one; all of them have to hold."""

    bench: str
    value: float
    target: Target
    further: dict[str, tuple[float, Target]] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.target.holds(self.value) and all(target.holds(value) for value, target in self.further.values())

    def as_json(self) -> str:
        said = {"bench": self.bench, **self.target.judged(self.value), "ok": self.ok}
        said |= {name: target.judged(value) for name, (value, target) in self.further.items()}
        return json.dumps(said | self.details)

    def sentence(self) -> str:
        parts = [("", self.value, self.target), *((f"{name} ", *pair) for name, pair in self.further.items())]
        told = (
            f"{name}{rounded(value):g} (must {target.bound} {target.must:g}: {'yes' if target.holds(value) else 'NO'}, "
            f"goal {target.goal:g}: {'yes' if target.reached(value) else 'no'})"
            for name, value, target in parts
        )
        return f"{self.bench}: " + "; ".join(told)


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def millis(seconds: Sequence[float], share: float) -> float:
    """Milliseconds that this share of the calls did not exceed."""
    return sorted(seconds)[math.ceil(len(seconds) * share) - 1] * 1e3


def spread(values: Sequence[float]) -> float:
    """How far apart the rounds are: (largest - smallest) / median."""
    return rounded((max(values) - min(values)) / median(values))


def rounded(value: float) -> float:
    """Three significant digits, four from 100 upwards: what a figure is good for."""
    return float(f"{value:.4g}") if abs(value) >= 100 else float(f"{value:.3g}")


def micros(seconds: float) -> float:
    return round(seconds * 1e6, 1)
