"""How probable a difference is where nothing drifts, with numpy and closed forms.

What the image has, so that a report on a workstation comes to the verdict that the alarm was raised by. The tests hold
every one of these against scipy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from nimbus_runtime.contract.drift import Kind
from nimbus_runtime.drift import classifier, effects
from nimbus_runtime.drift.samples import Sample


@dataclass(frozen=True, slots=True)
class Score:
    """A test's statistic (D, chi-squared, or an AUC) and its p-value; of an AUC also what chance reaches."""

    statistic: float
    p_value: float
    chance: float | None = None


class Engine(Protocol):
    """Tests pairs of samples, each by what its kind asks for."""

    @property
    def name(self) -> str:
        """Return what a report calls it."""
        ...

    def test(self, samples: Sequence[Sample]) -> list[Score]:
        """Return a score for each pair."""
        ...


@dataclass(frozen=True, slots=True)
class NumpyEngine:
    """The tests in closed form."""

    name: str = "numpy"

    def test(self, samples: Sequence[Sample]) -> list[Score]:
        """Return a score for each pair."""
        return [_test(sample) for sample in samples]


def _test(sample: Sample) -> Score:
    if sample.kind is Kind.NUMBER:
        distance = effects.ks(sample.reference, sample.current)[0]
        return Score(distance, ks_p_value(distance, *sample.sizes))
    if sample.kind is Kind.VECTOR:
        return Score(*classifier.auc(sample.reference, sample.current))
    statistic, degrees = chi_squared(sample.reference, sample.current)
    return Score(statistic, chi_squared_p_value(statistic, degrees))


def ks_p_value(distance: float, n: int, m: int) -> float:
    """Return Kolmogorov's series, with Stephens' correction for small samples."""
    root = math.sqrt(n * m / (n + m))
    scaled = (root + 0.12 + 0.11 / root) * distance
    if scaled < 0.2:
        return 1.0
    series = math.fsum(2 * (-1) ** (k - 1) * math.exp(-2 * (k * scaled) ** 2) for k in range(1, 101))
    return min(1.0, max(0.0, series))


def chi_squared(reference: npt.NDArray[np.float64], current: npt.NDArray[np.float64]) -> tuple[float, int]:
    """Return the statistic of two rows of counts and its degrees of freedom; two categories have Yates' correction."""
    observed = np.stack([reference, current])
    observed = observed[:, observed.sum(axis=0) > 0]
    if observed.shape[1] < 2 or not observed.sum(axis=1).all():
        return 0.0, 0
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / observed.sum()
    away = np.abs(observed - expected)
    if observed.shape[1] == 2:
        away = away - np.minimum(0.5, away)
    return float((away**2 / expected).sum()), observed.shape[1] - 1


def chi_squared_p_value(statistic: float, degrees: int) -> float:
    """Return the upper tail, by its finite series for whole degrees of freedom."""
    if not degrees or statistic <= 0:
        return 1.0
    half = statistic / 2
    first = 0.5 * (degrees % 2)
    powers = [first + number for number in range(degrees // 2)]
    series = math.fsum(math.exp(-half + power * math.log(half) - math.lgamma(power + 1)) for power in powers)
    return min(1.0, series + (math.erfc(math.sqrt(half)) if degrees % 2 else 0.0))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values: comparing them with alpha bounds the chance of any false alarm by it."""
    adjusted, highest = [1.0] * len(p_values), 0.0
    for done, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, p_values[place] * (len(p_values) - done)))
        adjusted[place] = highest
    return adjusted
