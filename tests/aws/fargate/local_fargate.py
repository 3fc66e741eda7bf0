"""All tasks of the local AWS."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from moto.ecs.models import EC2ContainerServiceBackend, TaskDefinition

from tests.aws.fargate.agent import Agent
from tests.aws.fargate.faults import FailsToStart, GivenUp, Interrupted, NeverStarts, TaskFault
from tests.aws.fargate.images import Images
from tests.aws.fargate.metadata import PATH
from tests.aws.fargate.task import FargateTask

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

CONCURRENT_TASKS = 4
_LATE_FAULTS = FailsToStart, GivenUp, Interrupted, NeverStarts
"""What goes wrong after RunTask has answered."""


class LocalFargate:
    """Runs tasks as processes of this machine, a bounded number at once, and leaves none behind."""

    def __init__(self, local_aws: LocalAws) -> None:
        """Run nothing yet."""
        self.images = Images()
        self._local_aws = local_aws
        self._agents: dict[str, tuple[Agent, threading.Thread]] = {}
        self.limit(CONCURRENT_TASKS)

    def limit(self, concurrent_tasks: int) -> None:
        """Run at most so many of the tasks at once that start from now on."""
        self._slots = threading.Semaphore(concurrent_tasks)

    def start(self, backend: EC2ContainerServiceBackend, task: FargateTask, definition: TaskDefinition) -> None:
        """Begin the life of a task."""
        fault = next(filter(None, (self.take(kind, task.provider) for kind in _LATE_FAULTS)), None)
        agent = Agent(
            task=task,
            definition=definition,
            images=self.images,
            slots=self._slots,
            environment=self._environment(task, definition, backend.region_name),
            account=backend.account_id,
            region=backend.region_name,
            fault=fault,
        )
        thread = threading.Thread(target=agent.run, name=f"task-{task.id}", daemon=True)
        self._agents[task.id] = agent, thread
        thread.start()

    def take(self, kind: type[TaskFault], provider: str) -> TaskFault | None:
        """Return the next fault of a kind that concerns tasks of this capacity provider."""
        return self._local_aws.faults.take(kind, lambda fault: fault.provider in (None, provider))

    def stop(self, task: str, reason: str) -> None:
        """Do what StopTask does; nothing where the task has ended."""
        self._agents[task.rpartition("/")[2]][0].stop("UserInitiated", reason)

    def interrupt(self, task: str) -> None:
        """Interrupt a task, by its ARN or id, as Spot does."""
        self._agents[task.rpartition("/")[2]][0].interrupt()

    def wait(self, task: str, timeout_seconds: float = 240) -> FargateTask:
        """Return the task once it has stopped."""
        agent, thread = self._agents[task.rpartition("/")[2]]
        thread.join(timeout_seconds)
        if thread.is_alive():
            raise TimeoutError(f"task {task} still runs after {timeout_seconds} s")
        return agent.task

    def find(self, task: str) -> Agent | None:
        """Return the agent of a task, by the task's ARN or id."""
        return self._agents.get(task.rpartition("/")[2], (None, None))[0]

    def is_given_up(self, task: str) -> bool:
        """Say whether whoever waits for a running task is to wait no longer."""
        agent = self.find(task)
        return agent is not None and isinstance(agent.fault, GivenUp) and agent.task.status == "RUNNING"

    def stop_all(self) -> None:
        """Kill what runs, and wait until nothing is left."""
        agents, self._agents = self._agents, {}
        for agent, _ in agents.values():
            if agent.task.stopped_at is None:
                agent.kill()
        for _, thread in agents.values():
            thread.join()

    def _environment(self, task: FargateTask, definition: TaskDefinition, region: str) -> dict[str, str]:
        role = task.overrides.get("taskRoleArn") or getattr(definition, "task_role_arn", "")
        return {
            **self._local_aws.environment(role=role, region=region),
            "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
            "ECS_CONTAINER_METADATA_URI_V4": f"{self._local_aws.url}{PATH}{task.id}",
        }
