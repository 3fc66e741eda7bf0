"""Charts out of characters: pure functions from numbers to lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

_LEVELS = " ▁▂▃▄▅▆▇█"


def spark(values: Sequence[float | None], *, most: float | None = None) -> str:
    """Return a character a value, the higher the larger; a gap where there is none. Lines of them stay apart."""
    known = [value for value in values if value is not None]
    top = most if most is not None else max(known, default=0.0)
    return "".join(" " if value is None else _LEVELS[_level(value, top, 1, 7)] for value in values)


def bar(share: float, width: int) -> str:
    """Return a bar as long as a share of a width, never nothing for something."""
    cells = round(min(1.0, max(0.0, share)) * width)
    return "━" * (max(1, cells) if share > 0 else 0)


def columns(values: Sequence[float], height: int, *, most: float | None = None) -> list[str]:
    """Return lines, the highest first, of a column a value."""
    top = most if most is not None else max(values, default=0.0)
    levels = [_level(value, top, 0, 8 * height) for value in values]
    return [
        "".join(_LEVELS[min(8, max(0, level - 8 * line))] for level in levels) for line in range(height - 1, -1, -1)
    ]


def resampled(values: Sequence[float], width: int) -> list[float]:
    """Return at most so many values, the largest of each stretch: a peak is never lost."""
    if len(values) <= width or width < 1:
        return list(values)
    edges = [round(i * len(values) / width) for i in range(width + 1)]
    return [max(values[a:b]) for a, b in pairwise(edges)]


def _level(value: float, top: float, least: int, most: int) -> int:
    return least if top <= 0 or value <= 0 else max(1, min(most, round(value / top * most)))
