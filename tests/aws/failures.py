"""Errors of a state, as moto's interpreter raises them."""

from __future__ import annotations

from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

_STATES = {kind.to_name(): kind for kind in StatesErrorNameType}


def failure(env: Environment, error: str, cause: str, *, resource: str = "", service: str = "") -> FailureEvent:
    """Say that a state failed, under the name that Retry and Catch compare."""
    details = TaskFailedEventDetails(error=error, cause=cause, resource=resource, resourceType=service)
    return FailureEvent(
        env=env,
        error_name=_name(error),
        event_type=HistoryEventType.TaskFailed,
        event_details=EventDetails(taskFailedEventDetails=details),
    )


def _name(error: str) -> ErrorName:
    if error in _STATES:
        return StatesErrorName(typ=_STATES[error])
    return CustomErrorName(error_name=error)
