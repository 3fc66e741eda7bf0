"""StopExecution.

AWS ends the execution as ABORTED with the error and the cause that were given, and says when (Step Functions API). moto
drops both, and fails with HTTP 500 where the execution has only just started.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.stepfunctions.responses import StepFunctionResponse

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_START_SECONDS = 60


def _stop(self: StepFunctionResponse) -> ActionResult:
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    deadline = time.monotonic() + _START_SECONDS
    while (execution.exec_worker.env is None or execution.exec_worker.env.program_state() is None) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.01)
    if execution.status == "RUNNING":
        execution.error, execution.cause = self._get_param("error"), self._get_param("cause")
        execution.stop(stop_date=utcnow(), error=execution.error, cause=execution.cause)
        while execution.status == "RUNNING" and time.monotonic() < deadline:
            time.sleep(0.01)
    return ActionResult({"stopDate": execution.stop_date or utcnow()})


def _replacements(_: LocalAws) -> list[Replacement]:
    return [Replacement(StepFunctionResponse, "stop_execution", _stop)]


MEND = Mend("stopped executions", _replacements)
