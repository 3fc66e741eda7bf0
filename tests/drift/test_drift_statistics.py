"""Rules of the statistics: they are scipy's, their intervals hold what they say, and permutations are fair."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nimbus_runtime.drift import classifier, effects, significance

_COUNTS = st.lists(st.integers(0, 400), min_size=2, max_size=8)
_VALUES = st.lists(st.floats(-50, 50, allow_subnormal=False), min_size=3, max_size=60)


@given(_VALUES, _VALUES)
def test_d_is_that_of_scipy(ours: list[float], theirs: list[float]) -> None:
    """Whatever the values, ties included."""
    found = effects.ks(np.array(ours), np.array(theirs))
    assert found[0] == pytest.approx(stats.ks_2samp(ours, theirs, method="asymp").statistic, abs=1e-12)
    assert 0 <= found[1] <= found[0] <= found[2] <= 1


@given(_COUNTS, st.data())
def test_chi_squared_is_that_of_scipy(ours: list[int], data: st.DataObject) -> None:
    """With Yates' correction for two categories; categories that nobody has do not count."""
    theirs = data.draw(st.lists(st.integers(0, 400), min_size=len(ours), max_size=len(ours)))
    table = np.array([ours, theirs], dtype=float)
    known = table[:, table.sum(axis=0) > 0]
    statistic, degrees = significance.chi_squared(table[0], table[1])
    if known.shape[1] < 2 or not known.sum(axis=1).all():
        assert (statistic, degrees) == (0.0, 0)
        return
    expected = stats.chi2_contingency(known)
    assert statistic == pytest.approx(expected.statistic, abs=1e-9)
    assert degrees == expected.dof


@pytest.mark.parametrize("size", [500, 5_000, 50_000])
@pytest.mark.parametrize("p", [0.5, 0.05, 1e-3, 1e-5])
def test_closed_forms_of_p_values_are_scipys(size: int, p: float) -> None:
    """The image has no scipy. That of D is near: a verdict does not hang on its second digit."""
    distance = stats.kstwo.isf(p, size // 2)
    assert significance.ks_p_value(distance, size, size) == pytest.approx(p, rel=0.05)
    for degrees in (1, 2, 5, 12):
        statistic = stats.chi2.isf(p, degrees)
        assert significance.chi_squared_p_value(statistic, degrees) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize("shift", [0.3, 0.6])
def test_an_interval_holds_the_true_effect(shift: float) -> None:
    """Of D, in at least nine of ten repetitions: it is of 95 %, at the place that looks widest."""
    truth = 2 * stats.norm.cdf(shift / 2) - 1
    chance = np.random.default_rng(2)
    found = [effects.ks(chance.normal(size=2000), chance.normal(shift, 1, 2000)) for _ in range(200)]
    assert sum(low <= truth <= high for _, low, high in found) >= 180


def test_cohens_h_shows_a_rare_label_that_vanishes() -> None:
    """Three in a hundred to none is as far as half to two thirds."""
    rare = effects.cohens_h(np.array([30.0, 970]), np.array([0.0, 1000]))[0]
    frequent = effects.cohens_h(np.array([500.0, 500]), np.array([670.0, 330]))[0]
    assert rare == pytest.approx(frequent, abs=0.01)
    assert rare == pytest.approx(2 * math.asin(math.sqrt(0.03)))


def test_psi_is_nothing_without_a_difference_and_grows_with_it() -> None:
    """Also where a bin is empty."""
    ours = np.arange(1000.0)
    assert effects.psi_of_values(ours, ours) == pytest.approx(0)
    near, far = (effects.psi_of_values(ours, ours + shift) for shift in (50, 5000))
    assert 0 < near < far < math.inf


def test_a_classifier_finds_a_moved_and_a_spread_cloud() -> None:
    """And nothing where both are alike; identical documents are no difference either."""
    chance = np.random.default_rng(3)
    ours = chance.normal(size=(800, 20))
    alike, moved = chance.normal(size=(800, 20)), chance.normal(size=(800, 20)) + 0.3
    spread = chance.normal(size=(800, 20)) * 1.5
    assert classifier.auc(ours, alike)[1] > 0.01
    for other in (moved, spread):
        area, p, chance_reaches = classifier.auc(ours, other)
        assert area > 0.7
        assert p < 1e-6
        assert 0.5 < chance_reaches < 0.56
    assert classifier.auc(ours, ours)[0] <= 0.5
    assert classifier.auc(np.ones((200, 4)), np.ones((200, 4)))[1] > 0.01


def test_p_values_of_the_classifier_are_even_where_nothing_drifts() -> None:
    """A tenth of them is below a tenth: they may be compared with any alpha."""
    chance = np.random.default_rng(4)
    found = [classifier.auc(chance.normal(size=(150, 6)), chance.normal(size=(150, 6)))[1] for _ in range(200)]
    assert stats.kstest(found, "uniform").pvalue > 0.001


def test_holm_keeps_the_order_and_bounds_each() -> None:
    """The smallest is multiplied by all, the next by one less, and none falls below an earlier one."""
    assert significance.holm([0.04, 0.01, 0.5, 0.011]) == pytest.approx([0.08, 0.04, 0.5, 0.04])
    assert significance.holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_is_between_the_p_value_and_bonferronis(p_values: list[float]) -> None:
    """Whatever the values."""
    for raw, adjusted in zip(p_values, significance.holm(p_values), strict=True):
        assert raw <= adjusted <= min(1.0, raw * len(p_values)) or adjusted >= raw
        assert adjusted <= 1
