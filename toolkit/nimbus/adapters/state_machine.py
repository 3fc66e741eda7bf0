"""A pipeline's state machine by Step Functions: starts executions, says how they are, stops them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from nimbus.adapters.aws import AwsInvalidError, AwsMissingError, Service
from nimbus.executions import State, Status
from nimbus_runtime.contract.records import Execution

_STATES = {
    "RUNNING": State.RUNNING,
    "PENDING_REDRIVE": State.RUNNING,
    "SUCCEEDED": State.SUCCEEDED,
    "FAILED": State.FAILED,
    "TIMED_OUT": State.FAILED,
    "ABORTED": State.CANCELLED,
}
_EVENTS_READ = 200  # from the end of an execution's history: what failed stands there


class StateMachine:
    """The state machine of a pipeline."""

    def __init__(self, arn: str, region: str) -> None:
        """Name it; nothing is called yet."""
        self._arn = arn
        self._service = Service("stepfunctions", region)

    def start(self, name: str, given: dict[str, str]) -> str:
        """Start an execution and return its ARN; the same name and input start it once."""
        answer = self._service.call(
            "start_execution", stateMachineArn=self._arn, name=name, input=json.dumps(given, sort_keys=True)
        )
        return str(answer["executionArn"])

    def status(self, run: str, attempt: int, execution: Execution) -> Status:
        """Return how the execution of a run's attempt is."""
        del run, attempt
        return self.described(execution.id)

    def described(self, arn: str) -> Status:
        """Return how an execution is."""
        try:
            found = self._service.call("describe_execution", executionArn=arn)
        except (AwsMissingError, AwsInvalidError):  # one of a machine, such as after a folder moved to a bucket
            return Status(arn, State.GONE)
        state = _STATES[found["status"]]
        error = self._failure(arn) or found.get("error") if state is State.FAILED else found.get("cause")
        return _status(found, arn, state, error)

    def pending(self, limit: int) -> list[Status]:
        """Return the latest executions, the newest first; some have not planned their run yet."""
        found = self._service.pages("list_executions", "executions", stateMachineArn=self._arn)
        return [_status(one, one["executionArn"], _STATES[one["status"]], None) for one in islice(found, limit)]

    def stop(self, execution: Execution, reason: str) -> None:
        """Stop an execution, and with it the tasks that it waits for."""
        self._service.call("stop_execution", executionArn=execution.id, error="Nimbus.Cancelled", cause=reason)

    def _failure(self, execution: str) -> str | None:
        """Return what failed last before the execution gave up, None where its history does not say."""
        events = self._service.pages(
            "get_execution_history", "events", executionArn=execution, reverseOrder=True, includeExecutionData=True
        )
        for event in islice(events, _EVENTS_READ):
            for details in ("taskFailedEventDetails", "taskTimedOutEventDetails", "mapRunFailedEventDetails"):
                if details in event:
                    return _in_words(event[details])
        return None


def _in_words(details: dict[str, Any]) -> str:
    """Return an error's name, and how the task stopped; a cause may quote more than should be shown."""
    name = str(details.get("error", "an error without a name"))
    try:
        task = json.loads(details.get("cause", ""))
        container = (task.get("Containers") or [{}])[0]
    except (ValueError, AttributeError):
        return name
    parts = [str(task[key]) for key in ("StopCode", "StoppedReason") if task.get(key)]
    if "ExitCode" in container:
        parts.append(f"exit code {container['ExitCode']}")
    return f"{name}: {', '.join(parts)}" if parts else name


def _status(found: dict[str, Any], execution: str, state: State, error: str | None) -> Status:
    return Status(execution, state, _iso(found.get("startDate")), _iso(found.get("stopDate")), error)


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
