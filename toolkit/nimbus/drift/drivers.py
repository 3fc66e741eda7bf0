"""The documents that drive a drift, by id: those whose values the reference hardly has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nimbus.drift import words
from nimbus_runtime.contract.drift import FIELD, OTHER_FIELDS, Finding, Kind, Level, of_fields
from nimbus_runtime.drift import classifier, schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nimbus_runtime.drift.windows import Window

_BINS = 20
_WEIGHT = 0.5  # of a standard deviation along the vectors' direction
_REASONS = 3
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Driver:
    """A document, how much less it is expected by the reference (in nats), and what is unusual of it."""

    id: str
    score: float
    reasons: tuple[str, ...]


def scores(reference: Window, current: Window, findings: Sequence[Finding]) -> dict[str, Floats]:
    """Return for each drifted feature how much more usual each current document is now than in the reference."""
    drifted = [found for found in findings if found.level in (Level.VISIBLE, Level.MATERIAL)]
    changed = schema.changes(reference, current) if any(of_fields(found.feature) for found in drifted) else {}
    return {found.feature: _scores(reference, current, found, changed) for found in drifted}


def drivers(reference: Window, current: Window, findings: Sequence[Finding], most: int = 20) -> tuple[Driver, ...]:
    """Return the documents that drive the drift most; none where nothing drifted."""
    by_feature = scores(reference, current, findings)
    if not by_feature:
        return ()
    total = np.sum(list(by_feature.values()), axis=0)
    found = []
    for row in np.argsort(-total, kind="stable")[:most].tolist():
        if total[row] <= 0:
            break
        ordered = sorted(by_feature, key=lambda feature: -by_feature[feature][row])
        reasons = tuple(_reason(current, feature, row) for feature in ordered if by_feature[feature][row] > 0)
        found.append(Driver(str(current.ids[row]), float(total[row]), reasons[:_REASONS]))
    return tuple(found)


def _scores(reference: Window, current: Window, found: Finding, changed: schema.Changes) -> Floats:
    if found.kind is Kind.NUMBER:
        return _of_values(reference.numbers[found.feature], current.numbers[found.feature])
    if found.kind is Kind.CATEGORY:
        names = {name: number for number, name in enumerate({*reference.categories, *current.categories})}
        ours, theirs = (np.array([names[name] for name in window.categories]) for window in (reference, current))
        return _of_groups(ours, theirs, len(names))
    head, _, rest = found.feature.partition(" ")
    if found.feature.startswith(words.LABEL):
        ours, theirs = (
            window.labels.get(rest, np.zeros(len(window.ids), dtype=bool)).astype(int)
            for window in (reference, current)
        )
        return _of_groups(ours, theirs, 2)
    if head == "missing" and rest in reference.numbers:
        ours, theirs = (np.isnan(window.numbers[rest]).astype(int) for window in (reference, current))
        return _of_groups(ours, theirs, 2)
    if of_fields(found.feature):
        windows = (reference, current)
        pair = zip(windows, changed[found.feature], strict=True)
        ours, theirs = (np.where(window.has_fields, has, 2) for window, has in pair)
        return _of_groups(ours, theirs, 3)
    result = np.zeros(len(current.ids))
    if found.kind is Kind.VECTOR:
        _, theirs = classifier.along(reference.vectors, current.vectors)
        result[current.vector_rows] = np.maximum(0.0, theirs) * _WEIGHT
    return result


def _of_values(ours: Floats, theirs: Floats) -> Floats:
    """Return scores by bins that hold equal shares of both windows together."""
    known = np.concatenate([ours[~np.isnan(ours)], theirs[~np.isnan(theirs)]])
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))
    grouped = [np.where(np.isnan(v), len(edges) + 1, np.searchsorted(edges, v, side="right")) for v in (ours, theirs)]
    return _of_groups(grouped[0], grouped[1], len(edges) + 2)


def _of_groups(ours: npt.NDArray[np.int_], theirs: npt.NDArray[np.int_], groups: int) -> Floats:
    """Return for each current document the logarithm of how much more frequent its group has become."""
    counts = [np.bincount(values, minlength=groups) + 0.5 for values in (ours, theirs)]
    ratio = np.log((counts[1] / counts[1].sum()) / (counts[0] / counts[0].sum()))
    result: Floats = np.maximum(0.0, ratio)[theirs]
    return result


def _reason(current: Window, feature: str, row: int) -> str:
    label = feature.removeprefix(words.LABEL)
    if feature in current.numbers:
        return f"{words.title(feature)} {words.number(float(current.numbers[feature][row]))}"
    if feature == "top_category":
        return f"{words.title(feature)} {current.categories[row]}"
    if of_fields(feature):
        return _of_field(current, feature, row)
    if label != feature:
        held = current.labels.get(label)
        return f"{'has' if held is not None and held[row] else 'no'} {label}"
    return "its vector" if feature == "vectors" else words.title(feature)


def _of_field(current: Window, feature: str, row: int) -> str:
    kind, _, name = feature.partition(" ")
    if feature == OTHER_FIELDS:
        return "its other fields"
    if kind == FIELD:
        has = any(flags[row] for entry, flags in current.fields.items() if entry.partition(" ")[2] == name)
        return f"{'has' if has else 'no'} field {name}"
    is_one = feature in current.fields and current.fields[feature][row]
    return f"{name} is{'' if is_one else ' not'} {words.TYPES[kind]}"
