"""What Terraform applied really runs: from the schedule to the published dataset, on the local AWS."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from nimbus_runtime import clock, live
from nimbus_runtime.bundle import verify
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.contract.records import Entry, Job, Live, OutputFormat, Release
from nimbus_runtime.store import DirectoryStore, S3Store
from tests.aws.fargate.faults import Interrupted
from tests.aws.fargate.images import Program
from tests.aws.scheduler.faults import DeliveredTwice
from tests.faults import bundles, command
from tests.tasks.datasets import rows, write_inputs

from .conftest import Terraform
from .tables import TERRAFORM

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

RELEASE = "en_support-1"
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
RUN = "20261122T020000Z"


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment that was applied, and a release that was deployed to it."""

    aws: LocalAws
    outputs: dict[str, Any]
    inputs: Path
    bundle: bundles.Built

    @property
    def store(self) -> S3Store:
        """Return the pipeline's root."""
        return S3Store.at(self.outputs["root"])

    def start(self, **given: str) -> dict[str, Any]:
        """Start an execution by hand, and return how it ended."""
        machine = self.outputs["state_machine"]
        started = self.aws.client("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps(given))
        return self.aws.ended(started["executionArn"], timeout_seconds=240)

    def fire(self) -> list[dict[str, Any]]:
        """Let the clock pass the schedule's time, and return how the executions ended that it started."""
        self.aws.clock.now = MIDNIGHT
        deliveries = [d for d in self.aws.clock.advance(timedelta(hours=2, minutes=30)) if "/run" in str(d.schedule)]
        return [self.aws.ended(delivery.execution or "", timeout_seconds=240) for delivery in deliveries]

    def tasks(self) -> list[dict[str, Any]]:
        """Return all tasks that have stopped."""
        ecs, cluster = self.aws.client("ecs"), self.outputs["cluster"]
        arns = ecs.list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"]
        found: list[dict[str, Any]] = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
        return found

    def image(self, **settings: str) -> None:
        """Let every image stand for this Python with the runtime."""
        path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path if entry)
        base = {"NIMBUS_BUNDLE": str(self.bundle.path), "NIMBUS_WORKERS": "1", "PYTHONPATH": path}
        self.aws.fargate.images.add("", Program((sys.executable, "-m", "nimbus_runtime"), {**base, **settings}))


@pytest.fixture(scope="module")
def applied(
    provider: Terraform, local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """Apply the smallest example once, return its outputs, and remove it in the end."""
    folder = tmp_path_factory.mktemp("applied") / "terraform"
    shutil.copytree(TERRAFORM, folder, ignore=shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfstate*"))
    place = folder / "examples" / "minimal"
    local_aws.reset()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in local_aws.environment().items():
            patch.setenv(name, value)
        for arguments in (("init", "-no-color"), ("apply", "-auto-approve", "-no-color", "-parallelism=20")):
            done = provider.run(*arguments, inside=place)
            assert done.returncode == 0, done.stdout + done.stderr
        yield json.loads(provider.run("output", "-json", "environment", inside=place).stdout)
        done = provider.run("destroy", "-auto-approve", "-no-color", "-parallelism=20", inside=place)
        assert done.returncode == 0, done.stdout + done.stderr
    local_aws.reset()


@pytest.fixture
def environment(
    applied: dict[str, Any], local_aws: LocalAws, tmp_path: Path, plain: bundles.Built
) -> Iterator[Environment]:
    """Return the environment with a release that was deployed, and nothing else in its bucket."""
    deployed = Environment(local_aws, applied, tmp_path / "inputs", plain)
    deploy(deployed)
    yield deployed
    local_aws.fargate.images.clear()
    bucket = applied["root"].removeprefix("s3://").partition("/")[0]
    s3 = local_aws.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"])


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bundles.Built:
    """Return a small bundle."""
    return bundles.build(tmp_path_factory.mktemp("plain"))


def deploy(environment: Environment) -> None:
    """Write inputs, a task definition with a digest, a release, and live.json: what deploying comes to."""
    outputs, ecs, s3 = environment.outputs, environment.aws.client("ecs"), environment.aws.client("s3")
    bucket = outputs["root"].removeprefix("s3://").partition("/")[0]
    for file in write_inputs(environment.inputs):
        s3.upload_file(str(file), bucket, f"inputs/{file.name}")
    template = ecs.describe_task_definition(taskDefinition=outputs["task_template"])["taskDefinition"]
    kept = ("taskRoleArn", "executionRoleArn", "networkMode", "requiresCompatibilities", "cpu", "memory", "volumes")
    container = {**template["containerDefinitions"][0], "image": f"{outputs['repository']}@sha256:{'a' * 64}"}
    registered = ecs.register_task_definition(
        family=outputs["release_family"],
        containerDefinitions=[container],
        **{key: template[key] for key in kept if key in template},
    )["taskDefinition"]["taskDefinitionArn"]
    job = Job((f"s3://{bucket}/inputs/",), Fields(id="id"), None, OutputFormat.JSONL, 0.1)
    release = Release(RELEASE, verify(environment.bundle.path).digest, "en_support", "1.0.0", registered, job)
    environment.store.create(paths.release(RELEASE), codec.encode(release))
    entry = Entry("deploy", "somebody", clock.iso(clock.now()), "", "attempt")
    environment.store.create(paths.LIVE, codec.encode(Live(1, entry, RELEASE)))


def test_a_schedule_publishes_the_bytes_of_one_machine(environment: Environment, tmp_path: Path) -> None:
    """The schedule fires, eight shards are scored by eight tasks, and the dataset is that of `nimbus run`."""
    environment.image(NIMBUS_ALONE_SECONDS="0", NIMBUS_BATCH_SECONDS="0.000000001")
    (ended,) = environment.fire()
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"]) == {"candidate": False, "outcome": "fan_out", "run": RUN}
    present = live.read(environment.store)
    assert present is not None
    assert present.dataset == RUN
    alone = tmp_path / "alone"
    once = command.run(
        environment.inputs, "--id-field", "id", "--format", "jsonl", root=alone, bundle=environment.bundle
    )
    assert once.code == 0, once.err
    assert rows(environment.store, RUN) == rows(DirectoryStore(alone), once.json["run"])


def test_a_small_run_takes_one_task(environment: Environment) -> None:
    """The task that plans it does it all."""
    environment.image()
    ended = environment.start(kind="manual")
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"])["outcome"] == "done"
    assert json.loads(ended["output"])["run"] in environment.store.names(paths.RUNS)
    assert environment.store.names(f"executions/{ended['name']}") == ["begun.json", "dispatch.json"]


def test_a_paused_pipeline_does_nothing_and_says_so(environment: Environment) -> None:
    """The schedule goes on firing; live.json says that nothing is to be done."""
    environment.image()
    live.update(environment.store, lambda state: state and replace(state, paused=True, sequence=state.sequence + 1))
    (ended,) = environment.fire()
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"])["outcome"] == "paused"
    assert environment.store.names(paths.RUNS) == []


def test_two_deliveries_at_one_instant_are_one_run_and_one_claim(environment: Environment) -> None:
    """A schedule is delivered at least once: the second execution ends as a duplicate, and changes nothing."""
    environment.image(NIMBUS_ALONE_SECONDS="0")
    environment.aws.faults.add(DeliveredTwice())
    outcomes = sorted(json.loads(ended["output"])["outcome"] for ended in environment.fire())
    assert outcomes == ["duplicate", "fan_out"]
    assert environment.store.names(paths.RUNS) == [RUN]
    assert "claims" not in environment.store.names(f"{paths.RUNS}/{RUN}")


def test_a_worker_that_spot_takes_away_is_replaced_on_demand(environment: Environment) -> None:
    """What it had not committed is done by the next attempt, and the run is published."""
    environment.image(NIMBUS_ALONE_SECONDS="0")
    environment.aws.faults.add(Interrupted(provider="FARGATE_SPOT"))
    (ended,) = environment.fire()
    assert ended["status"] == "SUCCEEDED", ended
    present = live.read(environment.store)
    assert present is not None
    assert present.dataset == RUN
    told = [(task["capacityProviderName"], str(task["overrides"])) for task in environment.tasks()]
    scored = [provider for provider, given in told if "NIMBUS_SHARDS" in given and ended["executionArn"] in given]
    assert sorted(scored) == ["FARGATE", "FARGATE_SPOT"]
