"""A pipeline of an applied example, and a release that was deployed to it by hand."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimbus_runtime import clock, live
from nimbus_runtime.bundle import verify
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.contract.records import Entry, Job, Live, OutputFormat, Plan, Release
from nimbus_runtime.store import DirectoryStore, S3Store
from tests.aws.fargate.images import Program
from tests.faults import command
from tests.tasks.datasets import rows, write_inputs

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws
    from tests.faults.bundles import Built

RELEASE = "en_support-1"
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
RUN = "20261122T020000Z"
_PATIENCE = 240
_KEPT = ("taskRoleArn", "executionRoleArn", "networkMode", "requiresCompatibilities", "cpu", "memory", "volumes")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline in an environment that was applied."""

    aws: LocalAws
    outputs: dict[str, Any]
    inputs: Path
    bundle: Built

    @property
    def bucket(self) -> str:
        """Return the name of the environment's bucket."""
        return str(self.outputs["root"]).removeprefix("s3://").partition("/")[0]

    @property
    def name(self) -> str:
        """Return the name of the pipeline."""
        return str(self.outputs["root"]).rpartition("/")[2]

    @property
    def store(self) -> S3Store:
        """Return the pipeline's root."""
        return S3Store.at(self.outputs["root"])

    @property
    def dataset(self) -> str | None:
        """Return the run that readers see."""
        present = live.read(self.store)
        return None if present is None else present.dataset

    def alone(self, root: Path) -> list[bytes]:
        """Return the rows that `nimbus run` makes of the same inputs on this machine, with the run's matrix product."""
        plan = codec.decode(Plan, self.store.read(paths.plan(RUN)) or b"", RUN)
        settings = ("--id-field", "id", "--format", "jsonl", "--gemm", plan.settings.gemm.value)
        ended = command.run(self.inputs, *settings, root=root, bundle=self.bundle)
        assert ended.code == 0, ended.err
        return rows(DirectoryStore(root), ended.json["run"])

    def begin(self, **given: str) -> str:
        """Start an execution by hand; its ARN."""
        client = self.aws.client("stepfunctions")
        started = client.start_execution(stateMachineArn=self.outputs["state_machine"], input=json.dumps(given))
        return str(started["executionArn"])

    def start(self, **given: str) -> dict[str, Any]:
        """Start an execution by hand, and return how it ended."""
        return self.ended(self.begin(**given))

    def ended(self, execution: str) -> dict[str, Any]:
        """Return how an execution ended."""
        return self.aws.ended(execution, timeout_seconds=_PATIENCE)

    def fire(self) -> list[dict[str, Any]]:
        """Let the clock pass the schedule's time, and return how the executions ended that it started."""
        self.aws.clock.now = MIDNIGHT + timedelta(hours=1, minutes=59)  # so that no other schedule is due
        mine = str(self.outputs["schedule"])
        deliveries = [d for d in self.aws.clock.advance(timedelta(minutes=2)) if d.schedule.endswith(mine)]
        return [self.ended(delivery.execution or "") for delivery in deliveries]

    def tasks(self) -> list[dict[str, Any]]:
        """Return all tasks that have stopped."""
        ecs, cluster = self.aws.client("ecs"), self.outputs["cluster"]
        arns = ecs.list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"]
        found: list[dict[str, Any]] = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
        return found

    def logged(self) -> list[str]:
        """Return every line that workers logged."""
        pages = self.aws.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=self.outputs["log_group"])
        return [event["message"] for page in found for event in page["events"]]

    def image(self, shell: str = "", **settings: str) -> None:
        """Let every image stand for this Python with the runtime, after some lines of shell that may end it."""
        path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path if entry)
        base = {"NIMBUS_BUNDLE": str(self.bundle.path), "NIMBUS_WORKERS": "1", "PYTHONPATH": path}
        worker = (sys.executable, "-m", "nimbus_runtime")
        entry_point = ("sh", "-c", f'{shell}\nexec "$0" -m nimbus_runtime "$@"', sys.executable) if shell else worker
        self.aws.fargate.images.add("", Program(entry_point, {**base, **settings}))


def deploy(pipeline: Pipeline) -> None:
    """Write inputs, a task definition with a digest, a release, and live.json: what deploying comes to."""
    outputs, ecs, s3 = pipeline.outputs, pipeline.aws.client("ecs"), pipeline.aws.client("s3")
    place = f"inputs/{pipeline.name}"
    for file in write_inputs(pipeline.inputs):
        s3.upload_file(str(file), pipeline.bucket, f"{place}/{file.name}")
    template = ecs.describe_task_definition(taskDefinition=outputs["task_template"])["taskDefinition"]
    container = {**template["containerDefinitions"][0], "image": f"{outputs['repository']}@sha256:{'a' * 64}"}
    registered = ecs.register_task_definition(
        family=outputs["release_family"],
        containerDefinitions=[container],
        **{key: template[key] for key in _KEPT if key in template},
    )["taskDefinition"]["taskDefinitionArn"]
    job = Job((f"s3://{pipeline.bucket}/{place}/",), Fields(id="id"), None, OutputFormat.JSONL, 0.1)
    release = Release(RELEASE, verify(pipeline.bundle.path).digest, "en_support", "1.0.0", registered, job)
    pipeline.store.create(paths.release(RELEASE), codec.encode(release))
    entry = Entry("deploy", "somebody", clock.iso(clock.now()), "", "attempt")
    pipeline.store.create(paths.LIVE, codec.encode(Live(1, entry, RELEASE)))


def pause(pipeline: Pipeline) -> None:
    """Pause the schedule, in live.json alone."""
    live.update(pipeline.store, lambda state: state and replace(state, paused=True, sequence=state.sequence + 1))


def stop(pipeline: Pipeline) -> None:
    """Stop what still goes, watches above all: they wait for an hour of the run's, and would tell the next test."""
    client, mine = pipeline.aws.client("stepfunctions"), pipeline.outputs["state_machine"]
    machines = {each["stateMachineArn"] for each in client.list_state_machines()["stateMachines"]}
    for machine in machines & {mine, f"{mine}-watch"}:
        for execution in client.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]:
            client.stop_execution(executionArn=execution["executionArn"])
            pipeline.ended(execution["executionArn"])


def empty(pipeline: Pipeline) -> None:
    """Delete every version of everything in the environment's bucket."""
    s3 = pipeline.aws.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=pipeline.bucket):
        for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=pipeline.bucket, Key=found["Key"], VersionId=found["VersionId"])
