"""Shares and means of a stratified sample, with intervals that know of its clusters and weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from nimbus.promotion.report import Share, Shift
from nimbus_runtime import intervals

Floats = npt.NDArray[np.float64]


def share(weights: Floats, flips: Floats, units: Floats, confidence: float) -> Share:
    """Estimate a share of units from documents: `flips` of `units` in each, which stands for `weights`.

    Wilson's interval, with as many units as would be independent (Kish, Korn and Graubard): the variance of the ratio
    is taken between documents. It has no gaps at 0, which is where a good candidate lies. Where no document flips it is
    not known how alike its units are, and each counts as one; where few do, they are taken for that much more alike.
    """
    any_ = units > 0
    w, y, m = weights[any_], flips[any_], units[any_]
    total = float((w * m).sum())
    if not total:
        return Share(0, 0, 0.0, 0.0, 1.0, 0.0)
    p = float((w * y).sum()) / total
    most = total**2 / float((w**2 * m).sum())  # as if units were independent
    least = total**2 / float(((w * m) ** 2).sum())  # as if those of a document were one
    count = len(w)
    alike = most / min(least, most)  # how many units count as one
    if 0 < p < 1 and count > 1:
        variance = count / (count - 1) * float((w**2 * (y - p * m) ** 2).sum()) / total**2
        seen = min(alike, max(1.0, most * variance / (p * (1 - p))))
        told = int(min((y > 0).sum(), (y < m).sum()))
        alike = (told * seen + alike) / (told + 1)
    effective = most / alike
    low, high = intervals.wilson(p * effective, effective, z_of(confidence))
    return Share(int(y.sum()), int(m.sum()), p, low, high, round(effective, 2))


def shift(name: str, weights: Floats, live: Floats, candidate: Floats, confidence: float) -> Shift:
    """Estimate the mean difference of a figure over the same documents, with its interval."""
    total = float(weights.sum())
    first, second = (float((weights * values).sum()) / total for values in (live, candidate))
    apart = candidate - live
    mean, count = second - first, len(weights)
    scale = count / (count - 1) if count > 1 else 1.0
    error = math.sqrt(scale * float((weights**2 * (apart - mean) ** 2).sum())) / total
    reach = z_of(confidence) * error
    return Shift(name, first, second, mean, mean - reach, mean + reach)


def paired(first: int, second: int, of: int, confidence: float) -> tuple[float, float]:
    """Return the interval of a difference of shares of the same documents, `first` of which count in one alone.

    `second` count in the other alone. Agresti and Min's: half a document more in each cell of the table, so that it is
    not empty where nobody differs.
    """
    total, difference = of + 2, first - second
    error = math.sqrt(first + second + 1 - difference**2 / total)
    reach = z_of(confidence) * error
    return max(-1.0, (difference - reach) / total), min(1.0, (difference + reach) / total)


def ratio(
    live: Sequence[float], candidate: Sequence[float], confidence: float
) -> tuple[float, float | None, float | None]:
    """Estimate by how much the second is larger, from values taken in pairs; the interval is Student's, of logs."""
    logs = np.log(np.array(candidate)) - np.log(np.array(live))
    middle, count = float(logs.mean()), len(logs)
    if count < 3:
        return math.exp(middle), None, None
    from scipy.stats import t  # noqa: PLC0415 - a second to import

    reach = float(t.ppf((1 + confidence) / 2, count - 1)) * float(logs.std(ddof=1)) / math.sqrt(count)
    return math.exp(middle), math.exp(middle - reach), math.exp(middle + reach)


def z_of(confidence: float) -> float:
    """Return how many standard errors a two-sided interval reaches."""
    return NormalDist().inv_cdf((1 + confidence) / 2)
