"""The mends of Step Functions: moto still needs each, and each does what AWS does."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from botocore.exceptions import ClientError

from tests.aws import batch as batches
from tests.aws.batch import BUCKET, IMAGE, MACHINE_ROLE, Batch, distributed_map
from tests.aws.fargate.faults import FailsToStart, NetworkThrottled, NoCapacity, Throttled
from tests.aws.fargate.images import Program
from tests.aws.local_aws import LocalAws
from tests.aws.mends.tolerated_failures import exceeded

Json = dict[str, Any]
EXITS = Program(("sh", "-c", 'exit "$(expr "$SHARD" : "[^0-9]*\\([0-9]*\\)")"'))
"""Exits with the number in SHARD."""
SLEEPS = Program((sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)"))
GET = "arn:aws:states:::aws-sdk:s3:getObject"
DONE = {"Type": "Succeed"}


@pytest.fixture
def batch(aws: LocalAws) -> Batch:
    """Provide a batch whose image exits as it is told."""
    aws.fargate.images.add(IMAGE, EXITS)
    aws.pause = 0.01
    return batches.create(aws)


def eventually(holds: Callable[[], bool], seconds: float = 240) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_definition_is_validated_without_a_machine(aws: LocalAws) -> None:
    """Terraform asks while it plans; moto alone does not know the operation."""
    client = aws.client("stepfunctions")
    good = json.dumps({"StartAt": "Done", "States": {"Done": DONE}})
    with aws.mending.lifted("definition validation"), pytest.raises(ClientError):
        client.validate_state_machine_definition(definition=good)
    assert client.validate_state_machine_definition(definition=good)["result"] == "OK"
    bad = client.validate_state_machine_definition(definition='{"StartAt": 1}')
    assert (bad["result"], len(bad["diagnostics"])) == ("FAIL", 1)


def test_versions_are_published_listed_and_deleted(aws: LocalAws, batch: Batch) -> None:
    """Versions have operations of their own; moto alone has none of them."""
    client, machine = aws.client("stepfunctions"), batch.machine({"Done": DONE})
    with aws.mending.lifted("version operations"), pytest.raises(ClientError):
        client.list_state_machine_versions(stateMachineArn=machine)
    version = client.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
    listed = client.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]
    assert [one["stateMachineVersionArn"] for one in listed] == [version] == [f"{machine}:1"]
    client.delete_state_machine_version(stateMachineVersionArn=version)
    assert client.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"] == []


def test_versions_and_aliases_run_as_they_were_published(aws: LocalAws, batch: Batch) -> None:
    """An alias starts the version that it points to, not the latest definition; moto alone starts neither."""
    client = aws.client("stepfunctions")
    machine = batch.machine({"One": {"Type": "Pass", "Result": 1, "End": True}})
    version = client.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
    routes = [{"stateMachineVersionArn": version, "weight": 100}]
    alias = client.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]
    two = {"StartAt": "Two", "States": {"Two": {"Type": "Pass", "Result": 2, "End": True}}}
    client.update_state_machine(stateMachineArn=machine, definition=json.dumps(two))
    with aws.mending.lifted("runnable versions"):
        for arn in (version, alias):
            with pytest.raises(ClientError):
                client.start_execution(stateMachineArn=arn)
    assert [batch.execute(arn)["output"] for arn in (version, alias, machine)] == ["1", "1", "2"]


def test_executions_without_a_name_have_names_of_their_own(aws: LocalAws, batch: Batch) -> None:
    """Two starts are two executions; in moto alone the second is refused."""
    client, machine = aws.client("stepfunctions"), batch.machine({"Done": DONE})
    with aws.mending.lifted("runnable versions"):
        aws.ended(client.start_execution(stateMachineArn=machine)["executionArn"])
        with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
            client.start_execution(stateMachineArn=machine)
    first, second = (client.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(2))
    assert first != second


def test_a_machine_calls_in_its_role(aws: LocalAws, batch: Batch) -> None:
    """What a machine does is done by its role; moto alone signs with a key of nobody's, and asks another port."""
    batch.put("live.json", {})
    machine = batch.machine({"Read": {"Type": "Task", "Resource": GET, "Parameters": key("live.json"), "End": True}})
    with aws.mending.lifted("callers"):
        assert batch.execute(machine)["status"] == "FAILED"
    aws.recorder.clear()
    assert batch.execute(machine)["status"] == "SUCCEEDED"
    assert [call.operation for call in aws.recorder.calls(caller=MACHINE_ROLE)] == ["GetObject"]


def key(name: str) -> Json:
    """Parameters of GetObject."""
    return {"Bucket": BUCKET, "Key": name}


def test_results_are_in_pascal_case_and_bodies_are_text(batch: Batch, aws: LocalAws) -> None:
    """`$.Body` is what an SDK integration of GetObject gives; moto alone gives a stream that is not JSON."""
    batch.put("live.json", {"release": "r1"})
    parse = {"live.$": "States.StringToJson($.Body)"}
    read = {"Type": "Task", "Resource": GET, "Parameters": key("live.json"), "ResultSelector": parse, "End": True}
    machine = batch.machine({"Read": read})
    with aws.mending.lifted("casing"):
        assert batch.execute(machine)["status"] == "FAILED"
    assert json.loads(batch.execute(machine)["output"]) == {"live": {"release": "r1"}}


def test_a_task_of_ecs_is_the_result_with_capitals(batch: Batch, aws: LocalAws) -> None:
    """`ecs:runTask.sync` gives the task itself; moto alone dies of a parameter that is missing."""
    machine = batch.machine({"Run": batch.task_state()})
    with aws.mending.lifted("casing"):
        failed = batch.execute(machine, {"exit": 0})
        assert (failed["status"], failed["error"]) == ("FAILED", "States.Runtime")
    task = json.loads(batch.execute(machine, {"exit": 0})["output"])
    assert task["TaskArn"].startswith("arn:aws:ecs:")
    assert (task["StopCode"], task["LastStatus"]) == ("EssentialContainerExited", "STOPPED")
    assert task["Containers"][0]["ExitCode"] == 0
    assert isinstance(task["StartedAt"], int)


def test_a_task_runs_on_the_capacity_and_with_the_tags_that_were_asked_for(batch: Batch, aws: LocalAws) -> None:
    """Every parameter of RunTask arrives; moto alone drops the strategy and the tags."""
    machine = batch.machine({"Run": batch.task_state(spot=True)})
    with aws.mending.lifted("passed parameters"):
        assert batch.execute(machine, {"exit": 0})["status"] == "FAILED"
    assert batch.execute(machine, {"exit": 0})["status"] == "SUCCEEDED"
    (task,) = batch.tasks
    assert task["capacityProviderName"] == "FARGATE_SPOT"
    assert task["tags"] == [{"key": "run", "value": "one"}]
    assert task["startedBy"] == "AWS Step Functions"


def test_an_exit_code_fails_the_state_with_the_task_as_cause(batch: Batch, aws: LocalAws) -> None:
    """States.TaskFailed, and the task as JSON; moto alone takes any end for a good one."""
    machine = batch.machine({"Run": batch.task_state()})
    with aws.mending.lifted("exit codes"):
        assert batch.execute(machine, {"exit": 3})["status"] == "SUCCEEDED"
    failed = batch.execute(machine, {"exit": 3})
    assert (failed["status"], failed["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(failed["cause"])["Containers"][0]["ExitCode"] == 3


def test_a_retry_waits_for_its_task_as_the_first_attempt_did(batch: Batch, aws: LocalAws) -> None:
    """The second attempt runs as long as it takes; in moto alone it times out at once."""
    retry = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    machine = batch.machine({"Run": batch.task_state(Retry=retry)})
    with aws.mending.lifted("retried tasks"):
        aws.faults.add(FailsToStart())
        assert batch.execute(machine, {"exit": 0})["error"] == "States.Timeout"
    aws.fargate.stop_all()
    before = len(batch.tasks)
    aws.faults.add(FailsToStart())
    assert batch.execute(machine, {"exit": 0})["status"] == "SUCCEEDED"
    assert len(batch.tasks) == before + 2


def test_a_task_that_never_started_has_no_exit_code_in_the_cause(batch: Batch, aws: LocalAws) -> None:
    """Who reads the cause must not count on ExitCode."""
    aws.faults.add(FailsToStart())
    failed = batch.execute(batch.machine({"Run": batch.task_state()}), {"exit": 0})
    task = json.loads(failed["cause"])
    assert (failed["error"], task["StopCode"]) == ("States.TaskFailed", "TaskFailedToStart")
    assert "ExitCode" not in task["Containers"][0]


@pytest.mark.parametrize(
    ("fault", "error", "cause"),
    [
        (Throttled(), "ECS.AmazonECSException", "Rate exceeded (Service: AmazonECS; Status Code: 400; Error Code: "),
        (NetworkThrottled(), "ECS.InvalidParameterException", "Error retrieving subnet information: Request limit"),
        (NoCapacity(), "AmazonECS.Unknown", "Capacity is unavailable at this time."),
    ],
)
def test_what_ecs_refuses_has_the_names_of_aws(
    batch: Batch, aws: LocalAws, fault: Throttled, error: str, cause: str
) -> None:
    """Retry and Catch compare these names; in moto alone they are all States.Runtime."""
    machine = batch.machine({"Run": batch.task_state()})
    with aws.mending.lifted("service errors"):
        aws.faults.add(fault)
        assert batch.execute(machine, {"exit": 0})["error"] == "States.Runtime"
    aws.faults.add(fault)
    failed = batch.execute(machine, {"exit": 0})
    assert failed["error"] == error
    assert failed["cause"].startswith(cause)


def test_a_missing_object_has_the_name_that_machines_catch(batch: Batch, aws: LocalAws) -> None:
    """S3.NoSuchKeyException, with the service's own spelling; moto alone writes it small."""
    caught = [{"ErrorEquals": ["S3.NoSuchKeyException"], "Next": "Absent"}]
    read = {"Type": "Task", "Resource": GET, "Parameters": key("live.json"), "Catch": caught, "End": True}
    machine = batch.machine({"Read": read, "Absent": {"Type": "Pass", "Result": {"live": None}, "End": True}})
    with aws.mending.lifted("service errors"):
        assert batch.execute(machine)["error"] == "s3.NoSuchKeyException"
    assert json.loads(batch.execute(machine)["output"]) == {"live": None}


def test_a_path_to_one_element_is_its_value(batch: Batch, aws: LocalAws) -> None:
    """`$.list[0].code` is one number; moto alone makes a list of it."""
    take = {"Type": "Pass", "Parameters": {"code.$": "$.list[0].code"}, "End": True}
    machine = batch.machine({"Take": take})
    given = {"list": [{"code": 137}]}
    with aws.mending.lifted("singleton paths"):
        assert json.loads(batch.execute(machine, given)["output"]) == {"code": [137]}
    assert json.loads(batch.execute(machine, given)["output"]) == {"code": 137}


def test_states_all_does_not_catch_what_is_fatal(batch: Batch, aws: LocalAws) -> None:
    """States.Runtime ends the execution; moto alone lets States.ALL catch it."""
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    parameters = {"Bucket.$": "$.missing", "Key": "live.json"}
    read = {"Type": "Task", "Resource": GET, "Parameters": parameters, "Catch": caught, "End": True}
    machine = batch.machine({"Read": read, "Caught": DONE})
    with aws.mending.lifted("fatal errors"):
        assert batch.execute(machine)["status"] == "SUCCEEDED"
    failed = batch.execute(machine)
    assert (failed["status"], failed["error"]) == ("FAILED", "States.Runtime")


@pytest.mark.parametrize(
    ("failed", "total", "count", "percentage", "too_many"),
    [
        (0, 10, 0, 0, False),
        (1, 10, 0, 0, True),
        (2, 10, 2, 0, False),
        (3, 10, 2, 0, True),
        (1, 10, 0, 10, False),
        (2, 10, 0, 10, True),
        (2, 10, 5, 10, True),
        (2, 10, 1, 50, True),
        (2, 10, 2, 20, False),
    ],
)
def test_either_threshold_counts_and_none_is_zero(
    failed: int, total: int, count: int, percentage: float, too_many: bool
) -> None:
    """A map fails above its count, or above its percentage; without either, with the first child."""
    assert exceeded(failed, total, count, percentage) is too_many


def test_a_map_fails_when_more_children_fail_than_are_tolerated(batch: Batch, aws: LocalAws) -> None:
    """One of two is too many for none and not for half; moto alone tolerates all, and takes no integer for a half."""
    batch.put("items.json", [{"exit": 0}, {"exit": 3}])
    strict = batch.machine({"All": distributed_map(batch.task_state())}, name="strict")
    half = {"All": distributed_map(batch.task_state(), ToleratedFailurePercentage=50)}
    with aws.mending.lifted("tolerated failures"):
        assert batch.execute(strict, {"items": "items.json"})["status"] == "SUCCEEDED"
        with pytest.raises(ClientError, match="no viable alternative"):
            batch.machine(half, name="half")
    failed = batch.execute(strict, {"items": "items.json"})
    assert (failed["status"], failed["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    assert batch.execute(batch.machine(half, name="half"), {"items": "items.json"})["status"] == "SUCCEEDED"


def test_a_map_that_fails_stops_its_other_children(batch: Batch, aws: LocalAws) -> None:
    """The tasks of siblings are stopped with the map."""
    script = "import os, time; time.sleep(600) if 'sleep' in os.environ['SHARD'] else exit(3)"
    aws.fargate.images.add(IMAGE, Program((sys.executable, "-c", script)))
    batch.put("items.json", [{"sleep": 1}, {"exit": 3}])
    machine = batch.machine({"All": distributed_map(batch.task_state())})
    assert batch.execute(machine, {"items": "items.json"})["status"] == "FAILED"
    eventually(lambda: {task["lastStatus"] for task in batch.tasks} == {"STOPPED"})
    assert {task["stopCode"] for task in batch.tasks} == {"EssentialContainerExited", "UserInitiated"}


def test_results_are_written_with_every_child_s_outcome(batch: Batch, aws: LocalAws) -> None:
    """The manifest lists a file of what succeeded and one of what failed; moto alone lists nothing."""
    batch.put("items.json", [{"exit": 0}, {"exit": 3}])
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": BUCKET, "Prefix": "results"}}
    fields = {"ResultWriter": writer, "ToleratedFailureCount": 1}
    machine = batch.machine({"All": distributed_map(batch.task_state(), **fields)})

    def written() -> Json:
        output = json.loads(batch.execute(machine, {"items": "items.json"})["output"])
        return batch.get(output["ResultWriterDetails"]["Key"])["ResultFiles"]

    with aws.mending.lifted("result writer"):
        assert written() == {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    files = written()
    assert [len(files[kind]) for kind in ("SUCCEEDED", "FAILED", "PENDING")] == [1, 1, 0]
    (succeeded,) = batch.get(files["SUCCEEDED"][0]["Key"])
    assert json.loads(succeeded["Input"]) == {"exit": 0}


def test_a_map_with_large_results_fails_whatever_catches(batch: Batch, aws: LocalAws) -> None:
    """More than 256 KiB need ResultWriter; moto alone has no limit."""
    batch.put("items.json", ["x" * 1024] * 300)
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    large = distributed_map({"Type": "Pass", "End": True}, ResultPath=None, Catch=caught)
    machine = batch.machine({"All": large, "Caught": DONE})
    with aws.mending.lifted("large results"):
        assert batch.execute(machine, {"items": "items.json"})["status"] == "SUCCEEDED"
    failed = batch.execute(machine, {"items": "items.json"})
    assert (failed["status"], failed["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_a_stopped_execution_keeps_its_cause_and_stops_its_task(batch: Batch, aws: LocalAws) -> None:
    """ABORTED with the words that were given; moto alone forgets them."""
    aws.fargate.images.add(IMAGE, SLEEPS)
    client = aws.client("stepfunctions")
    machine = batch.machine({"Run": batch.task_state()})

    def stop() -> Json:
        started = client.start_execution(stateMachineArn=machine)["executionArn"]
        eventually(lambda: any(task["lastStatus"] == "RUNNING" for task in batch.tasks))
        client.stop_execution(executionArn=started, error="Cancelled", cause="by hand")
        return aws.ended(started)

    with aws.mending.lifted("stopped executions"):
        assert "cause" not in stop()
    aws.fargate.stop_all()
    stopped = stop()
    assert (stopped["status"], stopped["error"], stopped["cause"]) == ("ABORTED", "Cancelled", "by hand")
    eventually(lambda: all(task["lastStatus"] == "STOPPED" for task in batch.tasks))


def test_a_state_that_times_out_leaves_its_task_running(batch: Batch, aws: LocalAws) -> None:
    """A timeout is not a kill: the worker needs a deadline of its own."""
    aws.fargate.images.add(IMAGE, SLEEPS)
    failed = batch.execute(batch.machine({"Run": batch.task_state(TimeoutSeconds=5)}))
    assert (failed["status"], failed["error"]) == ("FAILED", "States.Timeout")
    eventually(lambda: [task["lastStatus"] for task in batch.tasks] == ["RUNNING"])
