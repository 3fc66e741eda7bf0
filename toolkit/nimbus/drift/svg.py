"""The report's drawings. Colours are the page's, so that light, dark and paper each have their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from nimbus.drift import words
from nimbus.drift.history import Point
from nimbus.drift.panels import Panel
from nimbus_runtime.contract.drift import Finding, Level
from nimbus_runtime.contract.words import percent

_WIDTH, _HEIGHT, _BASE = 320, 110, 92
_ROW, _LABEL = 19, 118
_HISTORY_WIDTH, _HISTORY_HEIGHT = 900, 190
_NAMED_RUNS = 8
_MOST = 4.0  # what is further is drawn there
_SCALE = 3.0  # multiples of the threshold that a bar of an effect may show


def shown(text: str, most: int = 60) -> str:
    """Return text from outside for a page: markup, control characters and changes of direction do nothing there."""
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return escape(plain if len(plain) <= most else plain[: most - 1] + "…")


def panel(drawn: Panel) -> str:
    """Draw both windows of a feature."""
    return _bars(drawn) if drawn.categories else _histogram(drawn)


def effect(found: Finding) -> str:
    """Draw an effect and its interval against its threshold, which is the line in the middle."""
    width, least = 150, 0.5 if found.kind.value == "vector" else 0.0

    def at(value: float) -> float:
        share = (value - least) / max(found.threshold - least, 1e-9)
        return round(min(max(share, 0.0), _SCALE) / _SCALE * width, 1)

    middle = round(width / _SCALE, 1)
    return (
        f'<svg class="effect" viewBox="0 0 {width} 14" width="{width}" height="14" aria-hidden="true">'
        f'<line class="axis" x1="0" y1="7" x2="{width}" y2="7"/>'
        f'<line class="limit" x1="{middle}" y1="0" x2="{middle}" y2="14"/>'
        f'<line class="range {_class(found.level)}" x1="{at(found.low)}" y1="7" x2="{at(found.high)}" y2="7"/>'
        f'<circle class="dot {_class(found.level)}" cx="{at(found.effect)}" cy="7" r="4"/></svg>'
    )


def history(points: Sequence[Point]) -> str:
    """Draw how far each run was from its baseline, and where a release began."""
    left, right, top, bottom = 40, 12, 26, 150
    most = max(1.5, *(min(point.ratio, _MOST) for point in points)) * 1.08
    step = (_HISTORY_WIDTH - left - right) / max(1, len(points) - 1)
    across = [round(left + step * number, 1) for number in range(len(points))] if len(points) > 1 else [left + 20.0]

    def up(ratio: float) -> float:
        return round(bottom - min(ratio, _MOST) / most * (bottom - top), 1)

    said = f"Drift of {len(points)} runs as a multiple of what is material"
    parts = [
        f'<svg class="history" viewBox="0 0 {_HISTORY_WIDTH} {_HISTORY_HEIGHT}" role="img" aria-label="{said}">',
        f'<line class="axis" x1="{left}" y1="{bottom}" x2="{_HISTORY_WIDTH - right}" y2="{bottom}"/>',
        f'<line class="limit" x1="{left}" y1="{up(1)}" x2="{_HISTORY_WIDTH - right}" y2="{up(1)}"/>',
        f'<text class="tick end" x="{left - 6}" y="{up(1) + 4}">1</text>',
        f'<text class="tick end" x="{left - 6}" y="{bottom + 4}">0</text>',
    ]
    if any(point.ratio > _MOST for point in points):
        parts.append(f'<text class="tick end" x="{left - 6}" y="{up(_MOST) + 4}">≥ {_MOST:g}</text>')
    line = " ".join(f"{x},{up(point.ratio)}" for x, point in zip(across, points, strict=True))
    parts.append(f'<polyline class="line" points="{line}"/>')
    every = max(1, math.ceil(len(points) / _NAMED_RUNS))
    for number, (x, point) in enumerate(zip(across, points, strict=True)):
        if number == 0 or points[number - 1].release != point.release:
            side, beside = (" end", x - 4) if x > _HISTORY_WIDTH * 0.75 else ("", x + 4)
            parts += [
                f'<line class="release" x1="{x}" y1="{top - 12}" x2="{x}" y2="{bottom}"/>',
                f'<text class="tick{side}" x="{beside}" y="{top - 8}">{shown(point.release, 40)}</text>',
            ]
        title = f"<title>{shown(point.run)}: {point.level.value}, {point.ratio:.2f}</title>"
        parts.append(
            f'<circle class="dot {_class(point.level)}" cx="{x}" cy="{up(point.ratio)}" r="4">{title}</circle>'
        )
        if (len(points) - 1 - number) % every == 0:
            end = " end" if number == len(points) - 1 and number else ""
            parts.append(f'<text class="tick{end}" x="{x}" y="{bottom + 18}">{shown(point.scheduled_time[:10])}</text>')
    return "".join([*parts, "</svg>"])


def _histogram(drawn: Panel) -> str:
    highest = max(*drawn.reference, *drawn.current, 1e-9)
    step = _WIDTH / len(drawn.reference)
    bars = [
        f'<rect class="reference" x="{step * number:.1f}" y="{_BASE - share / highest * 84:.1f}" '
        f'width="{step - 1:.1f}" height="{share / highest * 84:.1f}"/>'
        for number, share in enumerate(drawn.reference)
        if share
    ]
    outline = [f"0,{_BASE}"]
    for number, share in enumerate(drawn.current):
        up = f"{_BASE - share / highest * 84:.1f}"
        outline += [f"{step * number:.1f},{up}", f"{step * (number + 1):.1f},{up}"]
    outline.append(f"{_WIDTH},{_BASE}")
    ticks = [(0, "", 0), (len(drawn.edges) // 2, " middle", _WIDTH / 2), (len(drawn.edges) - 1, " end", _WIDTH)]
    labels = [
        f'<text class="tick{side}" x="{x:.0f}" y="{_HEIGHT - 3}">{words.number(drawn.edges[number])}</text>'
        for number, side, x in ticks
    ]
    return (
        f'<svg class="panel" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{shown(drawn.change, 200)}">'
        f'{"".join(bars)}<polyline class="current" points="{" ".join(outline)}"/>'
        f'<line class="axis" x1="0" y1="{_BASE}" x2="{_WIDTH}" y2="{_BASE}"/>{"".join(labels)}</svg>'
    )


def _bars(drawn: Panel) -> str:
    highest = max(*drawn.reference, *drawn.current, 1e-9)
    room = _WIDTH - _LABEL - 44
    parts = []
    for number, name in enumerate(drawn.categories):
        y = number * _ROW
        before, after = drawn.reference[number], drawn.current[number]
        parts.append(
            f'<text class="tick" x="0" y="{y + 12}">{shown(name, 18)}</text>'
            f'<rect class="reference" x="{_LABEL}" y="{y + 2}" width="{before / highest * room:.1f}" height="6"/>'
            f'<rect class="now" x="{_LABEL}" y="{y + 9}" width="{after / highest * room:.1f}" height="6"/>'
            f'<text class="tick end" x="{_WIDTH}" y="{y + 12}">{percent(after, 1)}</text>'
        )
    height = len(drawn.categories) * _ROW + 2
    return (
        f'<svg class="panel" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{shown(drawn.change, 200)}">'
        f"{''.join(parts)}</svg>"
    )


def _class(level: Level) -> str:
    return level.value.split()[0]
