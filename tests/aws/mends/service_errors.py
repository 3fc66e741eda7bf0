"""Names of errors that a service answers a state machine with.

AWS prefixes an error with the service's own spelling: `S3.NoSuchKeyException` from an SDK integration, and from ECS
`ECS.InvalidParameterException`, or `ECS.AmazonECSException` for what its API does not list, such as throttling. A
RunTask with failures in its answer is `AmazonECS.Unknown` (neuron_morphology#151, construct-hub#415, connect-ecs).
moto calls them `s3.NoSuchKeyException`, and everything of ECS `States.Runtime`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_ecs,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceRuntimePart
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_ecs import (
    StateTaskServiceEcs,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment

from tests.aws.failures import failure
from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_SPELLINGS = {"cloudwatch": "CloudWatch", "ecs": "Ecs", "s3": "S3", "sns": "Sns", "sqs": "Sqs"}


@cache
def _listed() -> frozenset[str]:
    model = botocore.session.get_session().get_service_model("ecs")
    return frozenset(shape.name for shape in model.operation_model("RunTask").error_shapes)


def _replacements(_: LocalAws) -> list[Replacement]:
    from_error, evaluate = StateTaskServiceEcs._from_error, StateTaskServiceEcs._eval_service_task  # noqa: SLF001 - moto's
    spellings = {**state_task_service_aws_sdk._SERVICE_ERROR_NAMES, **_SPELLINGS}  # noqa: SLF001 - moto's

    def _from_error(self: StateTaskServiceEcs, env: Environment, ex: Exception) -> FailureEvent:
        if not isinstance(ex, ClientError):
            return from_error(self, env, ex)
        code, answer = ex.response["Error"]["Code"], ex.response["ResponseMetadata"]
        name = code if code in _listed() else "AmazonECSException"
        cause = (
            f"{ex.response['Error']['Message']} (Service: AmazonECS; Status Code: {answer['HTTPStatusCode']}; "
            f"Error Code: {code}; Request ID: {answer.get('RequestId')}; Proxy: null)"
        )
        return failure(env, f"ECS.{name}", cause, resource=self._get_sfn_resource(), service="ecs")

    def _eval_service_task(
        self: StateTaskServiceEcs,
        env: Environment,
        resource_runtime_part: ResourceRuntimePart,
        normalised_parameters: dict[str, Any],
        state_credentials: StateCredentials,
    ) -> None:
        if self._get_boto_service_action() != "run_task":
            evaluate(self, env, resource_runtime_part, normalised_parameters, state_credentials)
            return
        client = state_task_service_ecs.boto_client_for(resource_runtime_part.region, "ecs", state_credentials)
        answer = client.run_task(**normalised_parameters)
        if answer["failures"]:
            reason = answer["failures"][0].get("reason", "")
            raise FailureEventException(failure(env, "AmazonECS.Unknown", reason, resource="runTask", service="ecs"))
        answer.pop("ResponseMetadata")
        self._normalise_response(answer, service_action_name="run_task")
        env.stack.append(answer)

    return [
        Replacement(state_task_service_aws_sdk, "_SERVICE_ERROR_NAMES", spellings),
        Replacement(StateTaskServiceEcs, "_from_error", _from_error),
        Replacement(StateTaskServiceEcs, "_eval_service_task", _eval_service_task),
    ]


MEND = Mend("service errors", _replacements)
