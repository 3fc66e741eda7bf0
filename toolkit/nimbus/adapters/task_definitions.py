"""Task definitions that deploying registered, by ECS: Terraform does not know them."""

from __future__ import annotations

from nimbus.adapters.aws import Service


class TaskDefinitions:
    """The family of a pipeline's released task definitions."""

    def __init__(self, family: str, region: str) -> None:
        """Name it; nothing is called yet."""
        self._family = family
        self._service = Service("ecs", region)

    def deregister_all(self) -> int:
        """Deregister every active one; return how many."""
        arns = list(
            self._service.pages(
                "list_task_definitions", "taskDefinitionArns", familyPrefix=self._family, status="ACTIVE"
            )
        )
        for arn in arns:
            self._service.call("deregister_task_definition", taskDefinition=arn)
        return len(arns)
