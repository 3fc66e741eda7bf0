"""One invocation of a schedule's target: attempts, and the dead-letter queue after the last."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.scheduler.models import Schedule as MotoSchedule

from tests.aws.scheduler.faults import DeliveryRefused

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_UNIVERSAL = ":scheduler:::aws-sdk:"
_SERVICES = {"sfn": "stepfunctions", "cloudwatchlogs": "logs"}


@dataclass(frozen=True)
class Delivery:
    """How an invocation ended."""

    schedule: str
    """ARN."""
    scheduled: datetime
    execution: str | None
    """ARN of the execution that it started; None where none was started."""
    attempts: int
    dead: bool
    """Whether it ended in the dead-letter queue, or nowhere for want of one."""


def invoke(local_aws: LocalAws, schedule: MotoSchedule, scheduled: datetime) -> Delivery:
    """Try as often as the schedule's retry policy says, without the pauses in between."""
    allowed = 1 + int(schedule.target.get("RetryPolicy", {}).get("MaximumRetryAttempts", 185))
    for attempt in range(1, allowed + 1):
        execution = str(uuid.uuid4())
        payload = _filled(schedule, scheduled, execution, attempt)
        try:
            _refuse(local_aws.faults.take(DeliveryRefused))
            started = _deliver(local_aws, schedule.target, payload, execution)
        except ClientError as error:
            if attempt == allowed:
                _bury(local_aws, schedule, scheduled, payload, execution, attempt - 1, error)
            continue
        return Delivery(schedule.arn, scheduled, started, attempt, dead=False)
    return Delivery(schedule.arn, scheduled, None, allowed, dead=True)


def _refuse(fault: DeliveryRefused | None) -> None:
    if fault:
        raise ClientError({"Error": {"Code": fault.code, "Message": fault.message}}, "Invoke")


def written(instant: datetime) -> str:
    """As Scheduler writes times."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _filled(schedule: MotoSchedule, scheduled: datetime, execution: str, attempt: int) -> str:
    text = schedule.target.get("Input") or "{}"
    for name, value in {
        "schedule-arn": schedule.arn,
        "scheduled-time": written(scheduled),
        "execution-id": execution,
        "attempt-number": str(attempt),
    }.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return str(text)


def _deliver(local_aws: LocalAws, target: dict[str, Any], payload: str, execution: str) -> str | None:
    arn, role = target["Arn"], target["RoleArn"]
    if _UNIVERSAL in arn:
        service, action = arn.partition(_UNIVERSAL)[2].split(":")
        answer = _call(local_aws, _SERVICES.get(service, service), action, json.loads(payload), role)
        return answer.get("executionArn")
    if ":states:" in arn:
        client = local_aws.client("stepfunctions", role=role)
        return str(client.start_execution(stateMachineArn=arn, name=execution, input=payload)["executionArn"])
    if ":sqs:" in arn:
        _send(local_aws, arn, payload, {}, role)
        return None
    raise NotImplementedError(f"the local scheduler has no target {arn!r}: a state machine, a queue or aws-sdk")


def _call(local_aws: LocalAws, service: str, action: str, fields: dict[str, Any], role: str) -> dict[str, Any]:
    client = local_aws.client(service, role=role)
    model = client.meta.service_model
    name = next(name for name in model.operation_names if name.lower() == action.lower())
    members = {member.lower(): member for member in model.operation_model(name).input_shape.members}
    method = next(method for method, operation in client.meta.method_to_api_mapping.items() if operation == name)
    answer: dict[str, Any] = getattr(client, method)(**{members[key.lower()]: value for key, value in fields.items()})
    return answer


def _bury(
    local_aws: LocalAws,
    schedule: MotoSchedule,
    scheduled: datetime,
    payload: str,
    execution: str,
    retries: int,
    error: ClientError,
) -> None:
    queue = (schedule.target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue:
        return
    attributes = {
        "ERROR_CODE": error.response["Error"]["Code"],
        "ERROR_MESSAGE": error.response["Error"]["Message"],
        "EXECUTION_ID": execution,
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": str(retries),
        "SCHEDULED_TIME": written(scheduled),
        "SCHEDULE_ARN": schedule.arn,
        "TARGET_ARN": schedule.target["Arn"],
    }
    _send(local_aws, queue, payload, attributes, schedule.target["RoleArn"])


def _send(local_aws: LocalAws, queue: str, body: str, attributes: dict[str, str], role: str) -> None:
    client = local_aws.client("sqs", role=role)
    url = local_aws.client("sqs").get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"]  # AWS knows it
    typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=typed)
