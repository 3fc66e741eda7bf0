"""Tasks: moto alone runs nothing, and the local Fargate runs them as Fargate does."""

from __future__ import annotations

import json
import signal
import sys
import time
import urllib.request
from collections.abc import Callable

import psutil
import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from botocore.exceptions import ClientError

from tests.aws import batch as batches
from tests.aws.batch import CLUSTER, IMAGE, TASK_ROLE, Batch
from tests.aws.fargate import sizes
from tests.aws.fargate.faults import FailsToStart, GivenUp, Interrupted, NeverStarts, NoCapacity, Throttled
from tests.aws.fargate.images import Podman, Program
from tests.aws.local_aws import LocalAws

SHELL = Program(("sh", "-c"))
DEAF = "trap '' TERM; echo ready; sleep 600 & wait; wait; sleep 600"
POLITE = "trap 'echo saved; exit 143' TERM; echo ready; sleep 600 & wait"


@pytest.fixture
def batch(aws: LocalAws) -> Batch:
    """Provide a batch whose image is a shell."""
    aws.fargate.images.add(IMAGE, SHELL)
    return batches.create(aws)


def logged(batch: Batch, line: str) -> None:
    """Wait for a line."""
    eventually(lambda: line in batch.logged())


def eventually(holds: Callable[[], bool], seconds: float = 240) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ended(pid: int) -> bool:
    """Whether a process is gone, or only waits to be reaped by whoever inherited it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_task_runs_its_command_and_reports_its_exit_code(aws: LocalAws, batch: Batch) -> None:
    """What the program did is what the task says; moto alone says 0, and has run nothing."""
    with aws.mending.lifted("running tasks"), pytest.raises(ClientError):
        batch.run("exit 7")
    aws.reset()
    aws.fargate.images.add(IMAGE, SHELL)
    batch = batches.create(aws)
    task = batch.stopped(batch.run("echo $COLOUR; exit 7"))
    assert task["containers"][0]["exitCode"] == 7
    assert (task["lastStatus"], task["desiredStatus"]) == ("STOPPED", "STOPPED")
    assert (task["stopCode"], task["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert task["createdAt"] <= task["startedAt"] <= task["stoppedAt"]
    assert (task["launchType"], task["cpu"], task["memory"]) == ("FARGATE", "256", "512")
    assert batch.logged() == ["green"]


def test_lines_go_to_a_stream_of_the_container_and_the_task(aws: LocalAws, batch: Batch) -> None:
    """prefix/container/task, as the awslogs driver names it."""
    task = batch.stopped(batch.run("echo one; echo; echo two >&2"))
    (stream,) = aws.client("logs").describe_log_streams(logGroupName=batches.GROUP)["logStreams"]
    assert stream["logStreamName"] == f"worker/worker/{task['taskArn'].rpartition('/')[2]}"
    assert batch.logged() == ["one", "two"]


def test_overrides_replace_and_add(aws: LocalAws, batch: Batch) -> None:
    """Command, environment and size of the call go before those of the definition."""
    environment = [{"name": "COLOUR", "value": "red"}, {"name": "SHAPE", "value": "round"}]
    override = {"name": "worker", "command": ["echo $COLOUR $SHAPE $BUCKET"], "environment": environment}
    answer = aws.client("ecs").run_task(
        cluster=CLUSTER,
        taskDefinition=batch.definition,
        launchType="FARGATE",
        networkConfiguration=batch.network,
        overrides={"containerOverrides": [override], "cpu": "512", "memory": "1024"},
    )
    task = batch.stopped(answer["tasks"][0])
    assert (task["cpu"], task["memory"]) == ("512", "1024")
    assert batch.logged() == [f"red round {batches.BUCKET}"]


def test_a_task_calls_in_its_role_and_knows_nothing_of_this_process(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its environment is the definition's and Fargate's: no variable of the machine that it runs on."""
    monkeypatch.setenv("SECRET_OF_THE_HOST", "1")
    batch.stopped(batch.run("env"))
    environment = dict(line.split("=", 1) for line in batch.logged() if "=" in line)
    assert "SECRET_OF_THE_HOST" not in environment
    assert environment["AWS_ACCESS_KEY_ID"] == batch.aws.identities.key_of(TASK_ROLE)
    assert environment["AWS_EXECUTION_ENV"] == "AWS_ECS_FARGATE"


def test_a_task_finds_its_own_arn_at_the_metadata_endpoint(batch: Batch, aws: LocalAws) -> None:
    """Version 4 of the endpoint, as far as a worker needs it."""
    url = "os.environ['ECS_CONTAINER_METADATA_URI_V4'] + '/task'"
    script = f"import os, urllib.request as http; print(http.urlopen({url}).read().decode())"
    aws.fargate.images.add(IMAGE, Program((sys.executable, "-c", script)))
    task = batch.stopped(batch.run())
    (line,) = batch.logged()
    metadata = json.loads(line)
    assert (metadata["TaskARN"], metadata["Limits"]) == (task["taskArn"], {"CPU": 0.25, "Memory": 512})
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{aws.url}/task-metadata/unknown/task")  # noqa: S310 - the local server


def test_a_task_that_is_stopped_gets_sigterm_and_may_tidy_up(aws: LocalAws, batch: Batch) -> None:
    """StopTask asks first; what the task then exits with is its exit code."""
    task = batch.run(POLITE, stop_timeout=20)
    logged(batch, "ready")
    aws.client("ecs").stop_task(cluster=CLUSTER, task=task["taskArn"], reason="by hand")
    task = batch.stopped(task)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "by hand")
    assert task["containers"][0]["exitCode"] == 143
    assert batch.logged() == ["ready", "saved"]


def test_a_task_that_does_not_listen_is_killed_after_its_stop_timeout(aws: LocalAws, batch: Batch) -> None:
    """SIGKILL to all of it, which is exit code 137."""
    task = batch.run(DEAF, stop_timeout=1)
    logged(batch, "ready")
    aws.client("ecs").stop_task(cluster=CLUSTER, task=task["taskArn"])
    task = batch.stopped(task)
    assert task["containers"][0]["exitCode"] == 128 + signal.SIGKILL


def test_what_a_task_started_ends_with_it(batch: Batch) -> None:
    """Nothing of a container outlives its first process."""
    batch.stopped(batch.run("sleep 600 & echo $!"))
    (pid,) = batch.logged()
    eventually(lambda: ended(int(pid)))


def test_spot_takes_a_task_back(aws: LocalAws, batch: Batch) -> None:
    """SIGTERM, and then StopCode SpotInterruption, at a line of the log or at once."""
    spot = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    aws.faults.add(Interrupted(provider="FARGATE_SPOT", when_logged="ready"))
    on_demand = batch.run("echo ready")
    task = batch.stopped(batch.run(POLITE, capacityProviderStrategy=spot))
    assert (task["stopCode"], task["stoppedReason"]) == ("SpotInterruption", "Your Spot Task was interrupted.")
    assert (task["capacityProviderName"], task["containers"][0]["exitCode"]) == ("FARGATE_SPOT", 143)
    assert batch.stopped(on_demand)["stopCode"] == "EssentialContainerExited"
    aws.faults.add(Interrupted())
    assert batch.stopped(batch.run("sleep 600"))["stopCode"] == "SpotInterruption"


def test_a_test_interrupts_a_task_that_it_chooses(aws: LocalAws, batch: Batch) -> None:
    """By the task's ARN, whenever the test likes."""
    task = batch.run(POLITE)
    logged(batch, "ready")
    aws.fargate.interrupt(task["taskArn"])
    assert batch.stopped(task)["stopCode"] == "SpotInterruption"


def test_throttling_and_a_lack_of_capacity_start_nothing(aws: LocalAws, batch: Batch) -> None:
    """An error or a failure, and no task in either case; the next call is well again."""
    aws.faults.add(Throttled())
    with pytest.raises(ClientError, match="ThrottlingException"):
        batch.run("true")
    aws.faults.add(NoCapacity(provider="FARGATE_SPOT"), times=2)
    spot = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    for _ in range(2):
        answer = aws.client("ecs").run_task(
            cluster=CLUSTER,
            taskDefinition=batch.definition,
            networkConfiguration=batch.network,
            capacityProviderStrategy=spot,
        )
        assert (answer["tasks"], len(answer["failures"])) == ([], 1)
    assert batch.tasks == []
    assert batch.stopped(batch.run("true", capacityProviderStrategy=spot))["containers"][0]["exitCode"] == 0


def test_a_task_that_fails_to_start_has_no_exit_code(aws: LocalAws, batch: Batch) -> None:
    """TaskFailedToStart, with AWS's words."""
    aws.faults.add(FailsToStart(reason="ResourceInitializationError: no route"))
    task = batch.stopped(batch.run("true"))
    assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", "ResourceInitializationError: no route")
    assert "exitCode" not in task["containers"][0]
    assert "startedAt" not in task


def test_a_task_that_never_starts_is_pending_until_it_is_stopped(aws: LocalAws, batch: Batch) -> None:
    """For timeouts of those who wait for it."""
    aws.faults.add(NeverStarts())
    task = batch.run("true")
    eventually(lambda: batch.tasks[0]["lastStatus"] == "PENDING")
    aws.client("ecs").stop_task(cluster=CLUSTER, task=task["taskArn"])
    assert batch.stopped(task)["stopCode"] == "UserInitiated"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"image": "elsewhere.test/worker"}, "CannotPullContainerError: elsewhere.test/worker: not found"),
        ({"group": "/none"}, "ResourceInitializationError: failed to validate logger args"),
    ],
)
def test_an_image_or_a_log_group_that_is_missing_keeps_a_task_from_starting(
    aws: LocalAws, batch: Batch, change: dict[str, str], reason: str
) -> None:
    """A wrong definition is found when the task starts, not when it is registered."""
    ecs = aws.client("ecs")
    definition = ecs.describe_task_definition(taskDefinition=batch.definition)["taskDefinition"]
    (container,) = definition["containerDefinitions"]
    container["image"] = change.get("image", container["image"])
    container["logConfiguration"]["options"]["awslogs-group"] = change.get("group", batches.GROUP)
    kept = ("family", "cpu", "memory", "networkMode", "requiresCompatibilities", "containerDefinitions")
    registered = ecs.register_task_definition(**{name: definition[name] for name in kept})
    batch.definition = registered["taskDefinition"]["taskDefinitionArn"]
    task = batch.stopped(batch.run("true"))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith(reason)


def test_an_inactive_revision_starts_nothing(aws: LocalAws, batch: Batch) -> None:
    """Who deregisters what a rollback needs finds out here."""
    aws.client("ecs").deregister_task_definition(taskDefinition=batch.definition)
    with pytest.raises(ClientError, match="TaskDefinition is inactive"):
        batch.run("true")


@pytest.mark.parametrize(
    ("cpu", "memory", "valid"),
    [
        ("256", "512", True),
        ("256", "3072", False),
        ("1024", "8192", True),
        ("1024", "1024", False),
        ("8192", "20480", True),
        ("8192", "18432", False),
        ("16384", "122880", True),
        ("300", "512", False),
        (None, "512", False),
    ],
)
def test_only_the_sizes_of_fargate_exist(cpu: str | None, memory: str | None, valid: bool) -> None:
    """CPU units and MiB come in pairs."""
    assert sizes.exists(cpu, memory) is valid


def test_no_more_tasks_run_at_once_than_there_are_slots(aws: LocalAws, batch: Batch) -> None:
    """Tasks above the bound wait as PENDING, and run when there is room."""
    aws.fargate.limit(1)
    first = batch.run(POLITE)
    logged(batch, "ready")
    second = batch.run("true")
    eventually(lambda: {task["lastStatus"] for task in batch.tasks} == {"RUNNING", "PENDING"})
    aws.client("ecs").stop_task(cluster=CLUSTER, task=first["taskArn"])
    assert batch.stopped(second)["containers"][0]["exitCode"] == 0


def test_nothing_runs_after_a_reset(aws: LocalAws, batch: Batch) -> None:
    """What a test started is gone before the next one."""
    batch.run("echo $$; trap '' TERM; sleep 600 & wait; sleep 600")
    eventually(lambda: bool(batch.logged()))
    pid = int(batch.logged()[0])
    aws.reset()
    eventually(lambda: ended(pid))


def test_podman_runs_an_image_as_fargate_would() -> None:
    """Read-only, without capabilities, on the host's network, where the local AWS is."""
    launch = Podman("localhost/worker:1").launch("worker-1", ("python", "-m"), ("score",), {"SHARD": "1"})
    assert launch.arguments == (
        *("podman", "run", "--rm", "--network=host", "--read-only", "--cap-drop=all", "--name=worker-1"),
        *("--env=SHARD=1", "--entrypoint=python", "localhost/worker:1", "-m", "score"),
    )


def test_a_state_that_gives_up_leaves_its_task_running(aws: LocalAws, batch: Batch) -> None:
    """A timeout is the state's, not the task's (connect-to-resource); what catches it goes on beside the task."""
    aws.fargate.images.add(IMAGE, Program(("sh", "-c", "sleep 600")))
    aws.faults.add(GivenUp())
    caught = [{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.failure", "Next": "Caught"}]
    machine = batch.machine({"Task": batch.task_state(Catch=caught), "Caught": {"Type": "Succeed"}})
    ended = batch.execute(machine, {})
    assert ended["status"] == "SUCCEEDED", ended
    assert [task["lastStatus"] for task in batch.tasks] == ["RUNNING"]
