"""Two windows as pairs of samples: one for each feature that can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nimbus_runtime.contract.drift import Kind
from nimbus_runtime.drift import schema
from nimbus_runtime.drift.windows import Window

_EXPECTED = 5  # documents of a category, below which chi-squared does not hold: such are taken together
_OTHER = "(other)"
_LABELS = 40  # of both windows together, the most frequent ones


@dataclass(frozen=True, slots=True)
class Sample:
    """One feature in both windows: values, vectors, or counts of documents by `categories`."""

    feature: str
    kind: Kind
    reference: npt.NDArray[np.float64]
    current: npt.NDArray[np.float64]
    categories: tuple[str, ...] = ()

    @property
    def sizes(self) -> tuple[int, int]:
        """Return how many documents either window has."""
        if self.kind in (Kind.CATEGORY, Kind.SHARE):
            return int(self.reference.sum()), int(self.current.sum())
        return len(self.reference), len(self.current)


def samples(reference: Window, current: Window) -> list[Sample]:
    """Return what can be compared of two windows, in the order in which it is read."""
    pairs = (_numbers, _categories, _shares, _fields, _vectors)
    return [pair for each in pairs for pair in each(reference, current)]


def _numbers(reference: Window, current: Window) -> Iterator[Sample]:
    for name, values in reference.numbers.items():
        ours, theirs = _known(values), _known(current.numbers[name])
        if len(ours) and len(theirs):
            yield Sample(name, Kind.NUMBER, ours, theirs)


def _known(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return values[~np.isnan(values)]


def _categories(reference: Window, current: Window) -> Iterator[Sample]:
    ours, theirs = _counts(reference.categories), _counts(current.categories)
    names = sorted(ours.keys() | theirs.keys(), key=lambda name: -ours.get(name, 0) - theirs.get(name, 0))
    if not ours or not theirs:
        return
    counts = np.array([[window.get(name, 0) for name in names] for window in (ours, theirs)], dtype=np.float64)
    rare = counts.sum(axis=0) * counts.sum(axis=1).min() / counts.sum() < _EXPECTED
    if rare.sum() > 1:
        names = [name for name, few in zip(names, rare, strict=True) if not few] + [_OTHER]
        counts = np.column_stack([counts[:, ~rare], counts[:, rare].sum(axis=1)])
    yield Sample("top_category", Kind.CATEGORY, counts[0], counts[1], tuple(names))


def _counts(values: npt.NDArray[np.object_]) -> dict[str, int]:
    names, counts = np.unique([value for value in values if value is not None], return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def _shares(reference: Window, current: Window) -> Iterator[Sample]:
    """Yield labels found in a document or not, values that are missing or not, documents quarantined or not."""
    sizes = len(reference.ids), len(current.ids)
    for label in _frequent(reference, current):
        hits = tuple(
            int(window.labels[label].sum()) if label in window.labels else 0 for window in (reference, current)
        )
        yield _share(f"label {label}", hits, sizes, ("found", "not found"))
    for name, values in reference.numbers.items():
        missing = int(np.isnan(values).sum()), int(np.isnan(current.numbers[name]).sum())
        if missing not in ((0, 0), sizes):
            yield _share(f"missing {name}", missing, sizes, ("missing", "known"))
    none = tuple(sum(value is None for value in window.categories) for window in (reference, current))
    if none not in ((0, 0), sizes):
        yield _share("missing top_category", none, sizes, ("missing", "known"))
    yield _share(
        "quarantined",
        (reference.quarantined, current.quarantined),
        (reference.documents, current.documents),
        ("quarantined", "scored"),
    )


def _fields(reference: Window, current: Window) -> Iterator[Sample]:
    """Yield what changed of the records' fields."""
    sizes = int(reference.has_fields.sum()), int(current.has_fields.sum())
    for name, pair in schema.changes(reference, current).items():
        yield _share(name, tuple(int(one.sum()) for one in pair), sizes, ("so", "not so"))


def _frequent(reference: Window, current: Window) -> list[str]:
    """Return the labels that are compared: chosen once, for a label that one window lacks is a finding."""
    shares: Counter[str] = Counter()
    for window in (reference, current):
        for label, has in window.labels.items():
            shares[label] += has.mean()
    return sorted(sorted(shares, key=lambda label: (-shares[label], label))[:_LABELS])


def _share(feature: str, hits: tuple[int, ...], sizes: tuple[int, int], categories: tuple[str, str]) -> Sample:
    counts = [np.array([hit, size - hit], dtype=np.float64) for hit, size in zip(hits, sizes, strict=True)]
    return Sample(feature, Kind.SHARE, counts[0], counts[1], categories)


def _vectors(reference: Window, current: Window) -> Iterator[Sample]:
    ours, theirs = reference.vectors, current.vectors
    if len(ours) and len(theirs) and ours.shape[1] == theirs.shape[1]:
        yield Sample("vectors", Kind.VECTOR, ours, theirs)
