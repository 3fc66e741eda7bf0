"""Rules of a rollback: release and data go back together, once, and nothing publishes over it."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.fixtures.roots import ANYBODY, Everything, finish, planned, ran, register

from nimbus.releases import history, promote, registry, rollback
from nimbus.releases.errors import DatasetUnusableError, NotDeployedError, ReleaseNotFoundError, ReleaseUnusableError
from nimbus_runtime import live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import LiveChangedError, UsageError
from nimbus_runtime.contract.records import CanaryLimits, Candidate, Live
from nimbus_runtime.store import Store

FIRST, SECOND, THIRD = "20261101T020000Z", "20261102T020000Z", "20261103T020000Z"


@pytest.fixture
def two(store: Store) -> Store:
    """Return a root where v1 published on the first and v2 on the second of November."""
    for name in ("v1", "v2"):
        register(store, name)
    make_live(store, "v1")
    ran(store, 1, "v1")
    make_live(store, "v2")
    ran(store, 2, "v2")
    return store


def make_live(store: Store, release: str) -> Live:
    """Promote a release."""
    return promote.apply(store, promote.plan(store, Everything(), release), ANYBODY, "")


def roll_back(store: Store, release: str | None = None, *, keep_data: bool = False) -> Live:
    """Roll back as it was just shown."""
    shown = rollback.plan(store, Everything(), release, keep_data=keep_data)
    return rollback.apply(store, shown, ANYBODY, "entities went missing")


def test_release_and_data_go_back_together(two: Store) -> None:
    """One change takes both, raises the epoch, and says who did it and why."""
    shown = rollback.plan(two, Everything())
    assert {(d.name, d.before, d.after) for d in shown.state} == {
        ("release", "v2", "v1"),
        ("previous", "v1", "v2"),
        ("dataset", SECOND, FIRST),
    }
    assert shown.age_seconds(datetime(2026, 11, 2, 2, tzinfo=UTC)) == 24 * 3600
    before = registry.present(two)
    after = rollback.apply(two, shown, ANYBODY, "entities went missing")
    assert (after.release, after.dataset, after.epoch) == ("v1", FIRST, before.epoch + 1)
    assert after.sequence == before.sequence + 1
    assert (after.entry.action, after.entry.actor, after.entry.reason) == ("rollback", ANYBODY, "entities went missing")
    assert registry.present(two) == after


def test_a_rollback_can_be_undone(two: Store) -> None:
    """Rolling back again brings the later release and its data."""
    before = registry.present(two)
    roll_back(two)
    undone = roll_back(two)
    assert (undone.release, undone.dataset, undone.previous) == (before.release, before.dataset, before.previous)


def test_data_can_be_kept(two: Store) -> None:
    """Then the release alone goes back; naming it again brings its data too."""
    assert roll_back(two, keep_data=True).dataset == SECOND
    assert registry.present(two).release == "v1"
    assert roll_back(two, "v1").dataset == FIRST


def test_the_data_alone_goes_back_to_an_earlier_run(two: Store) -> None:
    """The release stays; what was on its way does not publish, and later rollbacks find that run, not the bad one."""
    ran(two, 3, "v2")
    on_its_way = planned(two, 4, "v2")
    before, shown = registry.present(two), rollback.plan_data(two, SECOND)
    assert [(d.name, d.before, d.after) for d in shown.state] == [("dataset", THIRD, SECOND)]
    assert (shown.release, shown.dataset and shown.dataset.run) == ((), SECOND)
    after = rollback.apply(two, shown, ANYBODY, "half of Monday's mails")
    assert (after.release, after.previous, after.dataset, after.epoch) == ("v2", "v1", SECOND, before.epoch + 1)
    assert (after.entry.action, after.entry.reason) == ("rollback", "half of Monday's mails")
    assert finish(two, on_its_way) is live.Publication.FENCED
    assert (roll_back(two).dataset, roll_back(two).dataset) == (FIRST, SECOND)
    assert rollback.apply(two, rollback.plan_data(two, THIRD), ANYBODY, "").dataset == THIRD  # which undoes it
    assert ran(two, 5, "v2") is live.Publication.PUBLISHED


def test_data_of_another_release_can_be_shown_again(two: Store) -> None:
    """Rolling the release back and forth then brings what readers saw while it was live."""
    shown = rollback.plan_data(two, FIRST)
    after = rollback.apply(two, shown, ANYBODY, "")
    assert (after.release, after.dataset, after.datasets) == ("v2", FIRST, {"v1": FIRST})
    assert [roll_back(two).release, roll_back(two).dataset] == ["v1", FIRST]


def test_a_candidate_outlives_that_the_data_go_back(two: Store) -> None:
    """Nothing is said about releases."""
    register(two, "v3")
    ran(two, 3, "v2")
    share = promote.plan(two, Everything(), "v3", share=(5, CanaryLimits()))
    candidate = promote.apply(two, share, ANYBODY, "").candidate
    after = rollback.apply(two, rollback.plan_data(two, SECOND), ANYBODY, "")
    assert (after.candidate, after.dataset, after.datasets["v2"]) == (candidate, SECOND, SECOND)


def test_data_that_cannot_be_shown_again_are_refused(two: Store) -> None:
    """A run that readers see, one that is not there, was never published, is pruned, or is another pipeline's."""
    ran(two, 3, "v2")
    planned(two, 4, "v2")
    two.create(paths.release("other"), codec.encode(replace(register(two, "v5"), release="other", pipeline="en_other")))
    with pytest.raises(UsageError, match="readers see this run already"):
        rollback.plan_data(two, THIRD)
    with pytest.raises(DatasetUnusableError, match="no such run") as raised:
        rollback.plan_data(two, "../live")
    assert raised.value.expected == f"one of {FIRST}, {SECOND}"
    with pytest.raises(DatasetUnusableError, match="never published"):
        rollback.plan_data(two, "20261104T020000Z")
    ran(two, 5, "other")
    ran(two, 6, "v2")
    with pytest.raises(DatasetUnusableError, match="another pipeline's") as raised:
        rollback.plan_data(two, "20261105T020000Z")
    assert raised.value.got == "20261105T020000Z of en_other"
    entry, gone = live.entry("publish", ANYBODY), "20261107T020000Z"
    live.decide(two, registry.present(two), entry, lambda p: replace(p or registry.present(two), dataset=gone))
    ran(two, 8, "v2")
    with pytest.raises(DatasetUnusableError, match="was pruned"):
        rollback.plan_data(two, gone)


def test_data_that_are_pruned_while_the_diff_is_read_are_not_shown_again(two: Store) -> None:
    """Nothing is done, though the prune that has begun has removed nothing yet."""
    for day in (3, 4):
        ran(two, day, "v2")
    shown, before = rollback.plan_data(two, THIRD), registry.present(two)
    two.create(paths.going(paths.run(THIRD)), codec.encode(live.entry("prune", ANYBODY)))
    with pytest.raises(DatasetUnusableError, match="was pruned"):
        rollback.apply(two, shown, ANYBODY, "")
    assert registry.present(two) == before


def test_any_earlier_release_can_be_named(two: Store) -> None:
    """It need not be the previous one."""
    register(two, "v3")
    make_live(two, "v3")
    ran(two, 3, "v3")
    after = roll_back(two, "v1")
    assert (after.release, after.dataset, after.previous) == ("v1", FIRST, "v3")


def test_a_run_on_its_way_keeps_its_release_and_does_not_publish(two: Store) -> None:
    """However late it is due; the next one that is planned does."""
    on_its_way = planned(two, 3, "v2")
    after = roll_back(two)
    assert finish(two, on_its_way) is live.Publication.FENCED
    assert registry.present(two) == after
    assert ran(two, 4, "v1") is live.Publication.PUBLISHED
    assert registry.present(two).dataset == "20261104T020000Z"


def test_a_canary_is_dropped_with_its_rows(two: Store) -> None:
    """Without a name, the live release stays and the dataset is the last that it made alone."""
    register(two, "v3")
    present = registry.present(two)
    canary = replace(present, candidate=Candidate("v3", 5), dataset=THIRD)
    entry = live.entry("canary", ANYBODY, "")
    live.decide(two, present, entry, lambda _: canary)
    after = roll_back(two)
    assert (after.release, after.candidate, after.dataset) == ("v2", None, SECOND)


def test_a_release_that_published_nothing_leaves_nothing(two: Store) -> None:
    """That is shown beforehand, and its next run publishes."""
    register(two, "v3")
    shown = rollback.plan(two, Everything(), "v3")
    assert (shown.dataset, shown.age_seconds(datetime.now(UTC))) == (None, None)
    assert ("dataset", SECOND, "-") in {(d.name, d.before, d.after) for d in shown.state}
    rollback.apply(two, shown, ANYBODY, "")
    assert ran(two, 3, "v3") is live.Publication.PUBLISHED


def test_a_release_that_published_nothing_has_again_what_was_seen_while_it_was_live(two: Store) -> None:
    """On the way back and forth, also where that is a third release's; and none, where that was pruned."""
    for name in ("v3", "v4"):
        register(two, name)
        make_live(two, name)
    for release in ("v3", "v4", "v3"):
        shown = rollback.plan(two, Everything())
        assert (shown.after.release, shown.after.dataset, shown.dataset and shown.dataset.run) == (
            release,
            SECOND,
            SECOND,
        )
        rollback.apply(two, shown, ANYBODY, "")
    assert ran(two, 3, "v3") is live.Publication.PUBLISHED
    assert roll_back(two).dataset == SECOND  # v4's way: its own readers never saw the third
    entry = live.entry("publish", ANYBODY, "")
    register(two, "v5")
    live.decide(two, make_live(two, "v5"), entry, lambda _: replace(registry.present(two), dataset="pruned"))
    make_live(two, "v1")
    assert roll_back(two).dataset is None


def test_rows_of_a_canary_do_not_come_back_as_what_was_seen(two: Store) -> None:
    """A release that never published alone has what was there before its candidate's share."""
    for name in ("v3", "v4"):
        register(two, name)
    make_live(two, "v3")
    present = registry.present(two)
    canary = replace(present, candidate=Candidate("v4", 5), dataset=THIRD)
    live.decide(two, present, live.entry("canary", ANYBODY, ""), lambda _: canary)
    after = roll_back(two)
    assert (after.release, after.candidate, after.dataset) == ("v3", None, SECOND)


def test_what_was_seen_and_is_pruned_meanwhile_is_told(two: Store) -> None:
    """Nothing is done, and readers keep what they see."""
    for name in ("v3", "v4"):
        register(two, name)
        make_live(two, name)
    shown, before = rollback.plan(two, Everything()), registry.present(two)
    shown = replace(shown, shown=THIRD, after=replace(shown.after, dataset=THIRD))  # which is not there any more
    with pytest.raises(ReleaseUnusableError, match="is gone"):
        rollback.apply(two, shown, ANYBODY, "")
    assert registry.present(two) == before


def test_what_cannot_run_is_refused_before_anything_changes(two: Store) -> None:
    """A release whose image or bundle is gone, one that was never registered, one that is live."""
    before = two.read(paths.LIVE)
    with pytest.raises(ReleaseUnusableError, match="can no longer run"):
        rollback.plan(two, Everything({"v1": "its image, expired"}))
    with pytest.raises(ReleaseNotFoundError, match="no such release"):
        rollback.plan(two, Everything(), "v0")
    with pytest.raises(ReleaseNotFoundError, match="no such release"):
        rollback.plan(two, Everything(), "../live")
    with pytest.raises(UsageError, match="live already"):
        rollback.plan(two, Everything(), "v2")
    assert two.read(paths.LIVE) == before


def test_there_must_be_something_to_go_back_to(store: Store) -> None:
    """Not before the first release, and not from it."""
    with pytest.raises(NotDeployedError):
        rollback.plan(store, Everything())
    register(store, "v1")
    make_live(store, "v1")
    with pytest.raises(UsageError, match="no earlier release"):
        rollback.plan(store, Everything())


def test_a_dataset_that_was_pruned_is_told(two: Store) -> None:
    """The release alone can still be taken back."""
    entry = live.entry("publish", ANYBODY, "")
    live.decide(two, registry.present(two), entry, lambda p: replace(p, datasets={**p.datasets, "v1": THIRD}))
    with pytest.raises(ReleaseUnusableError, match="is gone"):
        rollback.plan(two, Everything())
    assert roll_back(two, keep_data=True).release == "v1"


def test_a_run_that_was_published_meanwhile_does_not_stand_in_the_way(two: Store) -> None:
    """An emergency brake works while runs publish; what the bad release published goes with it."""
    shown = rollback.plan(two, Everything())
    ran(two, 3, "v2")
    after = rollback.apply(two, shown, ANYBODY, "")
    assert (after.release, after.dataset, after.datasets["v2"]) == ("v1", FIRST, THIRD)


def test_who_decided_on_an_older_state_is_told_who_came_first(two: Store) -> None:
    """Nothing is done: the diff that was shown is no longer true."""
    shown = rollback.plan(two, Everything())
    register(two, "v3")
    other = promote.plan(two, Everything(), "v3")
    promote.apply(two, other, "ben@ci", "")
    before = two.read(paths.LIVE)
    with pytest.raises(LiveChangedError) as raised:
        rollback.apply(two, shown, ANYBODY, "")
    assert "promote by ben@ci" in str(raised.value.got)
    assert two.read(paths.LIVE) == before


def test_of_a_hundred_writers_one_wins_and_the_others_say_who(two: Store) -> None:
    """All decided on the same state; the winner's name is what each other is told."""
    shown = rollback.plan(two, Everything())
    barrier, won, told = threading.Barrier(100), [], []

    def write(number: int) -> None:
        barrier.wait()
        try:
            won.append(rollback.apply(two, shown, f"writer {number}", "").entry.actor)
        except LiveChangedError as error:
            told.append(error.got)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = won
    assert len(told) == 99
    assert all(f"rollback by {winner} at" in str(got) for got in told)
    assert registry.present(two).entry.actor == winner


class Forgetful:
    """A store whose first swap is done and answered as if it were not; somebody else changes what stands there."""

    def __init__(self, store: Store) -> None:
        """Stand before a store."""
        self._store = store
        self._lost = False

    def __getattr__(self, name: str) -> object:
        """Return all else from the store."""
        return getattr(self._store, name)

    def compare_and_swap(self, name: str, data: bytes, version: str | None) -> bool:
        """Swap; deny it once, after a run has published on top of it."""
        done = self._store.compare_and_swap(name, data, version)
        if done and not self._lost:
            self._lost = True
            ran(self._store, 9, "v1")
            return False
        return done


def test_a_lost_reply_is_recognised(two: Store) -> None:
    """The attempt's own entry is found in the ledger, though another state stands in live.json."""
    shown = rollback.plan(two, Everything())
    after = rollback.apply(Forgetful(two), shown, ANYBODY, "")  # type: ignore[arg-type]
    assert (after.entry.action, after.release) == ("rollback", "v1")
    assert [c.state.entry.action for c in history.history(two, 3)] == ["publish", "rollback", "publish"]


def test_history_tells_who_did_what_and_what_it_meant(two: Store) -> None:
    """The newest first, none left out, as many as are asked for."""
    roll_back(two)
    told = history.history(two, 100)
    actions = [(c.state.sequence, c.state.entry.action) for c in told]
    assert actions == [(5, "rollback"), (4, "publish"), (3, "promote"), (2, "publish"), (1, "promote")]
    assert [(d.name, d.after) for d in told[1].differences] == [("dataset", SECOND)]
    assert ("release", "v1") in {(d.name, d.after) for d in told[-1].differences}
    assert [c.state.sequence for c in history.history(two, 2)] == [5, 4]
    assert [(d.name, d.after) for d in history.history(two, 2)[-1].differences] == [("dataset", SECOND)]
