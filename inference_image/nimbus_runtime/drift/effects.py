"""Effect sizes and their intervals: how far apart two samples are, whatever their number.

D of Kolmogorov and Smirnov and total variation are both the largest difference between the shares that
two windows have of any set (values up to a limit, or some categories), so that one interval, that of a
difference of two shares, serves both.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Effect = tuple[float, float, float]  # effect, and the bounds of its 95 % interval
_Z = 1.959963984540054
_BINS = 10
_LEAST = 1e-4  # the share that an empty bin counts as


def ks(reference: Floats, current: Floats) -> Effect:
    """Return D: the largest difference of the two distribution functions."""
    ours, theirs = np.sort(reference), np.sort(current)
    values = np.concatenate([ours, theirs])
    below = np.searchsorted(ours, values, side="right") / len(ours)
    also = np.searchsorted(theirs, values, side="right") / len(theirs)
    at = int(np.argmax(np.abs(below - also)))
    return _difference(float(below[at]), len(ours), float(also[at]), len(theirs))


def total_variation(reference: Floats, current: Floats) -> Effect:
    """Return the share of the documents that would have to change their category."""
    ours, theirs = _shares(reference), _shares(current)
    more = ours > theirs
    return _difference(float(ours[more].sum()), int(reference.sum()), float(theirs[more].sum()), int(current.sum()))


def cohens_h(reference: Floats, current: Floats) -> Effect:
    """Return the difference of two shares, on a scale where it shows when a rare label vanishes."""
    ours, theirs = _shares(reference)[0], _shares(current)[0]
    h = abs(2 * math.asin(math.sqrt(ours)) - 2 * math.asin(math.sqrt(theirs)))
    margin = _Z * math.sqrt(1 / max(reference.sum(), 1) + 1 / max(current.sum(), 1))
    return h, max(0.0, h - margin), min(math.pi, h + margin)


def psi(reference: Floats, current: Floats) -> float:
    """Return the population stability index of two rows of counts."""
    ours, theirs = (np.maximum(_shares(counts), _LEAST) for counts in (reference, current))
    return float(((theirs - ours) * np.log(theirs / ours)).sum())


def psi_of_values(reference: Floats, current: Floats) -> float:
    """Return the index over the tenths of the reference."""
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, _BINS + 1)[1:-1]))
    binned = [np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1) for values in (reference, current)]
    return psi(binned[0].astype(np.float64), binned[1].astype(np.float64))


def auc_interval(auc: float, positive: int, negative: int) -> tuple[float, float]:
    """Return the 95 % interval of Hanley and McNeil (1982)."""
    q1, q2 = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    spread = auc * (1 - auc) + (positive - 1) * (q1 - auc * auc) + (negative - 1) * (q2 - auc * auc)
    margin = _Z * math.sqrt(max(spread, 0.0) / (positive * negative))
    return max(0.5, auc - margin), min(1.0, auc + margin)


def _shares(counts: Floats) -> Floats:
    total = counts.sum()
    return counts / total if total else counts


def _difference(ours: float, n: int, theirs: float, m: int) -> Effect:
    margin = _Z * math.sqrt(ours * (1 - ours) / max(n, 1) + theirs * (1 - theirs) / max(m, 1))
    distance = abs(ours - theirs)
    return distance, max(0.0, distance - margin), min(1.0, distance + margin)
