"""A task that only its agent moves through its life."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from moto.core.utils import utcnow
from moto.ecs.models import Container, Task, TaskDefinition


class FargateTask(Task):
    """moto's task, without moto's clockwork, and with what DescribeTasks says of tasks on Fargate."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - as moto's
        """Begin as PROVISIONING."""
        definition: TaskDefinition = named["task_definition"]
        super().__init__(*arguments, **named)
        self._status = "PROVISIONING"
        self.created_at: datetime | None = utcnow()
        self.started_at: datetime | None = None
        self.stopping_at: datetime | None = None
        self.stopped_at: datetime | None = None
        self.stop_code: str | None = None
        self.stopped_reason: str | None = None  # type: ignore[assignment]
        self.launch_type = "FARGATE"
        self.platform_version = self.platform_version or "1.4.0"
        self.cpu = self.overrides.get("cpu") or definition.cpu
        self.memory = self.overrides.get("memory") or definition.memory
        self.containers = [self._container(definition, settings) for settings in definition.container_definitions]

    @property
    def status(self) -> str:
        """PROVISIONING, PENDING, RUNNING, DEPROVISIONING, STOPPED, as the agent left it."""
        return str(self._status)

    @status.setter
    def status(self, value: str) -> None:
        self._status = value

    def advance(self) -> None:
        """Do nothing: being described does not move a task."""

    @property
    def provider(self) -> str:
        """What its capacity comes from."""
        return self.capacity_provider_name or "FARGATE"

    def _container(self, definition: TaskDefinition, settings: dict[str, Any]) -> Container:
        container = Container(definition)
        container.container_arn = self.task_arn.replace(":task/", ":container/") + f"/{settings['name']}"
        container.task_arn = self.task_arn
        container.name, container.image = settings["name"], settings["image"]
        container.exitCode = None  # type: ignore[assignment]
        container.health_status = "UNKNOWN"
        return container
