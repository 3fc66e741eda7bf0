"""Workers that fail, runs that meet: what Terraform applied sees them through, or says that it cannot."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from nimbus_runtime import live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Release, Run
from tests.aws.fargate.faults import GivenUp, NetworkThrottled, NoCapacity, TaskFault, Throttled
from tests.aws.queues import received

from .pipeline import RELEASE, RUN, Pipeline, deploy, empty, pause

LATER = "20261122T030000Z"
# Scores with an exit code of its own, the first time of each.
EXITS_ONCE = 'if [ "$1" = score ] && mkdir "{0}" 2>/dev/null; then exit 3; fi'
EXITS = 'if [ "$1" = score ]; then exit 3; fi'
LATE_ONCE = 'if [ "$1" = score ] && mkdir "{0}" 2>/dev/null; then export NIMBUS_DEADLINE_SECONDS=0.05; fi'
HELD = 'while [ "$1" = score ] && [ -e "{0}" ]; do sleep 0.1; done'


def notices(pipeline: Pipeline) -> Callable[[], list[dict[str, Any]]]:
    """Subscribe to the environment's topic; what returns the notices since."""
    sqs, sns = pipeline.aws.client("sqs"), pipeline.aws.client("sns")
    topic = next(each["TopicArn"] for each in sns.list_topics()["Topics"] if "minimal" in each["TopicArn"])
    url = sqs.create_queue(QueueName="reader")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]

    def read() -> list[dict[str, Any]]:
        found = received(pipeline.aws, url)
        sns.unsubscribe(SubscriptionArn=subscription)
        sqs.delete_queue(QueueUrl=url)
        return found

    return read


@contextmanager
def held(pipeline: Pipeline, gate: Path) -> Iterator[str]:
    """Start a run whose worker waits at a gate until the end of the block; its execution."""
    gate.touch()
    pipeline.image(HELD.format(gate), NIMBUS_ALONE_SECONDS="0")
    execution = pipeline.begin(kind="scheduled", scheduled_time="2026-11-22T02:00:00Z")
    eventually(lambda: any("dispatch.json" in name for name in pipeline.store.names(f"executions/{_name(execution)}")))
    try:
        yield execution
    finally:
        gate.unlink()


@contextmanager
def starting(pipeline: Pipeline, folder: Path, **given: str) -> Iterator[str]:
    """Start an execution whose first task takes until the end of the block to start; the execution."""
    begun, gate = folder / "begun", folder / "gate"
    gate.touch()
    pipeline.image(f'touch "{begun}"; while [ -e "{gate}" ]; do sleep 0.1; done')
    execution = pipeline.begin(**given)
    eventually(begun.exists)
    try:
        yield execution
    finally:
        gate.unlink()


def eventually(holds: Callable[[], bool], seconds: float = 240) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def scored_by(pipeline: Pipeline, ended: dict[str, Any]) -> list[str]:
    """Return the capacity providers of the tasks that scored in an execution, in order."""
    mine = [task for task in pipeline.tasks() if ended["executionArn"] in str(task["overrides"])]
    return sorted(task["capacityProviderName"] for task in mine if "NIMBUS_SHARDS" in str(task["overrides"]))


def _name(execution: str) -> str:
    return execution.rpartition(":")[2]


@pytest.mark.parametrize("fault", [NoCapacity, Throttled, NetworkThrottled])
def test_a_batch_that_spot_does_not_take_goes_on_demand(fault: type[TaskFault], pipeline: Pipeline) -> None:
    """No capacity is enough once, throttling only after its retries; either cause is no task, and not read as one."""
    pipeline.image(NIMBUS_ALONE_SECONDS="0")
    pipeline.aws.faults.add(fault(provider="FARGATE_SPOT"), times=1 if fault is NoCapacity else 9)
    (ended,) = pipeline.fire()
    assert ended["status"] == "SUCCEEDED", ended
    assert scored_by(pipeline, ended) == ["FARGATE"]
    assert pipeline.dataset == RUN


@pytest.mark.parametrize("shell", [EXITS_ONCE, LATE_ONCE], ids=["exits 3", "comes to its deadline"])
def test_a_worker_that_fails_is_tried_again_and_the_run_published(
    shell: str, pipeline: Pipeline, tmp_path: Path
) -> None:
    """Whatever ended the first attempt, the next does what is missing."""
    pipeline.image(shell.format(tmp_path / "once"), NIMBUS_ALONE_SECONDS="0")
    (ended,) = pipeline.fire()
    assert ended["status"] == "SUCCEEDED", ended
    assert (tmp_path / "once").is_dir()
    assert pipeline.dataset == RUN


def test_a_batch_that_would_fail_again_is_not_tried_again(pipeline: Pipeline) -> None:
    """Its worker says so by exit code 4, and the run fails by one task a batch."""
    pipeline.image(EXITS.replace("3", "4"), NIMBUS_ALONE_SECONDS="0")
    (ended,) = pipeline.fire()
    assert (ended["status"], ended["error"]) == ("FAILED", "Nimbus.RunFailed")
    assert scored_by(pipeline, ended) == ["FARGATE_SPOT"]


def test_what_would_fail_again_is_given_up_on_demand_too(pipeline: Pipeline, tmp_path: Path) -> None:
    """The first attempt fails otherwise; the second says that it would fail again, and is the last."""
    shell = f"{EXITS_ONCE.format(tmp_path / 'once')}\n{EXITS.replace('3', '4')}"
    pipeline.image(shell, NIMBUS_ALONE_SECONDS="0")
    (ended,) = pipeline.fire()
    assert (ended["status"], ended["error"]) == ("FAILED", "Nimbus.RunFailed")
    assert scored_by(pipeline, ended) == ["FARGATE", "FARGATE_SPOT"]


def test_a_task_that_fails_on_demand_is_tried_so_often_and_no_more(pipeline: Pipeline) -> None:
    """Once on Spot, once on demand, and `retries` times, of which two are the default."""
    pipeline.image(EXITS, NIMBUS_ALONE_SECONDS="0")
    (ended,) = pipeline.fire()
    assert (ended["status"], ended["error"]) == ("FAILED", "Nimbus.RunFailed")
    assert scored_by(pipeline, ended) == ["FARGATE", "FARGATE", "FARGATE", "FARGATE_SPOT"]


def test_a_release_that_goes_live_while_a_task_starts_is_run_at_once(pipeline: Pipeline, tmp_path: Path) -> None:
    """The run of what was live before does not wait for a turn that is its own."""
    good = codec.decode(Release, pipeline.store.read(paths.release(RELEASE)) or b"", RELEASE)
    pipeline.store.create(paths.release("newer"), codec.encode(replace(good, release="newer")))
    with starting(pipeline, tmp_path, kind="manual") as execution:
        live.update(pipeline.store, lambda now: now and replace(now, release="newer", sequence=now.sequence + 1))
    assert pipeline.ended(execution)["status"] == "SUCCEEDED"
    present = live.read(pipeline.store)
    assert present is not None
    assert list(present.datasets) == ["newer"]
    history = pipeline.aws.client("stepfunctions").get_execution_history(executionArn=execution)
    assert "WaitForTurn" not in str(history["events"])


def test_a_rollback_while_the_first_task_of_a_named_release_starts_fences_it(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    """It was asked for before the rollback, so it is whole and not published."""
    with starting(pipeline, tmp_path, kind="manual", release=RELEASE) as execution:
        live.update(pipeline.store, lambda now: now and replace(now, epoch=1, sequence=now.sequence + 1))
    assert pipeline.ended(execution)["status"] == "SUCCEEDED"
    (run,) = pipeline.store.names(paths.RUNS)
    assert pipeline.store.read(paths.dataset(run)) is not None
    assert pipeline.dataset is None


def test_a_worker_that_is_given_up_goes_on_without_harm(pipeline: Pipeline) -> None:
    """A state's timeout stops no task: two score the same shards, and the dataset has each row once."""
    pipeline.image(NIMBUS_ALONE_SECONDS="0")
    pipeline.aws.faults.add(GivenUp(provider="FARGATE_SPOT"))
    (ended,) = pipeline.fire()
    assert ended["status"] == "SUCCEEDED", ended
    assert pipeline.dataset == RUN


@pytest.mark.parametrize("fault", [Throttled(), NoCapacity(provider="FARGATE")], ids=["throttled", "no capacity"])
def test_starts_that_are_turned_away_are_tried_again(fault: TaskFault, pipeline: Pipeline) -> None:
    """It is AWS's answer to many starts at once, and no failure of the run."""
    pipeline.image()
    pipeline.aws.faults.add(fault, times=2)
    (ended,) = pipeline.fire()
    assert ended["status"] == "SUCCEEDED", ended
    assert pipeline.dataset == RUN


def test_a_run_that_fails_publishes_nothing_and_is_told_with_its_name(pipeline: Pipeline) -> None:
    """More batches fail than are tolerated: readers see what they saw, and the notice has no text of a document."""
    told = notices(pipeline)
    pipeline.image(EXITS, NIMBUS_ALONE_SECONDS="0")
    (ended,) = pipeline.fire()
    assert (ended["status"], ended["error"]) == ("FAILED", "Nimbus.RunFailed")
    assert pipeline.dataset is None
    assert pipeline.store.read(paths.dataset(RUN)) is None
    # The watch of the same run may have told by now that it is missing, on a busy machine.
    subject = f"Nimbus: a run of {pipeline.name} failed in nimbus-minimal"
    (notice,) = (each for each in told() if each["Subject"] == subject)
    assert f"Run {RUN} of {pipeline.name} in nimbus-minimal, scheduled for 2026-11-22T02:00:00Z" in notice["Message"]
    assert "States.ExceedToleratedFailureThreshold" in notice["Message"]
    assert "Anna" not in json.dumps(notice)


def test_a_run_waits_while_an_earlier_one_goes(pipeline: Pipeline, tmp_path: Path) -> None:
    """It is planned only when its turn has come, and both are published in order."""
    with held(pipeline, tmp_path / "gate") as first:
        second = pipeline.begin(kind="scheduled", scheduled_time="2026-11-22T03:00:00Z")
        history = pipeline.aws.client("stepfunctions").get_execution_history
        eventually(lambda: "WaitForTurn" in str(history(executionArn=second)["events"]))
        assert pipeline.store.names(paths.RUNS) == [RUN]
    assert [pipeline.ended(execution)["status"] for execution in (first, second)] == ["SUCCEEDED", "SUCCEEDED"]
    assert pipeline.dataset == LATER


def test_a_run_that_waited_through_a_rollback_is_of_what_is_live_then(pipeline: Pipeline, tmp_path: Path) -> None:
    """What was live when it asked was taken back: neither it nor the run that it waited for publishes that."""
    good = codec.decode(Release, pipeline.store.read(paths.release(RELEASE)) or b"", RELEASE)
    pipeline.store.create(paths.release("bad"), codec.encode(replace(good, release="bad")))
    live.update(pipeline.store, lambda state: state and replace(state, release="bad", sequence=state.sequence + 1))
    with held(pipeline, tmp_path / "gate") as first:
        second = pipeline.begin(kind="scheduled", scheduled_time="2026-11-22T03:00:00Z")
        history = pipeline.aws.client("stepfunctions").get_execution_history
        eventually(lambda: "WaitForTurn" in str(history(executionArn=second)["events"]))
        live.update(
            pipeline.store,
            lambda state: state and replace(state, release=RELEASE, epoch=1, sequence=state.sequence + 1),
        )
    assert [pipeline.ended(execution)["status"] for execution in (first, second)] == ["SUCCEEDED", "SUCCEEDED"]
    made = {run: codec.decode(Run, pipeline.store.read(paths.dataset(run)) or b"", run).release for run in (RUN, LATER)}
    assert made == {RUN: "bad", LATER: RELEASE}
    present = live.read(pipeline.store)
    assert present is not None
    assert (present.dataset, present.datasets) == (LATER, {RELEASE: LATER})


def test_a_run_overlaps_without_harm_where_that_is_allowed(overlapping: Pipeline, tmp_path: Path) -> None:
    """The later run is published while the earlier one goes, which then replaces nothing."""
    with held(overlapping, tmp_path / "gate") as first:
        overlapping.image()
        second = overlapping.start(kind="scheduled", scheduled_time="2026-11-22T03:00:00Z")
        assert second["status"] == "SUCCEEDED", second
        assert overlapping.dataset == LATER
    assert overlapping.ended(first)["status"] == "SUCCEEDED"
    assert overlapping.store.read(paths.dataset(RUN)) is not None
    assert overlapping.dataset == LATER


def test_the_watch_tells_of_a_run_that_is_missing(pipeline: Pipeline) -> None:
    """It fails, which its alarm sees, and the notice names the run.

    What was rolled back was not missed, nor what was due while the pipeline was paused, whenever that goes on; without
    a release none is missed, whatever is deployed while the watch would wait.
    """
    client, told = pipeline.aws.client("stepfunctions"), notices(pipeline)
    pipeline.aws.pause = 0.0001

    def watched() -> str:
        machine = f"{pipeline.outputs['state_machine']}-watch"
        given = json.dumps({"scheduled_time": "2026-11-22T02:00:00Z"})
        return str(
            pipeline.ended(client.start_execution(stateMachineArn=machine, input=given)["executionArn"])["status"]
        )

    assert watched() == "FAILED"
    (notice,) = told()
    assert f"Run {RUN} of {pipeline.name} in nimbus-minimal was due at 2026-11-22T02:00:00Z" in notice["Message"]
    pipeline.store.create(paths.dataset(RUN), b"{}")
    assert watched() == "SUCCEEDED"
    empty(pipeline)
    deploy(pipeline)
    live.update(pipeline.store, lambda state: state and replace(state, dataset=LATER, sequence=state.sequence + 1))
    assert watched() == "SUCCEEDED"
    live.update(
        pipeline.store, lambda state: state and replace(state, dataset=None, paused=True, sequence=state.sequence + 1)
    )
    assert watched() == "SUCCEEDED"
    empty(pipeline)
    deploy(pipeline)
    pause(pipeline)
    pipeline.image()
    assert pipeline.start(kind="scheduled", scheduled_time="2026-11-22T02:00:00Z")["status"] == "SUCCEEDED"
    live.update(pipeline.store, lambda state: state and replace(state, paused=False, sequence=state.sequence + 1))
    assert watched() == "SUCCEEDED"
    empty(pipeline)
    assert watched() == "SUCCEEDED"
