"""A canary on what Terraform applied: tasks of two releases in one run, and a second turn where one is dropped."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from nimbus_runtime import canary, live
from nimbus_runtime.bundle import verify
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.contract.records import (
    CanaryLimits,
    CanaryVerdict,
    Candidate,
    Job,
    Live,
    OutputFormat,
    Plan,
    Release,
    Run,
)
from tests.aws.fargate.images import Program
from tests.fixtures import candidates

from .pipeline import RUN, Pipeline


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bundle that is live."""
    return candidates.build(tmp_path_factory.mktemp("live"))


@pytest.fixture(scope="module")
def same(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a candidate that says what live says."""
    return candidates.build(tmp_path_factory.mktemp("same"), version="1.1.0")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a candidate that calls persons organisations."""
    return candidates.build(tmp_path_factory.mktemp("other"), version="1.2.0", person="ORG")


def deploy(pipeline: Pipeline, name: str, bundle: Path, letter: str) -> None:
    """Register a release with an image and a task definition of its own."""
    outputs, ecs = pipeline.outputs, pipeline.aws.client("ecs")
    template = ecs.describe_task_definition(taskDefinition=outputs["task_template"])["taskDefinition"]
    kept = ("taskRoleArn", "executionRoleArn", "networkMode", "requiresCompatibilities", "cpu", "memory", "volumes")
    image = f"{outputs['repository']}@sha256:{letter * 64}"
    registered = ecs.register_task_definition(
        family=outputs["release_family"],
        containerDefinitions=[{**template["containerDefinitions"][0], "image": image}],
        **{key: template[key] for key in kept if key in template},
    )["taskDefinition"]["taskDefinitionArn"]
    job = Job((f"s3://{pipeline.bucket}/inputs/",), Fields(id="id"), None, OutputFormat.JSONL, 0.1)
    release = Release(name, verify(bundle).digest, "words", "1.0.0", registered, job)
    pipeline.store.create(paths.release(name), codec.encode(release))
    path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path if entry)
    base = {"NIMBUS_BUNDLE": str(bundle), "NIMBUS_WORKERS": "1", "PYTHONPATH": path}
    small = {"NIMBUS_ALONE_SECONDS": "0", "NIMBUS_BATCH_SECONDS": "1000"}
    pipeline.aws.fargate.images.add(image, Program((sys.executable, "-m", "nimbus_runtime"), {**base, **small}))


def begin(pipeline: Pipeline, bundle: Path, candidate: Path) -> None:
    """Make "words-1" live, and give "words-2" a quarter of the shards."""
    deploy(pipeline, "words-1", bundle, "b")
    deploy(pipeline, "words-2", candidate, "c")

    def change(state: Live | None) -> Live:
        assert state is not None
        return replace(
            state,
            sequence=state.sequence + 1,
            release="words-1",
            candidate=Candidate("words-2", 25, CanaryLimits()),
            dataset=None,
        )

    live.update(pipeline.store, change)


def fired(pipeline: Pipeline) -> tuple[dict[str, Any], Plan, CanaryVerdict, Run, Live]:
    """Let the schedule fire, and return what came of it."""
    (ended,) = pipeline.fire()
    assert ended["status"] == "SUCCEEDED", ended
    store = pipeline.store
    plan = codec.decode(Plan, store.read(paths.plan(RUN)) or b"", RUN)
    run = codec.decode(Run, store.read(paths.dataset(RUN)) or b"", RUN)
    verdict, present = canary.verdict(store, plan), live.read(store)
    assert verdict is not None
    assert present is not None
    assert present.dataset == RUN
    return ended, plan, verdict, run, present


def digests(pipeline: Pipeline, run: Run) -> list[str]:
    """Return the bundle that made each shard."""
    read = pipeline.store.read
    data = [read(paths.data(run.run, file.file)) or b"" for file in run.rows]
    return [json.loads(rows.splitlines()[0])["bundle_digest"] for rows in data]


def test_a_candidate_s_shards_are_scored_by_its_own_image_and_published(
    pipeline: Pipeline, bundle: Path, same: Path
) -> None:
    """One map, batches of two task definitions; the run is not noted as one of live's."""
    begin(pipeline, bundle, same)
    ended, plan, verdict, run, present = fired(pipeline)
    assert plan.candidate is not None
    assert (len(plan.candidate.shards), verdict.kept, run.candidate) == (2, True, "words-2")
    own = set(plan.candidate.shards)
    wanted = [verify(same if n in own else bundle).digest for n in range(8)]
    assert digests(pipeline, run) == wanted
    assert (present.release, present.datasets) == ("words-1", {})
    assert present.candidate is not None
    batches = json.loads(pipeline.store.read(paths.batches(ended["name"])) or b"")
    assert {(batch["release"], batch["candidate"]) for batch in batches} == {("words-1", False), ("words-2", True)}
    assert len({batch["task_definition"] for batch in batches}) == 2


def test_a_worse_candidate_is_dropped_and_a_second_turn_scores_its_shards(
    pipeline: Pipeline, bundle: Path, other: Path
) -> None:
    """In the same execution, before anything is published; live.json has it no more."""
    begin(pipeline, bundle, other)
    ended, plan, verdict, run, present = fired(pipeline)
    assert plan.candidate is not None
    assert (verdict.kept, "entities" in verdict.reason) == (False, True)
    assert set(digests(pipeline, run)) == {verify(bundle).digest}
    assert (run.candidate, present.candidate, present.datasets) == (None, None, {"words-1": RUN})
    second = json.loads(pipeline.store.read(paths.batches(ended["name"], paths.SECOND)) or b"")
    assert {batch["release"] for batch in second} == {"words-1"}
    assert json.loads(ended["output"]) == {"candidate": False, "error": "", "outcome": "fan_out", "run": RUN}


def test_a_candidate_whose_tasks_cannot_start_is_no_failure_of_the_run(
    pipeline: Pipeline, bundle: Path, same: Path
) -> None:
    """Its batches end, the commit drops it, and live scores what it had."""
    begin(pipeline, bundle, same)
    image = f"{pipeline.outputs['repository']}@sha256:{'c' * 64}"
    pipeline.aws.fargate.images.add(image, Program((sys.executable, "-c", "raise SystemExit(1)")))
    _, _, verdict, run, present = fired(pipeline)
    assert verdict.reason == "2 of its 2 shards could not be scored"
    assert set(digests(pipeline, run)) == {verify(bundle).digest}
    assert (run.candidate, present.candidate) == (None, None)
