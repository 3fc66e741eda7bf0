"""Tasks on Fargate.

AWS runs a task's command and reports how it ended; refuses sizes that Fargate does not have and revisions that are
INACTIVE (ECS API); and takes the size of the task where its containers name none. moto runs nothing and gives every
task the exit code 0, takes any size and any revision, and fails with HTTP 500 where a container names no memory.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.ecs import models
from moto.ecs.exceptions import EcsClientException, InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend, TaskDefinition
from moto.ecs.responses import EC2ContainerServiceResponse

from tests.aws.fargate import sizes
from tests.aws.fargate.faults import NetworkThrottled, NoCapacity, TaskFault, Throttled
from tests.aws.fargate.task import FargateTask
from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


_THROTTLED = "ThrottlingException"


class _Refused(Exception):  # noqa: N818 - an answer of RunTask, not an error
    """RunTask answers with a failure."""


class _RateExceeded(Exception):  # noqa: N818 - as above
    """RunTask is throttled."""


class _Tasks(dict[str, models.Task]):
    """The tasks of a cluster, which may be looked through while others start: moto's fail with HTTP 500 then."""

    def items(self) -> Any:  # noqa: ANN401 - as a dictionary's
        return self.copy().items()

    def values(self) -> Any:  # noqa: ANN401 - as a dictionary's
        return self.copy().values()


def _replacements(local_aws: LocalAws) -> list[Replacement]:
    run, answer = EC2ContainerServiceBackend.run_task, EC2ContainerServiceResponse.run_task
    fargate = local_aws.fargate

    def run_task(self: EC2ContainerServiceBackend, cluster: str, family: str, *rest: Any, **named: Any) -> list[Any]:  # noqa: ANN401 - as moto's
        definition = self.describe_task_definition(family)
        _check(definition, rest[1] or {})
        self.tasks.setdefault(self._get_cluster(cluster).name, _Tasks())
        tasks = run(self, cluster, family, *rest, **named)
        for task in tasks:
            _spoil(local_aws, task, lambda: _forget(self, tasks))
        for task in tasks:
            fargate.start(self, task, definition)
        return tasks

    def answered(self: EC2ContainerServiceResponse) -> ActionResult | tuple[int, dict[str, str], str]:
        try:
            return answer(self)
        except _RateExceeded:
            body = json.dumps({"__type": _THROTTLED, "message": "Rate exceeded"})
            return 400, {"status": "400", "x-amzn-errortype": _THROTTLED}, body
        except _Refused as refused:
            return ActionResult({"tasks": [], "failures": [{"reason": str(refused)}]})

    def stop_task(self: EC2ContainerServiceBackend, cluster_str: str, task_str: str, reason: str | None) -> Any:  # noqa: ANN401 - as moto's
        found = self.describe_tasks(cluster_str, [task_str])
        if not found:
            raise InvalidParameterException("The referenced task was not found.")
        fargate.stop(found[0].task_arn, reason or "Task stopped by user")
        return found[0]

    return [
        Replacement(models, "Task", FargateTask),
        Replacement(EC2ContainerServiceBackend, "_calculate_task_resource_requirements", staticmethod(lambda _: {})),
        Replacement(EC2ContainerServiceBackend, "run_task", run_task),
        Replacement(EC2ContainerServiceBackend, "stop_task", stop_task),
        Replacement(EC2ContainerServiceResponse, "run_task", answered),
    ]


def _check(definition: TaskDefinition, overrides: dict[str, Any]) -> None:
    if definition.status != "ACTIVE":
        raise EcsClientException("TaskDefinition is inactive")
    cpu, memory = overrides.get("cpu") or definition.cpu, overrides.get("memory") or definition.memory
    if not sizes.exists(cpu, memory):
        raise EcsClientException(f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory.")


def _spoil(local_aws: LocalAws, task: FargateTask, forget: Any) -> None:  # noqa: ANN401 - a callable
    take = local_aws.fargate.take
    error: Exception | None = None
    if take(Throttled, task.provider):
        error = _RateExceeded()
    elif take(NetworkThrottled, task.provider):
        error = InvalidParameterException(
            "Error retrieving subnet information: Request limit exceeded. (ErrorCode: RequestLimitExceeded)"
        )
    else:
        full: TaskFault | None = take(NoCapacity, task.provider)
        if isinstance(full, NoCapacity):
            error = _Refused(full.reason)
    if error:
        forget()
        raise error


def _forget(backend: EC2ContainerServiceBackend, tasks: list[FargateTask]) -> None:
    for task in tasks:
        backend.tasks[task.cluster_name].pop(task.task_arn, None)


MEND = Mend("running tasks", _replacements)
