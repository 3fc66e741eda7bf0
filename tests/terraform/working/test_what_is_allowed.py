"""What roles may do is what they do: every call on the local AWS is allowed, and whatever is allowed is called.

AWS itself needs more than the local one ever asks for. `NEVER_CALLED` lists that, each with its reason.
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from nimbus.releases.checks import permissions
from tests.aws.recorder import Call
from tests.aws.scheduler.faults import DeliveryRefused
from tests.faults import bundles
from tests.faults.command import wait_until

from . import policies
from .conftest import deployed
from .example import Example
from .pipeline import MIDNIGHT, Pipeline

_KMS = "S3 and SNS ask the key in the caller's name; moto's services ask nobody"
_LOGS = "Step Functions checks it when a machine is created, and delivers logs with it; moto logs nowhere"
_PULL = "Fargate pulls and logs in this role's name; the local one starts programs and writes the log itself"
_PASSED = "a permission that RunTask is checked for, and no call"
_RULE = "how Step Functions hears that a task of .sync ended; moto's asks again and again"
_MAP = "Step Functions starts and stops a map's children in the machine's name; moto's are threads of the parent"
_TAGS = "a permission that tags passed on to tasks are checked for, and no call"
_LARGE = "a file of more than one part; boto3's put_object sends one"
NEVER_CALLED = {
    "task": {
        "kms:Decrypt": _KMS,
        "kms:GenerateDataKey": _KMS,
        "s3:AbortMultipartUpload": _LARGE,
        "s3:ListMultipartUploadParts": _LARGE,
    },
    "execution": {
        "ecr:BatchCheckLayerAvailability": _PULL,
        "ecr:BatchGetImage": _PULL,
        "ecr:GetAuthorizationToken": _PULL,
        "ecr:GetDownloadUrlForLayer": _PULL,
        "logs:CreateLogStream": _PULL,
        "logs:PutLogEvents": _PULL,
    },
    "machine": {
        "ecs:TagResource": _TAGS,
        "events:DescribeRule": _RULE,
        "events:PutRule": _RULE,
        "events:PutTargets": _RULE,
        "iam:PassRole": _PASSED,
        "kms:Decrypt": _KMS,
        "kms:GenerateDataKey": _KMS,
        "logs:CreateLogDelivery": _LOGS,
        "logs:DeleteLogDelivery": _LOGS,
        "logs:DescribeLogGroups": _LOGS,
        "logs:DescribeResourcePolicies": _LOGS,
        "logs:GetLogDelivery": _LOGS,
        "logs:ListLogDeliveries": _LOGS,
        "logs:PutResourcePolicy": _LOGS,
        "logs:UpdateLogDelivery": _LOGS,
        "s3:AbortMultipartUpload": "the map's results in parts; moto writes them in one",
        "s3:ListBucket": "what S3 tells a missing object from a forbidden one by, and no call of a machine",
        "s3:ListMultipartUploadParts": "as s3:AbortMultipartUpload",
        "states:DescribeExecution": _MAP,
        "states:RedriveExecution": "a redrive of a failed run starts the map's children again; moto has no redrive",
        "states:StartExecution": _MAP,
        "states:StopExecution": _MAP,
    },
    "schedule": {},
    "watch": {
        "kms:Decrypt": _KMS,
        "kms:GenerateDataKey": _KMS,
        "logs:CreateLogDelivery": _LOGS,
        "logs:DeleteLogDelivery": _LOGS,
        "logs:DescribeLogGroups": _LOGS,
        "logs:DescribeResourcePolicies": _LOGS,
        "logs:GetLogDelivery": _LOGS,
        "logs:ListLogDeliveries": _LOGS,
        "logs:PutResourcePolicy": _LOGS,
        "logs:UpdateLogDelivery": _LOGS,
    },
    "watch-start": {},
}
HELD = 'if [ "$1" = score ]; then exec sleep 600; fi'


@pytest.fixture(scope="module")
def calls(minimal: Example, plain: bundles.Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[Call]]:
    """Return the calls of each role, once every state that calls something was reached."""
    aws = minimal.aws
    pipeline = Pipeline(aws, minimal.output("environment"), tmp_path_factory.mktemp("in"), plain)
    with pytest.MonkeyPatch.context() as patch, deployed(pipeline, patch):
        _walk(pipeline)
        found: dict[str, set[Call]] = {}
        for call in aws.recorder.calls():
            found.setdefault(call.caller or "", set()).add(call)
    return {name: found.get(_arn(minimal, name), set()) for name in NEVER_CALLED}


def _walk(pipeline: Pipeline) -> None:
    """Fire the schedules; publish; fail with a notice; stop a run; let deliveries end as dead letters."""
    aws, client = pipeline.aws, pipeline.aws.client("stepfunctions")
    aws.pause = 0.0001  # so that the watch looks before anything is published, and tells of it
    pipeline.image(NIMBUS_ALONE_SECONDS="0", NIMBUS_BATCH_SECONDS="0.000000001")
    assert [ended["status"] for ended in pipeline.fire()] == ["SUCCEEDED"]
    aws.clock.now = MIDNIGHT + timedelta(days=1, hours=1, minutes=59)
    aws.faults.add(DeliveryRefused(), times=12)  # four attempts each: run, watch, one of the other example
    group = str(pipeline.outputs["schedule"]).partition("/")[0]
    deliveries = [each for each in aws.clock.advance(timedelta(minutes=2)) if f"/{group}/" in each.schedule]
    assert [delivery.dead for delivery in deliveries] == [True, True]
    aws.faults.clear()
    pipeline.image(HELD, NIMBUS_ALONE_SECONDS="0")
    asked = {"kind": "scheduled", "scheduled_time": "2026-11-25T02:00:00Z"}
    held = pipeline.begin(**asked)
    history = client.get_execution_history
    wait_until(lambda: any("MapRunStarted" in each["type"] for each in history(executionArn=held)["events"]), "it maps")
    # Another delivery of the same run asks whether the owner of its claim still goes.
    assert json.loads(pipeline.start(**asked)["output"])["outcome"] == "duplicate"
    client.stop_execution(executionArn=held)
    pipeline.ended(held)
    pipeline.image()
    assert pipeline.start(release="unknown")["status"] == "FAILED"
    machine = f"{pipeline.outputs['state_machine']}-watch"
    missing = client.start_execution(stateMachineArn=machine, input='{"scheduled_time": "2027-01-01T02:00:00Z"}')
    assert pipeline.ended(missing["executionArn"])["status"] == "FAILED"


def _arn(example: Example, name: str) -> str:
    environment = example.output("environment")
    return str(environment["task_role"]).removesuffix("-task") + f"-{name}"


@pytest.mark.parametrize("role", NEVER_CALLED)
def test_every_call_of_a_role_is_allowed(role: str, calls: dict[str, set[Call]], minimal: Example) -> None:
    """Action, resource and condition: AWS would have refused anything else."""
    allowed = policies.of_role(minimal.aws, _arn(minimal, role).rpartition("/")[2])
    assert [call for call in calls[role] if not allowed.allows(call)] == []
    assert calls[role] or role == "execution"


@pytest.mark.parametrize("role", NEVER_CALLED)
def test_whatever_a_role_may_do_it_does(role: str, calls: dict[str, set[Call]], minimal: Example) -> None:
    """What it never does here is listed with the reason why AWS needs it, and nothing else is listed."""
    allowed = policies.of_role(minimal.aws, _arn(minimal, role).rpartition("/")[2])
    assert allowed.actions - {call.action for call in calls[role]} == set(NEVER_CALLED[role])


def test_a_preflight_asks_for_whatever_a_worker_calls(calls: dict[str, set[Call]]) -> None:
    """Of the role that tasks have."""
    places = permissions.Places("arn:aws:s3:::b/p", *("arn:x" for _ in range(5)))
    asked = {action for need in permissions.workers(places, ["s3://in/"]) for action in need.actions}
    assert {call.action for call in calls["task"]} <= asked
