"""A candidate has its share of a run, and is dropped before its rows are seen where it is worse."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fixtures import canaries

from nimbus import drifting
from nimbus_runtime import canary, live
from nimbus_runtime.contract.records import CanaryLimits, Run
from nimbus_runtime.drift import shards
from nimbus_runtime.live import Publication
from nimbus_runtime.store import DirectoryStore


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return an empty root."""
    return tmp_path / "root"


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """Return eight inputs."""
    return canaries.write_inputs(tmp_path / "inputs")


def alone(inputs: Path, tmp_path: Path, bundle: Path) -> list[dict[str, object]]:
    """Return the rows of a run without a candidate."""
    result = canaries.run(tmp_path / "alone", inputs, bundle, release=None)
    return canaries.rows(DirectoryStore(tmp_path / "alone"), result.run)


def test_a_candidate_as_good_as_live_publishes_its_share(
    root: Path, inputs: Path, tmp_path: Path, live_bundle: Path, same_bundle: Path
) -> None:
    """Its shards carry its release, the dataset is whole, and live stays live without noting the run as its own."""
    store = DirectoryStore(root)
    canaries.begin(store, live_bundle, same_bundle)
    result = canaries.run(root, inputs, live_bundle)
    plan, run = result.plan, result.run
    assert plan.candidate is not None
    assert (len(plan.shards), len(plan.candidate.shards)) == (8, 2)
    assert run.candidate == "v2"
    made_by = [plan.candidate.bundle_digest if n in plan.candidate.shards else plan.bundle_digest for n in range(8)]
    assert canaries.digests(store, run) == made_by
    assert canaries.rows(store, run) == alone(inputs, tmp_path, live_bundle)
    state = canaries.state(root)
    assert (state.release, state.dataset, state.datasets) == ("v1", run.run, {})
    assert state.candidate is not None
    assert canaries.verdict(store, plan).kept
    candidates = {file.file for number, file in enumerate(run.features) if number in plan.candidate.shards}
    assert_drift_is_told_of_live_alone(store, run, candidates)


def assert_drift_is_told_of_live_alone(store: DirectoryStore, run: Run, candidates: set[str]) -> None:
    """Neither a baseline nor a report holds what another bundle made, and the report says so."""
    own = shards.own(store, run)
    assert {file.file for file in run.features} - {file.file for file in own.features} == candidates
    assert (run.counts.documents, own.counts.documents, sum(own.counts.reasons.values())) == (480, 360, 0)
    place = drifting.root(str(store.root), None, None)
    place = replace(place, thresholds=replace(place.thresholds, documents=100))
    made = drifting.make_baseline(place, "live", runs=(), last=1, dev=None, bundle=None)
    assert [(part.documents, part.sample.rows) for part in made.parts] == [(360, 360)]
    report = drifting.report(place, run=None, last=1, baseline=None, engine=None)
    assert report.documents == report.comparison.current == 360
    assert any("the candidate v2" in note for note in report.notes)


@pytest.mark.parametrize(
    ("bundle", "word"),
    [("swapped_bundle", "entities"), ("failing_bundle", "documents fail in it"), ("slow_bundle", "times live's time")],
)
def test_a_worse_candidate_is_dropped_and_live_scores_its_shards(
    root: Path, inputs: Path, tmp_path: Path, live_bundle: Path, bundle: str, word: str, request: pytest.FixtureRequest
) -> None:
    """Before anything is published: the dataset is that of a run by live alone."""
    store = DirectoryStore(root)
    canaries.begin(store, live_bundle, request.getfixturevalue(bundle))
    result = canaries.run(root, inputs, live_bundle)
    found = canaries.verdict(store, result.plan)
    assert not found.kept
    assert word in found.reason
    assert set(canaries.digests(store, result.run)) == {result.plan.bundle_digest}
    assert canaries.rows(store, result.run) == alone(inputs, tmp_path, live_bundle)
    assert result.run.candidate is None
    state = canaries.state(root)
    assert (state.release, state.candidate, state.datasets) == ("v1", None, {"v1": result.run.run})
    dropped = [s for s in live.states(store, state) if s.entry.action == "drop"]
    assert [word in s.entry.reason for s in dropped] == [True]


def test_a_candidate_that_cannot_be_opened_is_dropped(
    root: Path, inputs: Path, tmp_path: Path, live_bundle: Path, same_bundle: Path
) -> None:
    """Its failure is not the run's."""
    broken = shutil.copytree(same_bundle, tmp_path / "broken")
    (broken / "config.cfg").write_text("changed")
    store = DirectoryStore(root)
    canaries.begin(store, live_bundle, broken)
    result = canaries.run(root, inputs, live_bundle)
    found = canaries.verdict(store, result.plan)
    assert found.reason == "2 of its 2 shards could not be scored: a file of the bundle has changed"
    assert (result.publication, result.run.candidate) == (Publication.PUBLISHED, None)


def test_limits_are_those_that_the_canary_began_with(
    root: Path, inputs: Path, live_bundle: Path, swapped_bundle: Path
) -> None:
    """They stand in the plan, so that whoever commits decides alike."""
    store = DirectoryStore(root)
    canaries.begin(store, live_bundle, swapped_bundle, limits=CanaryLimits(labels=1.0))
    result = canaries.run(root, inputs, live_bundle)
    assert result.plan.candidate is not None
    assert result.plan.candidate.limits.labels == 1.0
    assert result.run.candidate == "v2"


def test_a_run_of_one_shard_is_live_s(root: Path, tmp_path: Path, live_bundle: Path, same_bundle: Path) -> None:
    """There is nothing to share, and nothing to compare with."""
    store = DirectoryStore(root)
    canaries.begin(store, live_bundle, same_bundle)
    result = canaries.run(root, canaries.write_inputs(tmp_path / "one", files=1, documents=2), live_bundle)
    assert (len(result.plan.shards), result.plan.candidate) == (1, None)
    assert canaries.state(root).datasets == {"v1": result.run.run}


def test_one_small_input_is_shared_too(root: Path, tmp_path: Path, live_bundle: Path, same_bundle: Path) -> None:
    """While there is a candidate, shards are cut smaller."""
    canaries.begin(DirectoryStore(root), live_bundle, same_bundle, percent=5)
    result = canaries.run(root, canaries.write_inputs(tmp_path / "one", files=1, documents=4000), live_bundle)
    assert result.plan.candidate is not None
    assert len(result.plan.candidate.shards) < len(result.plan.shards) / 4


def test_a_candidate_that_somebody_drops_meanwhile_is_not_published(
    root: Path, inputs: Path, live_bundle: Path, same_bundle: Path
) -> None:
    """Dropped before the run is committed: live scores its shards; after that: the dataset stays unpublished."""
    store = DirectoryStore(root)
    canaries.begin(store, live_bundle, same_bundle)
    result = canaries.run(root, inputs, live_bundle)

    def without(state: live.Live | None) -> live.Live | None:
        return state and replace(state, sequence=state.sequence + 1, candidate=None, dataset=None)

    dropped = live.update(store, without)
    assert dropped is not None
    assert live.publish(store, result.plan, result.run) is Publication.FENCED
    (root / "runs" / result.plan.run / "canary.json").unlink()
    found = canary.settle(store, result.plan)
    assert found is not None
    assert (found.kept, found.reason) == (False, "it was dropped while the run went")


def test_a_candidate_that_was_promoted_meanwhile_keeps_its_shards(
    root: Path, inputs: Path, live_bundle: Path, same_bundle: Path
) -> None:
    """And the run does not make its own release live again."""
    store = DirectoryStore(root)
    canaries.begin(store, live_bundle, same_bundle)
    result = canaries.run(root, inputs, live_bundle)
    promoted = live.update(
        store, lambda s: s and replace(s, sequence=s.sequence + 1, release="v2", candidate=None, dataset=None)
    )
    assert promoted is not None
    assert live.publish(store, result.plan, result.run) is Publication.PUBLISHED
    assert canaries.state(root).release == "v2"


def test_a_run_of_another_release_has_no_candidate(
    root: Path, inputs: Path, live_bundle: Path, same_bundle: Path
) -> None:
    """A bundle that is named by hand is what is scored with."""
    canaries.begin(DirectoryStore(root), live_bundle, same_bundle)
    result = canaries.run(root, inputs, live_bundle, release=None)
    assert result.plan.candidate is None


def test_nothing_is_decided_while_live_s_own_shards_are_missing(
    root: Path, inputs: Path, live_bundle: Path, swapped_bundle: Path
) -> None:
    """A verdict stands for good, so it waits for the whole it compares with."""
    store = DirectoryStore(root)
    canaries.begin(store, live_bundle, swapped_bundle)
    result = canaries.run(root, inputs, live_bundle)
    assert result.plan.candidate is not None
    (root / "runs" / result.plan.run / "canary.json").unlink()
    first = next(n for n in range(8) if n not in result.plan.candidate.shards)
    (root / "runs" / result.plan.run / "commits" / "v1" / f"{first:07d}.json").unlink()
    assert canary.settle(store, result.plan) is None
    assert canary.verdict(store, result.plan) is None
