"""The one module that speaks to Step Functions: whether an execution has ended."""

from __future__ import annotations

from nimbus_runtime.contract.errors import StoreError
from nimbus_runtime.contract.records import Execution


class StepFunctions:
    """Executions of state machines."""

    def running(self, execution: Execution) -> bool:
        """Say whether an execution has not ended; one that is not known any more has."""
        import boto3  # noqa: PLC0415 - a run on one machine needs none of it
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above

        try:
            status: str = boto3.client("stepfunctions").describe_execution(executionArn=execution.id)["status"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in {"ExecutionDoesNotExist", "InvalidArn"}:
                return False
            raise _unknown(execution, str(error.response.get("Error", {}).get("Code"))) from error
        except BotoCoreError as error:
            raise _unknown(execution, type(error).__name__) from error
        return status in {"RUNNING", "PENDING_REDRIVE"}


def _unknown(execution: Execution, got: str) -> StoreError:
    return StoreError(
        "it cannot be told whether the execution that owns this run still goes",
        where=execution.id,
        got=got,
        expected="an answer to states:DescribeExecution",
        remedy="let the task's role call it for this state machine's executions",
    )
