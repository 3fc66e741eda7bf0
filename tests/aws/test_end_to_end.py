"""A schedule, a state machine, tasks and a bucket together."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from tests.aws import batch as batches
from tests.aws.batch import BUCKET, IMAGE, MACHINE_ROLE, SCHEDULER_ROLE, TASK_ROLE, Batch, distributed_map
from tests.aws.fargate.faults import Interrupted
from tests.aws.fargate.images import Program
from tests.aws.local_aws import LocalAws
from tests.aws.scheduler.faults import DeliveredTwice

WORKER = Program((sys.executable, str(Path(__file__).parent / "worker.py")))
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
RETRY = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 1}]


@pytest.fixture
def batch(aws: LocalAws) -> Batch:
    """Provide a batch whose image is the small worker."""
    aws.fargate.images.add(IMAGE, WORKER)
    aws.pause = 0.01
    return batches.create(aws)


def write_texts(batch: Batch, *shards: dict[str, object]) -> None:
    """Write a text for each shard, and the list of shards."""
    for words, shard in enumerate(shards, start=1):
        batch.aws.client("s3").put_object(Bucket=BUCKET, Key=str(shard["key"]), Body="word " * words)
    batch.put("items.json", shards)


def schedule(batch: Batch, machine: str) -> None:
    """Every day at two, in UTC."""
    batch.aws.client("scheduler").create_schedule(
        Name="nightly",
        ScheduleExpression="cron(0 2 * * ? *)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": machine,
            "RoleArn": SCHEDULER_ROLE,
            "Input": json.dumps({"items": "items.json", "at": "@@TIME@@"}).replace(
                "@@TIME@@", "<aws.scheduler.scheduled-time>"
            ),
        },
    )


def test_a_schedule_fires_and_every_shard_is_counted(batch: Batch) -> None:
    """From the clock to the objects in the bucket, every part does its own work, in its own role."""
    write_texts(batch, {"key": "a"}, {"key": "b"}, {"key": "c"})
    schedule(batch, batch.machine({"All": distributed_map(batch.task_state(Retry=RETRY))}))
    batch.aws.clock.now = MIDNIGHT
    (delivery,) = batch.aws.clock.advance(timedelta(hours=3))
    ended = batch.aws.ended(delivery.execution or "")
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["input"])["at"] == "2026-11-22T02:00:00Z"
    assert [batch.get(f"counted/{key}")["words"] for key in "abc"] == [1, 2, 3]
    assert sorted(batch.logged()) == ["shard a", "shard b", "shard c"]
    calls = batch.aws.recorder.calls
    assert {call.action for call in calls(caller=SCHEDULER_ROLE)} == {"states:StartExecution"}
    assert {call.action for call in calls(caller=MACHINE_ROLE)} == {"s3:GetObject", "ecs:RunTask", "ecs:DescribeTasks"}
    assert {call.action for call in calls(caller=TASK_ROLE)} == {"s3:GetObject", "s3:PutObject"}


def test_a_worker_that_fails_is_retried_and_then_fails_the_map_with_its_task_as_cause(batch: Batch) -> None:
    """Exit 3 is tried as often as Retry says; the child's cause is the task."""
    write_texts(batch, {"key": "a"}, {"key": "b", "exit": 3})
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": BUCKET, "Prefix": "results"}}
    every = distributed_map(batch.task_state(Retry=RETRY), ResultWriter=writer, MaxConcurrency=1)  # none is cut short
    ended = batch.execute(batch.machine({"All": every}), {"items": "items.json"})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    assert batch.logged().count("shard b") == 2
    found = batch.aws.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="results")["Contents"]
    (failed,) = batch.get(next(one["Key"] for one in found if one["Key"].endswith("FAILED_0.json")))
    assert failed["Error"] == "States.TaskFailed"
    assert json.loads(failed["Cause"])["Containers"][0]["ExitCode"] == 3


def test_a_task_that_spot_interrupts_is_done_on_demand(batch: Batch, tmp_path: Path) -> None:
    """The machine finds the interruption in the cause and goes on to the state without Spot."""
    held = tmp_path / "held"
    held.touch()
    shard: dict[str, object] = {"key": "a", "held": str(held)}
    write_texts(batch, shard)
    batch.aws.faults.add(Interrupted(provider="FARGATE_SPOT", when_logged="ready"))
    caught = [{"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.failure", "Next": "Read"}]
    machine = batch.machine(
        {
            "OnSpot": batch.task_state(spot=True, Catch=caught),
            "Read": {
                "Type": "Pass",
                "Parameters": {"task.$": "States.StringToJson($.failure.Cause)", "key.$": "$.key"},
                "Next": "Interrupted?",
            },
            "Interrupted?": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.task.StopCode", "StringEquals": "SpotInterruption", "Next": "OnDemand"},
                ],
            },
            "OnDemand": batch.task_state(),
        }
    )
    ended = batch.execute(machine, shard)
    assert ended["status"] == "SUCCEEDED", ended
    assert batch.get("counted/a") == {"words": 1}
    spot, on_demand = sorted(batch.tasks, key=lambda task: task["createdAt"])
    assert (spot["stopCode"], spot["capacityProviderName"]) == ("SpotInterruption", "FARGATE_SPOT")
    assert (on_demand["stopCode"], on_demand["containers"][0]["exitCode"]) == ("EssentialContainerExited", 0)


def test_a_schedule_that_is_delivered_twice_starts_two_executions(batch: Batch) -> None:
    """At least once means twice at times, at the same instant: that one run comes of it is the claim's work."""
    write_texts(batch, {"key": "a"})
    schedule(batch, batch.machine({"Done": {"Type": "Succeed"}}))
    batch.aws.faults.add(DeliveredTwice())
    batch.aws.clock.now = MIDNIGHT
    first, second = batch.aws.clock.advance(timedelta(days=1))
    assert first.scheduled == second.scheduled == MIDNIGHT + timedelta(hours=2)
    assert first.execution != second.execution
    assert {batch.aws.ended(one.execution or "")["status"] for one in (first, second)} == {"SUCCEEDED"}
