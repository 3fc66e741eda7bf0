"""Events of executions.

AWS tells EventBridge's default bus of every change of an execution's status, whatever the machine's logging says
(step-functions-developer-guide#69). moto tells nobody.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from moto.events.models import events_backends
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


def _replacements(_: LocalAws) -> list[Replacement]:
    start, terminated = Execution.start, BaseExecutionWorkerCommunication.terminated

    def started(self: Execution) -> None:
        start(self)
        _tell(self, "RUNNING")

    def ended(self: BaseExecutionWorkerCommunication) -> None:
        terminated(self)
        _tell(self.execution, self.execution.status)

    return [
        Replacement(Execution, "start", started),
        Replacement(BaseExecutionWorkerCommunication, "terminated", ended),
    ]


def _tell(execution: Execution, status: str) -> None:
    detail = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": status,
        "startDate": _milliseconds(execution.start_date),
        "stopDate": _milliseconds(execution.stop_date) if status != "RUNNING" else None,
        "input": execution.execution_input,
        "output": json.dumps(execution.output) if status == "SUCCEEDED" else None,
        "error": execution.error,
        "cause": execution.cause,
    }
    event = {
        "Source": "aws.states",
        "DetailType": "Step Functions Execution Status Change",
        "Resources": [execution.exec_arn],
        "Detail": json.dumps(detail),
    }
    events_backends[execution.account_id][execution.region_name].put_events([event])


def _milliseconds(instant: datetime | None) -> int | None:
    return int(instant.timestamp() * 1000) if instant else None


MEND = Mend("status events", _replacements)
