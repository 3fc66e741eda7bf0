"""Rules of estimating from a stratified, clustered sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nimbus.promotion import estimates, power
from nimbus_runtime import intervals


def ones(count: int) -> np.ndarray:
    """Return weights or units of one."""
    return np.ones(count)


def flips(count: int, flipped: int) -> np.ndarray:
    """Return flips of so many documents, the first of which flip."""
    return (np.arange(count) < flipped).astype(float)


@given(count=st.integers(2, 500), share=st.floats(0, 1))
def test_without_weights_and_clusters_it_is_wilson_s_interval(count: int, share: float) -> None:
    """A document that weighs one and has one unit is one observation; at 0 and 1 exactly, between them all but."""
    flipped = round(count * share)
    found = estimates.share(ones(count), flips(count, flipped), ones(count), 0.95)
    wanted = intervals.wilson(flipped, count)
    assert found.share == pytest.approx(flipped / count)
    assert (found.low, found.high) == pytest.approx(wanted, abs=0.6 / count)
    if flipped in (0, count):
        assert (found.low, found.high) == pytest.approx(wanted)


def test_weights_are_counted_by_what_they_stand_for() -> None:
    """A tenth of the population that flips wholly is a tenth, however often it was drawn."""
    weights = np.concatenate([ones(50) * 2, ones(50) * 18])
    found = estimates.share(weights, flips(100, 50), ones(100), 0.95)
    assert found.share == pytest.approx(0.1)
    assert found.low < 0.1 < found.high


def test_faults_of_the_same_documents_are_compared_in_pairs() -> None:
    """What both fail on says nothing; where nobody fails the interval is not empty; it holds the truth as promised."""
    assert estimates.paired(3, 0, 200, 0.95) == pytest.approx((-0.0045, 0.0342), abs=1e-3)
    low, high = estimates.paired(0, 0, 1000, 0.95)
    assert -0.005 < low < 0 < high < 0.005
    random, held = np.random.default_rng(3), 0
    for _ in range(2000):
        first, second, _ = random.multinomial(300, (0.03, 0.01, 0.96))
        low, high = estimates.paired(int(first), int(second), 300, 0.95)
        held += low <= 0.02 <= high
    assert 0.93 < held / 2000 < 0.98


def test_units_of_one_document_are_not_independent() -> None:
    """Tokens of documents that flip wholly or not tell no more than the documents; others nearly what they are."""
    units = ones(500) * 100
    alike = estimates.share(ones(500), flips(500, 150) * 100, units, 0.95)
    mixed = estimates.share(ones(500), ones(500) * 30, units, 0.95)
    assert (alike.share, mixed.share) == (pytest.approx(0.3), pytest.approx(0.3))
    assert alike.effective == pytest.approx(500, abs=5)
    assert mixed.effective == pytest.approx(50_000, rel=0.2)


def test_where_few_documents_flip_units_are_taken_for_alike() -> None:
    """Two documents do not tell yet how alike the units of one are."""
    units, few = ones(300) * 40, flips(300, 2)
    found = estimates.share(ones(300), few * 2, units, 0.95)
    assert found.effective < 0.2 * 300 * 40


def test_no_flip_at_all_still_leaves_a_doubt() -> None:
    """Nothing of 300 documents is below 1.3 %, and of no documents it is anything."""
    found = estimates.share(ones(300), flips(300, 0), ones(300), 0.95)
    assert (found.share, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(0.0126, abs=1e-4)
    assert estimates.share(ones(0), ones(0), ones(0), 0.95).high == 1.0


@given(documents=st.lists(st.tuples(st.floats(0.5, 20), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=40))
def test_an_interval_holds_its_share(documents: list[tuple[float, int, int]]) -> None:
    """Whatever the weights and clusters, and within 0 and 1."""
    weights = np.array([weight for weight, _, _ in documents])
    flipped = np.array([float(min(flips, units)) for _, flips, units in documents])
    units = np.array([float(units) for _, _, units in documents])
    found = estimates.share(weights, flipped, units, 0.95)
    assert 0 <= found.low <= found.share + 1e-9 <= found.high + 2e-9 <= 1 + 3e-9


def test_a_shift_is_the_paired_test_s() -> None:
    """Without weights: the interval of a paired t-test, but for the normal's quantile."""
    random = np.random.default_rng(1)
    live = random.normal(0.8, 0.1, 2000)
    candidate = live + random.normal(0.01, 0.05, 2000)
    found = estimates.shift("x", ones(2000), live, candidate, 0.95)
    wanted = stats.ttest_rel(candidate, live).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), rel=5e-3)


def test_a_ratio_of_pairs_ignores_what_both_share() -> None:
    """A machine that is busy now and then makes both slower."""
    moods = np.array([1.0, 5.0, 2.0, 9.0, 1.5])
    ratio, low, high = estimates.ratio((moods * 2).tolist(), (moods * 3).tolist(), 0.95)
    assert (ratio, low, high) == (pytest.approx(1.5), pytest.approx(1.5), pytest.approx(1.5))
    assert estimates.ratio([1.0, 1.0], [2.0, 2.0], 0.95) == (pytest.approx(2.0), None, None)


@pytest.mark.parametrize(("limit", "effect"), [(0.05, 0.02), (0.05, 0.05), (0.2, 0.05), (0.01, 0.005), (0.5, 0.1)])
def test_so_many_units_tell_in_four_samples_of_five(limit: float, effect: float) -> None:
    """Exactly: the chance of an interval below the limit, by the binomial distribution."""
    needed = power.needed(limit, effect, 0.95)
    counts = np.arange(needed + 1)
    below = np.array([intervals.wilson(int(count), needed)[1] <= limit for count in counts])
    assert stats.binom.pmf(counts, needed, limit - effect)[below].sum() >= power.POWER
    few = round(needed * 0.8)
    below = np.array([intervals.wilson(count, few)[1] <= limit for count in range(few + 1)])
    assert stats.binom.pmf(np.arange(few + 1), few, limit - effect)[below].sum() < power.POWER


def test_smaller_effects_need_more() -> None:
    """About four times as many for half of it."""
    assert power.needed(0.1, 0.01, 0.95) > 3 * power.needed(0.1, 0.02, 0.95)
