"""The outcome of `ecs:runTask.sync`.

AWS ends the state well where every container exited 0, with the task itself as result (localstack's recorded
histories); otherwise it fails with States.TaskFailed and the task as JSON for its cause, without an ExitCode where the
task never started (retryable-ecs-run-task-step-functions). A timeout of the state leaves the task running; stopping the
execution, or failing the map that the state is part of, stops it too, as best as it can (connect-to-resource).
moto takes any stopped task for a success and stops none.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_ecs
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceRuntimePart
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_ecs import (
    StateTaskServiceEcs,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped

from tests.aws.failures import failure
from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_POLL_SECONDS = 0.1


class _Watch:
    """One task that a state waits for."""

    def __init__(self, task: dict[str, Any], client: Any) -> None:  # noqa: ANN401 - boto3's
        self.arn, self._cluster = task["TaskArn"], task["ClusterArn"]
        self._client = client

    def stopped(self) -> dict[str, Any] | None:
        """Return the answer of DescribeTasks once the task has stopped."""
        answer = self._client.describe_tasks(cluster=self._cluster, tasks=[self.arn])
        return answer if answer["tasks"][0]["lastStatus"] == "STOPPED" else None

    def stop(self) -> None:
        """Stop the task as well, where its execution was stopped."""
        self._client.stop_task(cluster=self._cluster, task=self.arn, reason="Execution stopped")


def _resolver(local_aws: LocalAws) -> Callable[..., Callable[[], Any]]:
    def build(
        self: StateTaskServiceEcs,
        env: Environment,
        resource_runtime_part: ResourceRuntimePart,
        normalised_parameters: dict[str, Any],  # noqa: ARG001 - as moto calls it
        state_credentials: StateCredentials,
    ) -> Callable[[], Any]:
        client = state_task_service_ecs.boto_client_for(resource_runtime_part.region, "ecs", state_credentials)
        watch = _Watch(env.stack.pop()["Tasks"][0], client)

        def resolve() -> dict[str, Any] | None:
            while env.is_running():
                answer = watch.stopped()
                if answer is not None:
                    return _outcome(self, env, answer)
                if local_aws.fargate.is_given_up(watch.arn):
                    raise EvalTimeoutError
                time.sleep(_POLL_SECONDS)
            if isinstance(env.program_state(), ProgramStopped):
                watch.stop()
            return None

        return resolve

    return build


def _outcome(self: StateTaskServiceEcs, env: Environment, answer: dict[str, Any]) -> dict[str, Any]:
    self._normalise_response(answer, service_action_name="describe_tasks")
    task: dict[str, Any] = answer["Tasks"][0]
    if all(container.get("ExitCode") == 0 for container in task["Containers"]):
        return task
    raise FailureEventException(
        failure(env, "States.TaskFailed", json.dumps(task), resource="runTask.sync", service="ecs")
    )


def _replacements(local_aws: LocalAws) -> list[Replacement]:
    return [Replacement(StateTaskServiceEcs, "_build_sync_resolver", _resolver(local_aws))]


MEND = Mend("exit codes", _replacements)
