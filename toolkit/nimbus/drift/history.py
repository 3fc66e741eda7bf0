"""How far each run was from a baseline, and since when a run is no better than the latest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from nimbus_runtime.contract.drift import Comparison, Level
from nimbus_runtime.drift.watch import recorded

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

LAST = 60
_ORDER = list(Level)


@dataclass(frozen=True, slots=True)
class Point:
    """One run's comparison, in short."""

    run: str
    scheduled_time: str
    release: str
    baseline: str
    level: Level
    ratio: float


def history(store: Store, latest: Comparison, last: int = LAST) -> tuple[Point, ...]:
    """Return what was recorded of earlier runs, and the latest comparison at the end."""
    points = {latest.runs[-1]: point(latest)}
    for found in _recorded(store, last):
        points.setdefault(found.runs[-1], point(found))
    ordered = [points[run] for run in sorted(points) if run <= latest.runs[-1]]
    return tuple(ordered[-last:])


def every(store: Store, last: int = LAST) -> tuple[Point, ...]:
    """Return what was recorded of the last runs, each by its latest comparison."""
    points: dict[str, Point] = {}
    for found in _recorded(store, last):
        points.setdefault(found.runs[-1], point(found))
    return tuple([points[run] for run in sorted(points)][-last:])


def since(points: Sequence[Point], latest: Comparison) -> str | None:
    """Return the first of the runs up to the latest that drifted at least as much; None where it did not drift."""
    began = None
    for each in reversed(points):
        if latest.level not in (Level.VISIBLE, Level.MATERIAL) or _ORDER.index(each.level) < _ORDER.index(latest.level):
            break
        began = each.run
    return began


def point(found: Comparison) -> Point:
    """Return a comparison in short."""
    return Point(found.runs[-1], found.scheduled_time, found.release, found.baseline, found.level, found.ratio)


def _recorded(store: Store, last: int) -> list[Comparison]:
    return [found for release in store.names("evidence") for found in islice(recorded(store, release), last)]
