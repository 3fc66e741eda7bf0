"""Lines over time as SVG: axes, a grid, names at the lines' colours."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 900, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 15, 30, 30


Scale = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Line:
    """A named line; where a value is None it is interrupted. `colour` is a class of the page's style."""

    name: str
    points: Sequence[tuple[float, float | None]]
    colour: str


def chart(lines: Sequence[Line], unit: str, *, logarithmic: bool = False) -> str:
    """Return the chart; nothing where there is no value."""
    values = [value for line in lines for _, value in line.points if value is not None and value > 0]
    times = [time for line in lines for time, _ in line.points]
    if not values or len(times) < 2:
        return ""
    ticks = _decades(min(values), max(values)) if logarithmic else _even(max(values))
    low, high, end = ticks[0], ticks[-1], max(times) or 1.0

    def x(time: float) -> float:
        return _LEFT + time / end * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        if logarithmic:
            share = math.log(max(value, low) / low) / math.log(high / low)
        else:
            share = value / high
        return _HEIGHT - _BOTTOM - min(1.0, share) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
        f'<text x="{_LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g} {unit}</text>'
        for tick in ticks
    ]
    parts += [
        f'<text x="{x(time):.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{time:g} s</text>'
        for time in _even(end)
        if time <= end
    ]
    for number, line in enumerate(lines):
        parts += [_polyline(run, line.colour) for run in _runs(line, x, y)]
        at = _LEFT + number * 190
        parts.append(f'<line class="{line.colour}" stroke-width="3" x1="{at}" x2="{at + 22}" y1="12" y2="12"/>')
        parts.append(f'<text x="{at + 28}" y="16">{escape(line.name)}</text>')
    names = ", ".join(line.name for line in lines)
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(names)}">{"".join(parts)}</svg>'


def _runs(line: Line, x: Scale, y: Scale) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for time, value in line.points:
        if value is None:
            runs.append([])
        else:
            runs[-1].append((x(time), y(value)))
    return [run for run in runs if run]


def _polyline(points: Sequence[tuple[float, float]], colour: str) -> str:
    if len(points) == 1:
        points = [points[0], (points[0][0] + 1.5, points[0][1])]
    told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{colour}" points="{told}"/>'


def _decades(low: float, high: float) -> list[float]:
    """Return 1, 2, 5, 10 … around the values."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = [base * 10.0**power for power in range(first, last + 1) for base in (1, 2, 5)]
    begin = max([step for step in steps if step <= low] or steps[:1])
    end = min([step for step in steps if step >= high] or steps[-1:])
    chosen = [step for step in steps if begin <= step <= end]
    return chosen if len(chosen) > 1 else [begin, begin * 10]


def _even(high: float) -> list[float]:
    """Return a handful of round numbers from 0 to above `high`."""
    rough = high / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(base * power for base in (1, 2, 2.5, 5, 10) if base * power >= rough)
    return [number * step for number in range(math.ceil(high / step) + 1)]
