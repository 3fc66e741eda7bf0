"""Every alarm and every graph is of a figure that something emits, and runs emit the worker's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from nimbus.adapters.state_machine import StateMachine
from nimbus.runs import overview
from nimbus_runtime import live, metrics
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Release
from tests.aws.figures import Figure, alarms

from .example import Example
from .pipeline import RELEASE, RUN, Pipeline
from .test_faults import notices

# What AWS writes by itself, and its dimensions (CloudWatch metrics of Step Functions, SQS and EventBridge Scheduler).
OF_AWS = {
    **{
        ("AWS/States", name): {"StateMachineArn"}
        for name in (
            "ExecutionsAborted",
            "ExecutionsFailed",
            "ExecutionsStarted",
            "ExecutionsSucceeded",
            "ExecutionsTimedOut",
            "ExecutionThrottled",
            "ExecutionTime",
        )
    },
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): {"QueueName"},
    ("AWS/Scheduler", "TargetErrorThrottledCount"): {"ScheduleGroup"},
}
BROKEN = b'{"id": "9-1", "text": "Anna whispered"}\n{"id": "9-2", "text": null}\n'
OF_DRIFT = "DriftRatio"  # of a drift report, which a run does not make


def graphs(example: Example) -> Iterator[Figure]:
    """Yield what the graphs of all dashboards show."""
    client = example.aws.client("cloudwatch")
    for entry in client.list_dashboards()["DashboardEntries"]:
        body = json.loads(client.get_dashboard(DashboardName=entry["DashboardName"])["DashboardBody"])
        for widget in body["widgets"]:
            for namespace, name, *places in widget["properties"].get("metrics", ()):
                yield Figure(
                    namespace, name, tuple(zip(places[::2], places[1::2], strict=True)), widget["properties"]["stat"]
                )


def test_every_figure_is_one_that_aws_or_the_worker_writes(minimal: Example, complete: Example) -> None:
    """By name and by dimensions: an alarm on anything else would be silent for ever."""
    contract = metrics.contract()
    of_worker = {
        (contract["namespace"], metric["name"]): set(contract["dimensions"]) for metric in contract["metrics"].values()
    }
    assert minimal.aws is complete.aws
    asked = [figure for figure, _ in alarms(minimal.aws)] + list(graphs(minimal))
    known = {**OF_AWS, **of_worker}
    assert [
        each for each in asked if known.get((each.namespace, each.name)) != {name for name, _ in each.dimensions}
    ] == []
    assert {(each.namespace, each.name) for each in asked} == set(known)


def test_a_published_run_has_a_value_for_every_figure_of_the_worker(pipeline: Pipeline, minimal: Example) -> None:
    """Read as the alarms and the graphs read them, and no alarm of them is raised."""
    pipeline.image()
    assert pipeline.start()["status"] == "SUCCEEDED"
    own = [(figure, alarm) for figure, alarm in alarms(minimal.aws) if _is_own(figure)]
    shown = [figure for figure in graphs(minimal) if _is_own(figure)]
    assert {figure.name for figure, _ in own} == {"QuarantinePercent", OF_DRIFT}
    without = {
        figure.name for figure in (*shown, *(figure for figure, _ in own)) if figure.largest(pipeline.aws) is None
    }
    assert without == {OF_DRIFT}
    (quarantine,) = [(f.largest(pipeline.aws), alarm["Threshold"]) for f, alarm in own if f.name != OF_DRIFT]
    assert quarantine[0] == 0 <= quarantine[1]


@pytest.mark.parametrize(("alone", "tasks"), [("300", 1), ("0", 3)], ids=["one task", "fanned out"])
def test_a_run_that_quarantines_too_much_is_over_the_alarm_s_threshold(
    alone: str, tasks: int, pipeline: Pipeline, minimal: Example
) -> None:
    """Nothing is published, and no text of a document is in the log.

    The figures are there all the same, once: no task is tried again that would refuse it again. One notice names why.
    """
    told = notices(pipeline)
    for name in ("0.jsonl", "1.jsonl"):
        pipeline.aws.client("s3").put_object(Bucket=pipeline.bucket, Key=f"inputs/broken/{name}", Body=BROKEN)
    release = codec.decode(Release, pipeline.store.read(paths.release(RELEASE)) or b"", RELEASE)
    assert release.job is not None
    job = replace(release.job, inputs=(f"s3://{pipeline.bucket}/inputs/broken/",))
    pipeline.store.create(paths.release("broken"), codec.encode(replace(release, release="broken", job=job)))
    live.update(pipeline.store, lambda state: state and replace(state, release="broken", sequence=state.sequence + 1))
    pipeline.image(NIMBUS_ALONE_SECONDS=alone)
    before = len(pipeline.logged())
    ended = pipeline.start(kind="scheduled", scheduled_time="2026-11-22T02:00:00Z")
    assert ended["status"] == "FAILED"
    assert len([task for task in pipeline.tasks() if ended["executionArn"] in str(task["overrides"])]) == tasks
    assert len([line for line in pipeline.logged()[before:] if "_aws" in line]) == 1
    assert pipeline.dataset is None
    (notice,) = told()
    assert f"Run {RUN}" in notice["Message"]
    assert "failed with QuarantineExceededError." in notice["Message"]
    executions = StateMachine(pipeline.outputs["state_machine"], pipeline.outputs["region"])
    listed = overview.overview(pipeline.store, executions, RUN)
    assert (listed.standing, listed.shards_done) == (overview.Standing.FAILED, listed.shards)
    assert "2 of 4 documents" in (listed.error or "")
    (over,) = [(f, alarm) for f, alarm in alarms(minimal.aws) if _is_own(f) and f.name == "QuarantinePercent"]
    assert over[0].largest(pipeline.aws) == 50 > over[1]["Threshold"]
    assert [line for line in pipeline.logged() if "whispered" in line] == []


def _is_own(figure: Figure) -> bool:
    return (
        figure.namespace == metrics.contract()["namespace"] and ("Environment", "nimbus-minimal") in figure.dimensions
    )
