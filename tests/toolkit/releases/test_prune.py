"""Rules of pruning: what goes is old, and nothing that readers, runs or rollbacks need ever goes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.readers import readers
from tests.fixtures.roots import ANYBODY, Everything, planned, ran, ran_with_rows, register

from nimbus.adapters.folder_removal import FolderRemoval
from nimbus.adapters.s3_removal import S3Removal
from nimbus.releases import promote, prune, registry, rollback
from nimbus.releases.errors import DatasetUnusableError, ReleaseNotFoundError, ReleaseUnusableError
from nimbus.releases.prune import Policy, Removal
from nimbus_runtime import evidence, live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import LiveChangedError
from nimbus_runtime.contract.records import CanaryLimits, Dispatch, Outcome, Release
from nimbus_runtime.store import DirectoryStore, Store

LATER = datetime.now(UTC) + timedelta(days=400)
SOON = Policy(days=30, runs=1)


@dataclass
class Beside:
    """What deploying made beside the records, one thing for each release."""

    made: list[str]
    removed: list[str] = field(default_factory=list)

    def beyond(self, kept: Collection[Release], begun_before: datetime) -> list[str]:
        """Return what no kept release needs."""
        del begun_before
        return [name for name in self.made if name not in {release.release for release in kept}]

    def remove(self, names: Sequence[str]) -> None:
        """Remove them."""
        self.removed += names


@pytest.fixture
def removal(store: Store, request: pytest.FixtureRequest) -> Removal:
    """Return what deletes in the root."""
    if isinstance(store, DirectoryStore):
        return FolderRemoval(store.root)
    return S3Removal.at(f"s3://{request.getfixturevalue('bucket')}/support")


@pytest.fixture
def three(store: Store) -> Store:
    """Return a root where v1, v2 and v3 each published once, long ago, and v3 is live."""
    for day, name in enumerate(("v1", "v2", "v3"), 1):
        register(store, name)
        promote.apply(store, promote.plan(store, Everything(), name), ANYBODY, "")
        ran(store, day, name)
    return store


def pruned(store: Store, removal: Removal, now: datetime, policy: Policy = SOON) -> prune.Pruning:
    """Prune, and return what went."""
    beside = Beside(registry.names(store))
    shown = prune.plan(store, removal, beside, policy, now)
    prune.apply(store, removal, beside, shown, live.entry("prune", ANYBODY))
    assert beside.removed == list(shown.surplus)
    return shown


def test_what_is_live_and_what_a_rollback_needs_stays(three: Store, removal: Removal) -> None:
    """However old: the live release, the previous one, and the last dataset of each."""
    shown = pruned(three, removal, LATER, Policy(days=30, runs=0))
    assert (shown.releases, shown.runs, shown.surplus) == (("v1",), ("20261101T020000Z",), ("v1",))
    assert registry.names(three) == ["v2", "v3"]
    assert three.names(paths.RUNS) == ["20261102T020000Z", "20261103T020000Z"]
    state = registry.present(three)
    assert (state.entry.action, set(state.datasets)) == ("prune", {"v2", "v3"})
    back = rollback.plan(three, Everything())
    assert rollback.apply(three, back, ANYBODY, "").dataset == "20261102T020000Z"


def test_the_window_stays(three: Store, removal: Removal) -> None:
    """Whatever was live or published within so many days, though nothing names it any more."""
    assert pruned(three, removal, datetime.now(UTC) + timedelta(days=1)).empty
    assert registry.names(three) == ["v1", "v2", "v3"]


def test_the_latest_runs_stay(three: Store, removal: Removal) -> None:
    """Also those that were not published, with their releases."""
    register(three, "v0")
    planned(three, 4, "v0")
    shown = pruned(three, removal, LATER, Policy(days=30, runs=1))
    assert ("v0" in shown.kept, shown.runs) == (True, ("20261101T020000Z",))
    assert pruned(three, removal, LATER, Policy(days=30, runs=0)).releases == ("v0",)


def test_what_a_dry_run_shows_is_what_goes(three: Store, removal: Removal) -> None:
    """And showing removes nothing."""
    for name in ("v1", "v2"):
        three.create(paths.sbom(name, "amd64"), b"{}\n")
    before = removal.sizes("")
    beside = Beside(registry.names(three))
    shown = prune.plan(three, removal, beside, SOON, LATER)
    assert removal.sizes("") == before
    prune.apply(three, removal, beside, shown, live.entry("prune", ANYBODY))
    after = removal.sizes("")
    gone = {name: size for name, size in before.items() if name not in after}
    assert shown.files == len(gone)
    assert set(gone) == {
        "releases/v1.json",
        "releases/v1/sbom.amd64.cdx.json",
        "runs/20261101T020000Z/plan.json",
        "runs/20261101T020000Z/run.json",
    }


def test_executions_of_runs_that_go_go_too(three: Store, removal: Removal) -> None:
    """Those of runs that stay are kept."""
    for day in (1, 3):
        dispatch = Dispatch(Outcome.DONE, f"202611{day:02d}T020000Z")
        three.create(paths.dispatch(f"execution-{day}"), codec.encode(dispatch))
    assert pruned(three, removal, LATER).executions == ("execution-1",)
    assert three.names(paths.EXECUTIONS) == ["execution-3"]


def test_logs_and_results_of_maps_go_with_their_time(three: Store, removal: Removal) -> None:
    """Logs with their runs, and those of runs that are gone; what a state machine wrote, by its age."""
    for day in (1, 3):
        three.create(paths.log(f"202611{day:02d}T020000Z", 1), b"{}\n")
    three.create(paths.log("20250101T020000Z", 1), b"{}\n")
    three.create(f"{paths.MAP_RESULTS}/a-map/manifest.json", b"{}\n")
    soon = pruned(three, removal, datetime.now(UTC) + timedelta(days=1))
    assert (soon.logs, soon.results) == (("20250101T020000Z",), ())
    later = pruned(three, removal, LATER)
    assert (later.logs, later.results) == (("20261101T020000Z",), (f"{paths.MAP_RESULTS}/a-map/manifest.json",))
    assert three.names(paths.LOGS) == ["20261103T020000Z"]
    assert three.names(paths.MAP_RESULTS) == []


def test_a_prune_that_was_killed_is_finished_by_the_next(three: Store, removal: Removal) -> None:
    """Whatever it had removed already."""
    shown = prune.plan(three, removal, Beside([]), SOON, LATER)
    removal.remove([paths.plan(shown.runs[0])])
    register(three, "unrelated")
    assert pruned(three, removal, LATER).runs == shown.runs
    assert three.names(f"{paths.RUNS}/{shown.runs[0]}") == []


def test_what_a_killed_prune_left_of_a_release_goes_with_the_next(three: Store, removal: Removal) -> None:
    """Its bills of materials and evidence, though its record is gone; what was examined lately stays."""
    for name in ("v1", "v2"):
        three.create(paths.sbom(name, "amd64"), b"{}\n")
        evidence.write(three, name, "preflight", {}, outcome="ok", actor=ANYBODY)
    shown = prune.plan(three, removal, Beside([]), SOON, LATER)
    assert shown.releases == ("v1",)
    removal.remove([paths.release("v1")])
    assert pruned(three, removal, datetime.now(UTC) + timedelta(days=1)).releases == ()
    again = pruned(three, removal, LATER)
    assert (again.releases, "v1" in again.kept) == (("v1",), False)
    assert removal.sizes(paths.parts("v1")) == removal.sizes(paths.evidences("v1")) == {}
    assert removal.sizes(paths.parts("v2")) != {}


def test_a_rollback_and_a_prune_never_both_win(three: Store, removal: Removal) -> None:
    """A rollback to what goes comes first, and it stays, or afterwards, and is refused."""
    beside = Beside(registry.names(three))
    to_v1 = rollback.plan(three, Everything(), "v1")
    shown = prune.plan(three, removal, beside, SOON, LATER)
    prune.apply(three, removal, beside, shown, live.entry("prune", ANYBODY))
    before = three.read(paths.LIVE)
    with pytest.raises(ReleaseUnusableError, match="is gone"):
        rollback.apply(three, to_v1, ANYBODY, "")
    assert three.read(paths.LIVE) == before


def test_nothing_goes_that_a_rollback_made_live_meanwhile(three: Store, removal: Removal) -> None:
    """The prune is refused whole: what it was shown is no longer true."""
    beside = Beside(registry.names(three))
    shown = prune.plan(three, removal, beside, SOON, LATER)
    rollback.apply(three, rollback.plan(three, Everything(), "v1"), ANYBODY, "")
    before = removal.sizes("")
    with pytest.raises(Exception, match="somebody else has changed"):
        prune.apply(three, removal, beside, shown, live.entry("prune", ANYBODY))
    assert removal.sizes("") == before


@pytest.mark.parametrize("percent", [100, 5])
def test_nothing_goes_that_was_promoted_meanwhile(three: Store, removal: Removal, percent: int) -> None:
    """Nor a candidate that began, though neither has ever published; and what went first is not promoted."""
    register(three, "never")
    shown = prune.plan(three, removal, Beside([]), SOON, LATER)
    assert "never" in shown.releases
    share = None if percent == 100 else (percent, CanaryLimits())
    wanted = promote.plan(three, Everything(), "never", share=share)
    promote.apply(three, wanted, ANYBODY, "")
    before = removal.sizes("")
    with pytest.raises(LiveChangedError, match="somebody else has changed"):
        prune.apply(three, removal, Beside([]), shown, live.entry("prune", ANYBODY))
    assert removal.sizes("") == before


@pytest.mark.parametrize("percent", [100, 5])
def test_a_release_that_is_promoted_as_a_prune_begins_stays(three: Store, removal: Removal, percent: int) -> None:
    """Whoever promotes found no mark; the prune finds out by compare-and-swap, and removes nothing."""
    register(three, "never")
    share = None if percent == 100 else (percent, CanaryLimits())
    wanted = promote.plan(three, Everything(), "never", share=share)

    class Meanwhile:
        sizes, older = removal.sizes, removal.older

        def remove(self, names: Sequence[str]) -> None:
            removal.remove(names)
            if registry.present(three).sequence == shown.seen.sequence:
                promote.apply(three, wanted, ANYBODY, "")

    shown = prune.plan(three, removal, Beside([]), SOON, LATER)
    before = {name: size for name, size in removal.sizes("").items() if name.startswith(paths.RELEASES)}
    with pytest.raises(LiveChangedError, match="somebody else has changed"):
        prune.apply(three, Meanwhile(), Beside([]), shown, live.entry("prune", ANYBODY))
    state = registry.present(three)
    assert "never" in {state.release, state.candidate and state.candidate.release}
    after = {name: size for name, size in removal.sizes("").items() if name.startswith(paths.RELEASES)}
    assert after == {**before, paths.going(paths.parts("v1")): after[paths.going(paths.parts("v1"))]}


class Killed(BaseException):
    """Ends a prune, wherever it is."""


@dataclass
class Mortal:
    """A folder's store, and what deletes in it; `turn` comes before each single thing that changes."""

    store: DirectoryStore
    turn: Callable[[], None]

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever they have
        """Return all else from either."""
        return getattr(self.store if hasattr(self.store, name) else FolderRemoval(self.store.root), name)

    def create(self, name: str, data: bytes) -> bool:
        """Create once."""
        self.turn()
        return self.store.create(name, data)

    def compare_and_swap(self, name: str, data: bytes, version: str | None) -> bool:
        """Swap."""
        self.turn()
        return self.store.compare_and_swap(name, data, version)

    def remove(self, names: Sequence[str]) -> None:
        """Delete one after the other."""
        for name in names:
            self.turn()
            FolderRemoval(self.store.root).remove([name])


def _promoted(store: Store) -> None:
    promote.apply(store, promote.plan(store, Everything(), "never"), ANYBODY, "")


def _offered(store: Store) -> None:
    promote.apply(store, promote.plan(store, Everything(), "never", share=(5, CanaryLimits())), ANYBODY, "")


def _taken_back(store: Store) -> None:
    rollback.apply(store, rollback.plan_data(store, "20261101T020000Z"), ANYBODY, "")


def _interrupted(
    store: DirectoryStore, change: Callable[[Store], None], moment: int, *, killed: bool
) -> tuple[bool, bool]:
    """Prune, with a change before a step that may be the last; return whether it came so far, and if that was done.

    Before every step, live.json names only what is whole: so it may be killed there.
    """
    steps, done = itertools.count(), False

    def turn() -> None:
        nonlocal done
        step = next(steps)
        _names_what_is_whole(store)
        if step == moment:
            with suppress(ReleaseUnusableError, ReleaseNotFoundError, DatasetUnusableError):
                change(store)
                done = True
            if killed:
                raise Killed

    mortal: Any = Mortal(store, turn)
    shown = prune.plan(store, FolderRemoval(store.root), Beside([]), SOON, LATER)
    assert ("never" in shown.releases, "20261101T020000Z" in shown.runs) == (True, True)
    with suppress(Killed, LiveChangedError):
        prune.apply(mortal, mortal, Beside([]), shown, live.entry("prune", ANYBODY))
    return next(steps) > moment, done


def _names_what_is_whole(store: Store) -> None:
    present = registry.present(store)
    assert registry.releases_of(present) <= set(registry.names(store))
    assert present.dataset is not None
    assert registry.run(store, present.dataset) is not None
    assert all(registry.run(store, run) is not None for run in present.datasets.values())


@pytest.mark.parametrize("killed", [True, False])
@pytest.mark.parametrize("change", [_promoted, _offered, _taken_back])
def test_wherever_a_prune_is_killed_live_names_nothing_that_is_gone(
    tmp_path: Path, change: Callable[[Store], None], *, killed: bool
) -> None:
    """Also where what goes is made live before any of its steps; the next prune comes to its end."""
    outcomes = []
    for moment in itertools.count():
        store = DirectoryStore(tmp_path / str(moment))
        for day, name in enumerate(("v1", "v2", "v3"), 1):
            register(store, name)
            promote.apply(store, promote.plan(store, Everything(), name), ANYBODY, "")
            ran(store, day, name)
        register(store, "never")
        reached, done = _interrupted(store, change, moment, killed=killed)
        if not reached:
            break
        outcomes.append(done)
        pruned(store, FolderRemoval(store.root), LATER)
        _names_what_is_whole(store)
        assert ("never" in registry.names(store)) == ("never" in registry.releases_of(registry.present(store)))
    assert len(outcomes) > 10
    assert (outcomes[0], outcomes[-1]) == (True, False)


@pytest.mark.parametrize("percent", [100, 5])
def test_what_was_pruned_meanwhile_is_not_promoted(three: Store, removal: Removal, percent: int) -> None:
    """Whoever has seen it before is told that it is gone, and what was live stays."""
    register(three, "never")
    wanted = promote.plan(three, Everything(), "never", share=None if percent == 100 else (percent, CanaryLimits()))
    assert "never" in pruned(three, removal, LATER).releases
    before = three.read(paths.LIVE)
    with pytest.raises(ReleaseUnusableError, match="is gone"):
        promote.apply(three, wanted, ANYBODY, "")
    assert three.read(paths.LIVE) == before


def test_readers_see_one_whole_dataset_throughout(store: Store, removal: Removal) -> None:
    """While releases are promoted, runs published, rolled back and pruned, every look finds all it names, whole."""
    for name in ("v1", "v2"):
        register(store, name)
    promote.apply(store, promote.plan(store, Everything(), "v1"), ANYBODY, "")
    ran_with_rows(store, 1, "v1")
    with readers(store.location, pause=0.01) as seen:
        seen.wait_for("20261101T020000Z")
        for day in range(2, 11):
            store.create(paths.data(f"202401{day:02d}T020000Z", "old.parquet"), b"old")
            release = "v2" if day % 2 else "v1"
            register(store, release)
            promote.apply(store, promote.plan(store, Everything(), release), ANYBODY, "")
            ran_with_rows(store, day, release)
            if day % 3 == 0:
                rollback.apply(store, rollback.plan(store, Everything()), ANYBODY, "")
            assert len(pruned(store, removal, datetime.now(UTC), Policy(days=1, runs=0)).runs) == 1
        seen.wait_for("20261110T020000Z")
    assert seen.wrong == []
