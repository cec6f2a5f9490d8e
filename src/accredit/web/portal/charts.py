"""Charts: numbers as shapes, drawn by ``parts/charts.html`` as inline SVG beside a table of the same numbers.

Rule 1: a place is a number in a drawing that is ``WIDTH`` by ``HEIGHT``; how large it is shown, and how it looks, the
style sheet says. The drawing is for eyes and pointers; whoever reads by ear or by key has the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH: Final = 1_000
HEIGHT: Final = 200
GAP: Final = 0.18  # of a bar's width, between two
LEAST: Final = 3.0  # a number that is not nothing is seen


class Number(NamedTuple):
    """What a bar stands for: granted below, refused above. ``url``: to the attempts themselves."""

    label: str
    granted: int
    refused: int
    url: str


class Bar(NamedTuple):
    """A bar as it is drawn, all of it within ``left`` and ``width``."""

    of: Number
    left: float
    width: float
    granted_top: float
    granted_height: float
    refused_top: float
    refused_height: float


class Chart(NamedTuple):
    """Bars beside each other, and the number that the highest of them may reach."""

    bars: Sequence[Bar]
    most: int

    @property
    def granted(self) -> int:
        """How many were granted in all."""
        return sum(each.of.granted for each in self.bars)

    @property
    def refused(self) -> int:
        """How many were refused in all."""
        return sum(each.of.refused for each in self.bars)


def bars(numbers: Sequence[Number]) -> Chart:
    """Lay bars out."""
    most = _above(max((each.granted + each.refused for each in numbers), default=0))
    step = WIDTH / max(len(numbers), 1)
    drawn = []
    for place, each in enumerate(numbers):
        granted, refused = _height(each.granted, most), _height(each.refused, most)
        drawn.append(
            Bar(
                each,
                left=round(step * (place + GAP / 2), 1),
                width=round(step * (1 - GAP), 1),
                granted_top=round(HEIGHT - granted, 1),
                granted_height=granted,
                refused_top=round(max(HEIGHT - granted - refused, 0), 1),
                refused_height=refused,
            )
        )
    return Chart(drawn, most)


def share(number: int, most: int) -> float:
    """Return how much of ``WIDTH`` a number is, where ``most`` is all of it."""
    return round(max(LEAST, number * WIDTH / most), 1) if number and most else 0.0


def _height(number: int, most: int) -> float:
    return round(max(LEAST, number * HEIGHT / most), 1) if number else 0.0


def _above(number: int) -> int:
    """Return a round number that is not below another one."""
    power = 1
    while power * 10 < number:
        power *= 10
    return next((each * power for each in (1, 2, 5, 10) if each * power >= number), 1)
