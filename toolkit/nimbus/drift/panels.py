"""Both windows of a feature side by side, as shares: what a chart draws. Counts only, so that no document is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nimbus.drift import words
from nimbus_runtime.contract.drift import Finding, Kind, Level, of_fields
from nimbus_runtime.contract.words import percent
from nimbus_runtime.drift import classifier
from nimbus_runtime.drift.samples import Sample

_BARS = 24
_CATEGORIES = 12
_TOGETHER = 20  # labels of one panel, or fields
_SKEWED = 8  # a number whose largest values are so many times its median is drawn by its logarithm
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Panel:
    """Shares in both windows: of the bars between `edges`, or of `categories`. `change` says what changed in words."""

    title: str
    level: Level
    edges: tuple[float, ...]
    categories: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]
    change: str


def change(pair: Sample, found: Finding) -> str:
    """Say what changed of a feature."""
    if pair.kind is Kind.VECTOR:
        chance = 0.5 if found.chance is None else found.chance
        return (
            f"a classifier tells {percent(found.effect, 0)} of pairs of documents apart; {percent(chance, 0)} is chance"
        )
    if pair.kind is Kind.NUMBER:
        return _moved(pair.reference, pair.current)
    ours, theirs = _shares(pair)
    if pair.kind is Kind.SHARE:
        return f"{percent(ours[0])} → {percent(theirs[0])}"
    most = int(np.argmax(np.abs(theirs - ours)))
    return f"{pair.categories[most]} {percent(ours[most], 1)} → {percent(theirs[most], 1)}"


def panels(pairs: Sequence[Sample], findings: Sequence[Finding]) -> tuple[Panel, ...]:
    """Return what there is to draw, the furthest first; all labels are drawn together, and all fields."""
    known = {pair.feature: pair for pair in pairs}
    labels = [found for found in findings if found.feature.startswith(words.LABEL)]
    fields = [found for found in findings if of_fields(found.feature)]
    drawn = []
    for found in findings:
        if found not in labels and found not in fields:
            drawn.append(_panel(known[found.feature], found))
        elif found is next(iter(labels), None):
            pairs = sorted((known[label.feature] for label in labels), key=_frequent)
            drawn.append(_together(words.LABELS, pairs, known[found.feature], found))
        elif found is next(iter(fields), None):
            drawn.append(_together(words.FIELDS, [known[each.feature] for each in fields], known[found.feature], found))
    return tuple(drawn)


def _panel(pair: Sample, found: Finding) -> Panel:
    if pair.kind is Kind.VECTOR:
        return _histogram(pair, found, *classifier.along(pair.reference, pair.current))
    if pair.kind is Kind.NUMBER:
        return _histogram(pair, found, pair.reference, pair.current)
    shown = slice(0, 1 if pair.kind is Kind.SHARE else _CATEGORIES)
    before, after = (tuple(map(float, share[shown])) for share in _shares(pair))
    return Panel(words.title(pair.feature), found.level, (), pair.categories[shown], before, after, change(pair, found))


def _frequent(pair: Sample) -> float:
    return -sum(float(share[0]) for share in _shares(pair))


def _together(title: str, pairs: Sequence[Sample], furthest: Sample, worst: Finding) -> Panel:
    """Draw shares of the first of these, and say how the furthest changed."""
    drawn = pairs[:_TOGETHER]
    names = tuple(pair.feature.removeprefix(words.LABEL) for pair in drawn)
    before, after = (tuple(float(_shares(pair)[window][0]) for pair in drawn) for window in (0, 1))
    said = f"{worst.feature.removeprefix(words.LABEL)} {change(furthest, worst)}"
    return Panel(title, worst.level, (), names, before, after, said)


def _shares(pair: Sample) -> tuple[Floats, Floats]:
    ours, theirs = (counts / max(counts.sum(), 1) for counts in (pair.reference, pair.current))
    return ours, theirs


def _moved(ours: Floats, theirs: Floats) -> str:
    """Say it by the medians, or else where the distributions are furthest apart."""
    before, after = (words.number(float(np.median(values))) for values in (ours, theirs))
    if before != after:
        return f"median {before} → {after}"
    values = np.unique(np.concatenate([ours, theirs]))
    up_to = [np.searchsorted(np.sort(each), values, side="right") / len(each) for each in (ours, theirs)]
    at = int(np.argmax(np.abs(up_to[0] - up_to[1])))
    return f"up to {words.number(float(values[at]))}: {percent(up_to[0][at], 0)} → {percent(up_to[1][at], 0)}"


def _histogram(pair: Sample, found: Finding, ours: Floats, theirs: Floats) -> Panel:
    both = np.concatenate([ours, theirs])
    low, middle, high = (float(value) for value in np.quantile(both, (0.002, 0.5, 0.998)))
    if high <= low:
        low, high = low - 0.5, high + 0.5
    skewed = low > 0 and high > _SKEWED * middle
    edges = np.geomspace(low, high, _BARS + 1) if skewed else np.linspace(low, high, _BARS + 1)
    before, after = (
        tuple(map(float, np.histogram(np.clip(values, low, high), edges)[0] / len(values))) for values in (ours, theirs)
    )
    said = change(pair, found)
    return Panel(words.title(pair.feature), found.level, tuple(map(float, edges)), (), before, after, said)
