"""Names of parameters and results in service integrations.

AWS takes parameters in Pascal case whatever the API's own case is, and gives results in it: `TaskArn`, not `taskArn`
(Step Functions guide, integrate services); times of a task of ECS are milliseconds, elsewhere they are text. moto has
both conversions and never calls them, so that `ecs:runTask.sync` dies of a missing `Cluster`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.model import Shape
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


@cache
def _shapes(service: str, action: str) -> tuple[Shape | None, Shape | None]:
    model = botocore.session.get_session().get_service_model(service)
    wanted = action.replace("_", "").lower()
    operation = model.operation_model(next(name for name in model.operation_names if name.lower() == wanted))
    return operation.input_shape, operation.output_shape


def _of(task: StateTaskService, service: str | None, action: str | None) -> tuple[Shape | None, Shape | None]:
    return _shapes(task._get_boto_service_name(service), task._get_boto_service_action(action))  # noqa: SLF001 - moto's


def _parameters(
    self: StateTaskService,
    parameters: dict,
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    shape, _ = _of(self, boto_service_name, service_action_name)
    if shape is not None:
        self._to_boto_request(parameters, shape)


def _response(
    self: StateTaskService,
    response: Any,  # noqa: ANN401 - JSON
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    _, shape = _of(self, boto_service_name, service_action_name)
    if shape is not None and isinstance(response, dict):
        self._from_boto_response(response, shape)
        milliseconds = self._get_boto_service_name(boto_service_name) == "ecs"
        response.update({name: _plain(value, milliseconds=milliseconds) for name, value in response.items()})


def _plain(value: Any, *, milliseconds: bool) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {name: _plain(inner, milliseconds=milliseconds) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, milliseconds=milliseconds) for inner in value]
    if isinstance(value, datetime):
        at = value.astimezone(UTC)
        return int(at.timestamp() * 1000) if milliseconds else at.isoformat().replace("+00:00", "Z")
    return value


def _replacements(_: LocalAws) -> list[Replacement]:
    return [
        Replacement(StateTaskService, "_normalise_parameters", _parameters),
        Replacement(StateTaskService, "_normalise_response", _response),
    ]


MEND = Mend("casing", _replacements)
