"""The default engine: scipy's tests, and a discriminant of numpy's for vectors. Free for any use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nimbus_runtime.contract.drift import Kind
from nimbus_runtime.drift import classifier
from nimbus_runtime.drift.significance import Score

if TYPE_CHECKING:
    from nimbus_runtime.drift.samples import Sample


@dataclass(frozen=True, slots=True)
class ScipyEngine:
    """Kolmogorov-Smirnov, chi-squared with Yates' correction for two categories, and a domain classifier."""

    name: str = "scipy"

    def test(self, samples: Sequence[Sample]) -> list[Score]:
        """Return a score for each pair."""
        return [_test(sample) for sample in samples]


def _test(sample: Sample) -> Score:
    import numpy as np  # noqa: PLC0415 - heavy
    from scipy import stats  # noqa: PLC0415 - heavy

    if sample.kind is Kind.NUMBER:
        found = stats.ks_2samp(sample.reference, sample.current, method="asymp")
        return Score(float(found.statistic), float(found.pvalue))
    if sample.kind is Kind.VECTOR:
        return Score(*classifier.auc(sample.reference, sample.current))
    table = np.stack([sample.reference, sample.current])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or not table.sum(axis=1).all():
        return Score(0.0, 1.0)
    statistic, p_value, *_ = stats.chi2_contingency(table)
    return Score(float(statistic), float(p_value))
