"""Rules of comparing a candidate's shards with live's of the same run."""

from __future__ import annotations

import random
from statistics import mean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nimbus_runtime import canary, canary_rules, intervals
from nimbus_runtime.contract.inputs import Compression, Format, InputFile
from nimbus_runtime.contract.records import Commit, Counts, DataFile, Shard

FILE = DataFile("a.parquet", 1, 2)


def shard(
    number: int, *, documents: int = 200, seconds: float = 6.0, working: float | None = None, **reasons: int
) -> Commit:
    """Return what a shard came to; `reasons` count its quarantined documents."""
    named = {reason.replace("_", "-"): count for reason, count in reasons.items()}
    bad = sum(reasons.values())
    counts = Counts(documents, documents - bad, bad, documents * 100, documents * 20, named)
    return Commit(number, "r", "a", FILE, None, FILE, counts, seconds, working)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_an_interval_is_the_published_one(count: int, of: int, low: float, high: float) -> None:
    """The examples of Newcombe 1998, method 3."""
    assert intervals.wilson(count, of) == pytest.approx((low, high), abs=5e-5)


@given(of=st.integers(1, 3000), share=st.floats(0, 1))
def test_an_interval_is_scipy_s(of: int, share: float) -> None:
    """Any count of any number."""
    count = round(of * share)
    wanted = stats.binomtest(count, of).proportion_ci(0.95, "wilson")
    assert intervals.wilson(count, of) == pytest.approx((wanted.low, wanted.high), abs=1e-9)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090), ((10, 10), (0, 20), 0.6791, 1.0)],
)
def test_an_interval_of_a_difference_is_the_published_one(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    """The examples of Newcombe 1998 on two independent shares, method 10."""
    assert intervals.difference(*first, *second) == pytest.approx((low, high), abs=5e-5)


def test_documents_that_fail_in_the_candidate_only_count_against_it() -> None:
    """What no release could read is no fault of one."""
    live = [shard(n, invalid_record=20) for n in range(8)]
    assert canary_rules.failures(0.01, [shard(8, invalid_record=60)], live).held
    assert canary_rules.failures(0.01, [shard(8, component_error=2)], live).held
    broken = canary_rules.failures(0.01, [shard(8, component_error=20)], live)
    assert (broken.held, broken.candidate, broken.live) == (False, 0.1, 0.0)


def test_a_candidate_as_bad_as_live_is_kept() -> None:
    """The difference counts, not the share."""
    live = [shard(n, component_error=20) for n in range(8)]
    assert canary_rules.failures(0.01, [shard(8, component_error=22)], live).held


@pytest.mark.parametrize(("seconds", "held"), [(6.0, True), (10.5, True), (60.0, False)])
def test_ten_times_slower_is_noticed(seconds: float, held: bool) -> None:
    """And up to twice as slow is not."""
    live = [shard(n, seconds=6 + n / 10) for n in range(8)]
    assert canary_rules.speed(2.0, [shard(8, seconds=seconds)], live, 1).held is held


def test_speed_is_not_judged_by_an_instant() -> None:
    """The first documents of a process are slow in any release; and a bucket may be, whose time is no work."""
    live = [shard(n, documents=2, seconds=0.01) for n in range(8)]
    for own in (shard(8, documents=2, seconds=4.0), shard(8, documents=2, seconds=30.0, working=4.0)):
        rule = canary_rules.speed(2.0, [own], live, 1)
        assert rule.held
        assert "too little work" in rule.why


def test_speed_is_that_of_the_work() -> None:
    """A shard that took long to be written is not slow; one that was written at once may have worked slowly."""
    live = [shard(n, seconds=9.0, working=6.0) for n in range(8)]
    assert canary_rules.speed(2.0, [shard(8, seconds=90.0, working=6.5)], live, 1).held
    assert not canary_rules.speed(2.0, [shard(8, seconds=60.0, working=60.0)], live, 1).held


def test_one_slow_shard_of_several_is_no_slow_candidate() -> None:
    """A machine that was busy once is a median's business."""
    live = [shard(n) for n in range(20)]
    assert canary_rules.speed(2.0, [shard(20), shard(21, seconds=600), shard(22)], live, 1).held


def mixes(seed: int, shards: int, shares: list[float], of: int = 200) -> np.ndarray:
    """Return label counts of shards that are drawn from one mix."""
    return np.random.default_rng(seed).multinomial(of, shares, size=shards).astype(float)


def test_another_mix_of_labels_is_noticed() -> None:
    """A label swap, a label that vanished."""
    live = mixes(1, 20, [0.5, 0.3, 0.2])
    for other in ([0.3, 0.5, 0.2], [0.5, 0.5, 0.0]):
        rule = canary_rules.labels("entities", 0.1, np.vstack([mixes(2, 2, other), live]), 2, 1)
        assert not rule.held, rule


def test_a_candidate_that_finds_nothing_is_noticed() -> None:
    """No labels at all are the largest difference there is."""
    rule = canary_rules.labels("entities", 0.1, np.vstack([np.zeros((2, 3)), mixes(1, 20, [0.5, 0.3, 0.2])]), 2, 1)
    assert (rule.held, rule.candidate) == (False, 1.0)


def test_shards_that_differ_among_themselves_are_no_alarm() -> None:
    """Files of different kinds: what the candidate got by chance is not its fault, in at least 19 of 20 runs.

    Where a figure above the limit is held to be chance, the reason is said.
    """
    alarms = []
    for seed in range(200):
        kinds = random.Random(seed).choices([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], k=24)
        drawn = np.vstack([mixes(seed * 100 + n, 1, kind, 50) for n, kind in enumerate(kinds)])
        rule = canary_rules.labels("entities", 0.1, drawn, 3, seed)
        alarms.append(not rule.held)
        said = "the limit allows" in rule.why or "differ as much by chance" in rule.why
        assert said == (rule.held and rule.candidate > rule.limit)
    assert mean(alarms) <= 0.08  # 5 % and what chance allows 200 draws


def inputs(count: int) -> list[InputFile]:
    """Return so many inputs."""
    return [InputFile(f"/{n}.jsonl", f"{n}.jsonl", 9, "1", Format.JSONL, Compression.NONE) for n in range(count)]


@given(count=st.integers(1, 200), percent=st.integers(1, 99))
def test_a_candidate_gets_its_share_and_never_all(count: int, percent: int) -> None:
    """At least one shard, as near to the share as whole shards come, and live keeps one."""
    shards = [Shard(n, 0, 9) for n in range(count)]
    own = canary.chosen("run", inputs(count), shards, percent)
    assert len(own) == min(max(1, round(count * percent / 100)), count - 1)
    assert sorted(set(own)) == list(own)
    assert own == canary.chosen("run", inputs(count), shards, percent)


@given(percent=st.integers(1, 98))
def test_a_larger_share_holds_the_smaller(percent: int) -> None:
    """The order by hash is one."""
    shards = [Shard(n, 0, 9) for n in range(50)]
    smaller, larger = (set(canary.chosen("run", inputs(50), shards, p)) for p in (percent, percent + 1))
    assert smaller <= larger


def test_another_run_shares_other_shards() -> None:
    """No input is a candidate's for good."""
    shards = [Shard(n, 0, 9) for n in range(50)]
    assert len({canary.chosen(f"run {n}", inputs(50), shards, 10) for n in range(5)}) == 5
