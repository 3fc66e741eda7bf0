"""What a preflight asks of an environment on AWS, of one service after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nimbus.adapters import callers, ecr
from nimbus.adapters.aws import Service
from nimbus.adapters.ecs import TaskDefinitions
from nimbus.adapters.iam import Roles
from nimbus.adapters.quotas import FargateQuotas
from nimbus.adapters.scheduler import DeployedSchedule
from nimbus.adapters.secrets import Secrets


@dataclass(frozen=True, slots=True)
class AwsCloud:
    """An environment, by the names that Terraform's outputs have."""

    root: str
    region: str
    repository: str
    definitions: TaskDefinitions
    task_role: str
    execution_role: str
    state_machine: str
    deployed_schedule: str
    release_family: str
    log_group: str

    @property
    def roles(self) -> dict[str, str]:
        """Return the ARNs of the roles that tasks run as and start by, by their names."""
        return {"task": self.task_role, "execution": self.execution_role}

    def caller(self) -> tuple[str, datetime | None]:
        """Return who calls, by ARN, and what time it is at AWS."""
        return callers.caller_and_time(self.region)

    @property
    def arns(self) -> dict[str, str]:
        """Return the ARNs of what it consists of, one of many where there are many; empty for what is not of AWS."""
        _, partition, _, _, account, _ = self.task_role.split(":", 5)
        own = f"{self.region}:{account}"
        return {
            "root": f"arn:{partition}:s3:::{self.root.removeprefix('s3://')}",
            "repository": ecr.arn(self.repository, partition) or "",
            "definition": f"arn:{partition}:ecs:{own}:task-definition/{self.release_family}:1",
            "machine": self.state_machine,
            "execution": f"{self.state_machine.replace(':stateMachine:', ':execution:')}:run",
            "log_stream": f"arn:{partition}:logs:{own}:log-group:{self.log_group}:log-stream:run/worker",
        }

    def denied(self, caller: str, actions: Sequence[str], resource: str, context: Mapping[str, str]) -> list[str]:
        """Return those of the actions on a resource that a caller would be denied."""
        return Roles(self.region).denied(caller, actions, resource, context)

    def secrets(self) -> dict[str, str]:
        """Return what the secrets of tasks refer to, by the names of their variables."""
        return self.definitions.secrets()

    def secret(self, reference: str) -> tuple[str, str]:
        """Return (action that reads it, ARN) of a secret; AwsError where there is none."""
        return Secrets(self.region).find(reference)

    def trusted(self, role: str) -> tuple[str, ...]:
        """Return the services that may take a role."""
        return Roles(self.region).trusted(role)

    def cpus(self, *, spot: bool) -> float:
        """Return how many vCPUs of tasks the account may run at once, on Spot or on demand."""
        return FargateQuotas(self.region).cpus(spot=spot)

    def machine(self) -> str:
        """Return the status of the state machine."""
        service = Service("stepfunctions", self.region)
        return str(service.call("describe_state_machine", stateMachineArn=self.state_machine)["status"])

    def schedule(self) -> tuple[str, str]:
        """Return when runs are due, as it is deployed: an expression and a time zone."""
        return DeployedSchedule(self.deployed_schedule, self.region).expression()
