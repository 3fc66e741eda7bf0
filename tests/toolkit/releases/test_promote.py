"""Rules of a promotion: the next run is the release's, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fixtures.roots import ANYBODY, Everything, finish, planned, ran, register

from nimbus.releases import canary, promote, registry
from nimbus.releases.errors import ReleaseUnusableError
from nimbus_runtime import canary as verdicts
from nimbus_runtime import clock, live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import LiveChangedError, UsageError
from nimbus_runtime.contract.records import Canary, CanaryLimits, CanaryVerdict, Candidate, Live
from nimbus_runtime.store import DirectoryStore, Store


@pytest.fixture
def one(store: Store) -> Store:
    """Return a root where v1 is live and has published, and v2 is registered."""
    for name in ("v1", "v2"):
        register(store, name)
    make_live(store, "v1")
    ran(store, 1, "v1")
    return store


def make_live(store: Store, release: str) -> Live:
    """Promote a release."""
    return promote.apply(store, promote.plan(store, Everything(), release), ANYBODY, "why not")


def offer(store: Store, percent: int) -> Live:
    """Give v2 a share."""
    wanted = promote.plan(store, Everything(), "v2", share=(percent, CanaryLimits()))
    return promote.apply(store, wanted, ANYBODY, "")


def test_a_canary_goes_on_by_its_own_runs(one: Store) -> None:
    """What the same release did well in an earlier canary, at the same share, says nothing of this one."""
    share = (5, CanaryLimits())
    part = Canary("v2", "digest of v2", "/bundle", 5, CanaryLimits(), (), (0,))

    def begin() -> None:
        promote.apply(one, promote.plan(one, Everything(), "v2", share=share), ANYBODY, "")

    def run_well(day: int) -> None:
        plan = planned(DirectoryStore(one.root / "elsewhere") if isinstance(one, DirectoryStore) else one, day, "v1")
        name = f"{plan.run}-canary"
        plan = replace(
            plan, run=name, candidate=part, execution=replace(plan.execution, started=clock.iso(clock.now()))
        )
        one.create(paths.plan(name), codec.encode(plan))
        verdict = CanaryVerdict(name, "v2", 5, kept=True, reason="", time=plan.scheduled_time, shards=1, documents=1)
        one.create(paths.canary(name), codec.encode(verdict))

    begin()
    run_well(2)
    assert canary.status(one, 50).next == 25
    canary.drop(one, registry.present(one), ANYBODY, "not now")
    assert [run.release for run in canary.status(one, 50).runs] == ["v2"]
    begin()
    status = canary.status(one, 50)
    assert (status.next, status.runs) == (None, ())
    run_well(3)
    assert canary.status(one, 50).next == 25


def test_the_first_promotion_makes_the_first_state(store: Store) -> None:
    """There is no data yet, and nothing before it."""
    register(store, "v1")
    state = make_live(store, "v1")
    assert (state.sequence, state.release, state.previous, state.dataset, state.epoch) == (1, "v1", None, None, 0)


def test_data_stays_until_the_next_run(one: Store) -> None:
    """Readers see the dataset that they saw; the release before is the previous one."""
    before = registry.present(one)
    state = make_live(one, "v2")
    assert (state.release, state.previous, state.dataset, state.epoch) == ("v2", "v1", before.dataset, before.epoch)


def test_promoting_twice_writes_once(one: Store) -> None:
    """A command that is repeated changes nothing."""
    make_live(one, "v2")
    before = one.read(paths.LIVE)
    assert not promote.plan(one, Everything(), "v2").needed
    make_live(one, "v2")
    assert one.read(paths.LIVE) == before


def test_a_run_on_its_way_publishes_and_does_not_take_the_promotion_back(one: Store) -> None:
    """It keeps its release for itself: ordinary runs do not fence each other."""
    on_its_way = planned(one, 2, "v1")
    make_live(one, "v2")
    assert finish(one, on_its_way) is live.Publication.PUBLISHED
    state = registry.present(one)
    assert (state.release, state.previous, state.dataset) == ("v2", "v1", on_its_way.run)


def test_of_two_that_promote_the_second_is_told(one: Store) -> None:
    """Both saw v1 live; the other's release is named."""
    register(one, "v3")
    first, second = (promote.plan(one, Everything(), name) for name in ("v2", "v3"))
    promote.apply(one, first, "ben@ci", "")
    with pytest.raises(LiveChangedError) as raised:
        promote.apply(one, second, ANYBODY, "")
    assert "promote by ben@ci" in str(raised.value.got)
    assert str(raised.value.got).endswith("release v2")
    assert registry.present(one).release == "v2"


def test_a_canary_is_not_promoted_over(one: Store) -> None:
    """Its own release may be, and ends it."""
    register(one, "v3")
    entry = live.entry("canary", ANYBODY, "")
    state = registry.present(one)
    live.decide(one, state, entry, lambda _: replace(state, candidate=Candidate("v2", 5)))
    with pytest.raises(UsageError, match="in its canary"):
        promote.plan(one, Everything(), "v3")
    assert make_live(one, "v2").candidate is None


@pytest.mark.parametrize(("year", "dropped"), [("2001", False), ("2999", True)], ids=["before", "since"])
def test_a_candidate_that_is_offered_again_outlives_what_was_decided_before(
    one: Store,
    year: str,
    dropped: bool,
) -> None:
    """A run that is gone on with days later finds its old verdict, and drops nothing that was offered since."""
    offer(one, 5)
    shares = Canary("v2", "digest of v2", "", 5, CanaryLimits(), (), (0,))
    plan = replace(planned(one, 2, "v1"), candidate=shares)
    time = f"{year}-11-02T03:00:00.000000Z"
    verdict = CanaryVerdict(plan.run, "v2", 5, kept=False, reason="slower", time=time, shards=1, documents=10)
    one.create(paths.canary(plan.run), codec.encode(verdict))
    verdicts.settle(one, plan)
    assert (registry.present(one).candidate is None) is dropped


def test_the_same_share_is_offered_once(one: Store) -> None:
    """A command that is repeated changes nothing."""
    offer(one, 5)
    assert not promote.plan(one, Everything(), "v2", share=(5, CanaryLimits())).needed
    assert promote.plan(one, Everything(), "v2", share=(25, CanaryLimits())).needed


def test_what_cannot_run_is_not_promoted(one: Store) -> None:
    """Neither a release whose image is gone nor a bundle that was run by hand."""
    with pytest.raises(ReleaseUnusableError, match="cannot run"):
        promote.plan(one, Everything({"v2": "its image"}), "v2")
    register(one, "by-hand", deployed=False)
    with pytest.raises(ReleaseUnusableError, match="what its runs read"):
        promote.plan(one, Everything(), "by-hand")
