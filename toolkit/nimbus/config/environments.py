"""Where a pipeline runs: in a folder of this machine, or on AWS as Terraform made it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from nimbus.config.keys import Key


class Kind(StrEnum):
    """What runs a pipeline's tasks and keeps its records."""

    LOCAL = "local"  # processes, and a folder
    AWS = "aws"  # Fargate and Step Functions, and a bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What Terraform says of an environment on AWS; none of it changes with a release."""

    region: Annotated[str, Key("Region.", pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$", says="a code such as eu-west-1")]
    root: Annotated[str, Key("Where records and datasets lie.", pattern=r"^s3://.+", says="s3://bucket/pipeline")]
    repository: Annotated[str, Key("Repository of images.")]
    cluster: Annotated[str, Key("ARN of the ECS cluster.")]
    container: Annotated[str, Key("Name of the worker's container.")]
    task_template: Annotated[str, Key("Family of the task definition that releases copy.")]
    release_family: Annotated[str, Key("Family of the task definitions that deploying registers.")]
    task_role: Annotated[str, Key("ARN of the worker's role.")]
    execution_role: Annotated[str, Key("ARN of the role that starts workers.")]
    state_machine: Annotated[str, Key("ARN of a run's state machine.")]
    schedule: Annotated[str, Key("Group and name of the schedule.")]
    log_group: Annotated[str, Key("Log group of the workers.")]
    architecture: Annotated[str, Key("Processor family of the tasks.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """An environment as `nimbus.toml` describes it.

    On AWS, `terraform` names the folder whose outputs say the rest, or they stand in the file.
    """

    kind: Annotated[Kind, Key("What runs the tasks: processes of this machine, or AWS.")] = Kind.LOCAL
    protected: Annotated[bool, Key("Whether a change of what is live asks for the environment's name first.")] = False
    root: Annotated[str | None, Key("Of a local one: the folder of its records and datasets.", nonempty=True)] = None
    terraform: Annotated[
        str | None, Key("On AWS: the folder of Terraform's root configuration; infra/NAME without.", nonempty=True)
    ] = None
    outputs: Annotated[
        Outputs | None, Key("On AWS: what `terraform output -raw nimbus_toml` prints, for who has no Terraform.")
    ] = None

    def __post_init__(self) -> None:
        """Refuse what belongs to the other kind."""
        if self.kind is Kind.LOCAL and (self.terraform or self.outputs):
            raise ValueError('terraform and outputs are of an environment with kind = "aws"')
        if self.kind is Kind.AWS and self.root:
            raise ValueError("root on AWS is the one that Terraform made: leave it out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """An environment that can be opened: `root` is an absolute folder, or s3://bucket/prefix.

    `outputs` are None in a local one.
    """

    name: str
    kind: Kind
    root: str
    protected: bool = False
    region: str | None = None
    outputs: Outputs | None = None
