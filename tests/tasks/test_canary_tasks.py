"""A candidate's share in tasks: batches of its own, one verdict however often a task starts, a second turn for live."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from nimbus.promotion import shadow
from nimbus_runtime import canary, live
from nimbus_runtime.bundle import verify
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import NimbusError, RunFailedError
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.contract.records import (
    CanaryLimits,
    Candidate,
    Dispatch,
    Entry,
    Job,
    Live,
    Outcome,
    OutputFormat,
    Plan,
    Release,
    Run,
)
from nimbus_runtime.store import DirectoryStore, Store, open_store
from nimbus_runtime.tasks.commit import commit_task
from nimbus_runtime.tasks.plan import plan_task
from nimbus_runtime.tasks.score import score_task
from nimbus_runtime.tasks.settings import TaskSettings, read_settings
from tests.fixtures import candidates

from .datasets import write_inputs
from .test_tasks import Known

_NOWHERE = {"NIMBUS_ROOT": "nowhere", "NIMBUS_EXECUTION": "nothing"}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bundle that is live."""
    return candidates.build(tmp_path_factory.mktemp("live"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a candidate that calls persons organisations."""
    return candidates.build(tmp_path_factory.mktemp("other"), version="1.1.0", person="ORG")


def deployed(store: Store, inputs: str, bundle: Path, candidate: Path, limits: CanaryLimits) -> None:
    """Make "v1" live with "v2" as its candidate."""
    job = Job((inputs,), Fields(id="id"), None, OutputFormat.JSONL, 0.1)
    for name, path in (("v1", bundle), ("v2", candidate)):
        release = Release(name, verify(path).digest, "words", "1.0.0", f"arn:task:{name}", job)
        store.create(paths.release(name), codec.encode(release))
    entry = Entry("canary", "ana", "2026-11-01T00:00:00Z", "", "x")
    store.create(paths.LIVE, codec.encode(Live(1, entry, "v1", candidate=Candidate("v2", 25, limits))))


def settings_of(root: str, bundle: Path) -> TaskSettings:
    """Return the environment of the first task of a scheduled run."""
    told = read_settings(
        {
            "NIMBUS_ROOT": root,
            "NIMBUS_BUNDLE": str(bundle),
            "NIMBUS_EXECUTION": "arn:aws:states:eu:1:execution:support:first",
            "NIMBUS_KIND": "scheduled",
            "NIMBUS_RELEASE": "v1",
            "NIMBUS_SCHEDULED_TIME": "2026-11-22T02:00:00Z",
            "NIMBUS_WORKERS": "1",
        }
    )
    return replace(told, batch_seconds=1000.0)


@pytest.fixture
def root(tmp_path: Path, bundle: Path, other: Path) -> DirectoryStore:
    """Return a root in which the candidate will be dropped."""
    write_inputs(tmp_path / "inputs")
    store = DirectoryStore(tmp_path / "root")
    deployed(store, str(tmp_path / "inputs"), bundle, other, CanaryLimits())
    return store


@pytest.fixture
def settings(root: DirectoryStore, bundle: Path) -> TaskSettings:
    """Return the environment of its first task."""
    return settings_of(root.location, bundle)


def scored(settings: TaskSettings, batches: list[dict[str, str]], bundles: dict[str, Path], run: str) -> None:
    """Do what a map does of batches."""
    for batch in batches:
        told = read_settings({**_NOWHERE, "NIMBUS_SHARDS": batch["shards"]})
        release = batch["release"]
        score_task(replace(settings, run=run, release=release, bundle=bundles[release], shards=told.shards))


def batches(store: Store, turn: str = "") -> list[dict[str, str]]:
    """Return what waits for tasks."""
    found: list[dict[str, str]] = json.loads(store.read(paths.batches("first", turn)) or b"[]")
    return found


def test_a_dropped_candidate_s_shards_wait_for_a_second_turn(
    settings: TaskSettings, root: DirectoryStore, bundle: Path, other: Path
) -> None:
    """Even of a small run there are batches: the task that plans holds live's bundle alone."""
    dispatch = plan_task(settings, Known())
    assert (dispatch.outcome, dispatch.candidate) == (Outcome.FAN_OUT, True)
    assert {batch["release"]: batch["task_definition"] for batch in batches(root)} == {
        "v1": "arn:task:v1",
        "v2": "arn:task:v2",
    }
    scored(settings, batches(root), {"v1": bundle, "v2": other}, dispatch.run)
    told = replace(settings, run=dispatch.run)
    assert commit_task(told) is Outcome.FAN_OUT
    assert commit_task(told) is Outcome.FAN_OUT  # the same again, where the task was started twice
    second = codec.decode(Dispatch, root.read(paths.dispatch("first", paths.SECOND)) or b"", "second")
    assert (second.outcome, second.run, second.candidate) == (Outcome.FAN_OUT, dispatch.run, False)
    assert {batch["release"] for batch in batches(root, paths.SECOND)} == {"v1"}
    with pytest.raises(RunFailedError, match="shards are missing"):
        commit_task(replace(told, second=True))
    scored(settings, batches(root, paths.SECOND), {"v1": bundle}, dispatch.run)
    assert commit_task(replace(told, second=True)) is live.Publication.PUBLISHED
    present = live.read(root)
    assert present is not None
    assert (present.candidate, present.dataset, present.datasets) == (None, dispatch.run, {"v1": dispatch.run})


def test_an_execution_that_takes_over_keeps_the_verdict(
    settings: TaskSettings, root: DirectoryStore, bundle: Path, other: Path
) -> None:
    """The first died after it had decided: the next scores what was the candidate's, at once, and publishes."""
    first = plan_task(settings, Known())
    scored(settings, batches(root), {"v1": bundle, "v2": other}, first.run)
    assert commit_task(replace(settings, run=first.run)) is Outcome.FAN_OUT
    later = replace(settings, execution="arn:aws:states:eu:1:execution:support:second", run=first.run)
    dispatch = plan_task(later, Known())
    assert (dispatch.outcome, dispatch.candidate) == (Outcome.DONE, False)
    run = codec.decode(Run, root.read(paths.dataset(first.run)) or b"", "run")
    assert run.candidate is None


def test_a_worker_of_the_candidate_refuses_live_s_shards(
    settings: TaskSettings, root: DirectoryStore, other: Path
) -> None:
    """A task that holds another bundle than its release names does nothing."""
    dispatch = plan_task(settings, Known())
    with pytest.raises(NimbusError, match="not the one"):
        score_task(replace(settings, run=dispatch.run, release="v1", bundle=other, shards=(0, 1)))
    assert root.names(paths.commits(dispatch.run, "v1")) == []


def test_a_candidate_that_has_no_tasks_here_has_no_share(settings: TaskSettings, root: DirectoryStore) -> None:
    """The run is live's alone, and no less a run."""
    root.path(paths.release("v2")).unlink()
    dispatch = plan_task(settings, Known())
    plan = codec.decode(Plan, root.read(paths.plan(dispatch.run)) or b"", "plan")
    assert (dispatch.outcome, plan.candidate) == (Outcome.DONE, None)


def test_a_canary_and_a_shadow_over_a_bucket(bucket: str, tmp_path: Path, bundle: Path, other: Path) -> None:
    """As in a folder: kept within wide limits; then a shadow of it reads rows and inputs from the bucket."""
    for file in write_inputs(tmp_path / "inputs"):
        boto3.client("s3").upload_file(str(file), bucket, f"in/{file.name}")
    root = f"s3://{bucket}/words"
    store = open_store(root)
    deployed(store, f"s3://{bucket}/in/", bundle, other, CanaryLimits(labels=1.0))
    settings = settings_of(root, bundle)
    dispatch = plan_task(settings, Known())
    scored(settings, batches(store), {"v1": bundle, "v2": other}, dispatch.run)
    assert commit_task(replace(settings, run=dispatch.run)) is live.Publication.PUBLISHED
    plan = codec.decode(Plan, store.read(paths.plan(dispatch.run)) or b"", "plan")
    verdict = canary.verdict(store, plan)
    assert verdict is not None
    assert verdict.kept
    found = shadow.shadow(store, shadow.Request(other, "v2", None, 60, 0.95, 1, 1))
    assert (found.run, found.scored_again, found.sampled) == (dispatch.run, False, 60)
    (component,) = found.components
    labels = {part.name: part.changed.share for part in component.labels}
    assert (labels["PERSON"], labels["PLACE"]) == (pytest.approx(1.0), 0.0)
