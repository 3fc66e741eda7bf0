"""Makes figures of the units of a sample: by component, by label, by segment, as a matrix."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nimbus.promotion.estimates import Floats, share
from nimbus.promotion.report import Cell, Component, Entities, Named, Share
from nimbus.promotion.units import Match, Unit

_EXAMPLES = 5
_CELLS = 100


@dataclass(frozen=True, slots=True)
class Compared:
    """A document that both have scored: its id, what it stands for, its segments by kind, its units."""

    id: str
    weight: float
    segments: Mapping[str, str]
    units: tuple[Unit, ...]


class _Tally:
    """Flips and units by document; documents without a unit are not kept."""

    def __init__(self) -> None:
        self._counts: dict[int, list[int]] = {}

    def add(self, number: int, *, same: bool) -> None:
        counts = self._counts.setdefault(number, [0, 0])
        counts[0] += not same
        counts[1] += 1

    def share(self, weights: Floats, confidence: float, inside: Floats | None = None) -> Share:
        numbers = [n for n in self._counts if inside is None or inside[n]]
        counts = np.array([self._counts[n] for n in numbers], dtype=np.float64).reshape(-1, 2)
        return share(weights[numbers], counts[:, 0], counts[:, 1], confidence)


@dataclass(slots=True)
class _Gathered:
    whole: _Tally = field(default_factory=_Tally)
    labels: dict[str, _Tally] = field(default_factory=lambda: defaultdict(_Tally))
    cells: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    matches: Counter[Match] = field(default_factory=Counter)


def changed(documents: Sequence[Compared], confidence: float) -> Share:
    """Estimate the share of documents of which anything changes."""
    return _over(documents, lambda document: not all(unit.same for unit in document.units), confidence)


def components(documents: Sequence[Compared], confidence: float) -> tuple[Component, ...]:
    """Return what changes in each component, in the order in which documents have them."""
    gathered = _gather(documents)
    weights = np.array([document.weight for document in documents])
    return tuple(
        Component(
            name=name,
            unit=_unit(name),
            changed=found.whole.share(weights, confidence),
            labels=tuple(
                Named(label, tally.share(weights, confidence)) for label, tally in sorted(found.labels.items())
            ),
            segments=tuple(_segments(documents, weights, found.whole, confidence)),
            matrix=_matrix(found),
        )
        for name, found in gathered.items()
    )


def entities(documents: Sequence[Compared]) -> tuple[Entities, ...]:
    """Return how spans lie to each other, for entities and for each key of spans."""
    found = []
    for name, gathered in _gather(documents).items():
        count = gathered.matches
        if not count:
            continue
        live = count.total() - count[Match.EXTRA]
        candidate = count.total() - count[Match.MISSING]
        agreement = 2 * count[Match.EXACT] / (live + candidate) if live + candidate else 1.0
        found.append(
            Entities(
                kind=name,
                exact=count[Match.EXACT],
                label=count[Match.LABEL],
                partial=count[Match.PARTIAL],
                missing=count[Match.MISSING],
                extra=count[Match.EXTRA],
                agreement=agreement,
            )
        )
    return tuple(found)


def _gather(documents: Sequence[Compared]) -> dict[str, _Gathered]:
    gathered: dict[str, _Gathered] = defaultdict(_Gathered)
    for number, document in enumerate(documents):
        parts: dict[str, bool] = {}
        for unit in document.units:
            found = gathered[unit.component]
            if unit.part:
                parts[unit.component] = parts.get(unit.component, True) and unit.same
            else:
                found.whole.add(number, same=unit.same)
            found.labels[unit.live].add(number, same=unit.same)
            cell = (unit.live, unit.candidate)
            found.cells[cell] += 1
            if unit.match is not None:
                found.matches[unit.match] += 1
            examples = found.examples[cell]
            if not unit.same and len(examples) < _EXAMPLES and document.id not in examples:
                examples.append(document.id)
        for component, same in parts.items():
            gathered[component].whole.add(number, same=same)
    return gathered


def _segments(documents: Sequence[Compared], weights: Floats, whole: _Tally, confidence: float) -> Iterable[Named]:
    for kind in dict.fromkeys(kind for document in documents for kind in document.segments):
        names = [document.segments.get(kind) for document in documents]  # None: a document that has no such segment
        for name in sorted({name for name in names if name is not None}):
            inside = np.array([one == name for one in names], dtype=np.float64)
            yield Named(f"{kind} {name}", whole.share(weights, confidence, inside))


def _matrix(found: _Gathered) -> tuple[Cell, ...]:
    """Return the cells that change first, the most frequent before others."""
    ordered = sorted(found.cells.items(), key=lambda item: (item[0][0] == item[0][1], -item[1], item[0]))
    return tuple(Cell(*cell, count, tuple(found.examples[cell])) for cell, count in ordered[:_CELLS])


def _over(documents: Sequence[Compared], flips: Callable[[Compared], bool], confidence: float) -> Share:
    weights = np.array([document.weight for document in documents])
    flipped = np.array([float(flips(document)) for document in documents])
    return share(weights, flipped, np.ones(len(documents)), confidence)


def _unit(name: str) -> str:
    kind = name.partition(":")[0]  # "ents:link" is what entities are linked to
    if kind in {"ents", "spans"}:
        return "entity" if kind == "ents" else "span"
    if name in {"tags", "pos", "morphs", "lemmas", "deps", "heads"}:
        return "token"
    return "sentence" if name == "sents" else "document"
