"""Infrastructure of environments on AWS: Terraform in the environment's folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nimbus.infra
from nimbus import assembly
from nimbus.adapters.callers import caller
from nimbus.adapters.ecs import TaskDefinitions
from nimbus.adapters.state_machine import StateMachine
from nimbus.adapters.terraform import TerraformFolder
from nimbus.config import Kind, Outputs, Project, resolving
from nimbus.config.errors import EnvironmentIncompleteError
from nimbus.executions import State
from nimbus.infra import changes, root, work
from nimbus.infra.errors import InfraUsageError
from nimbus_runtime.contract.errors import UsageError
from nimbus_runtime.interrupts import interruptible

_LOOKED_AT = 100  # latest executions that may still go


@dataclass(frozen=True, slots=True)
class Deployed:
    """What deploying made in an environment."""

    outputs: Outputs

    def running(self) -> list[str]:
        """Return the names of executions that still go."""
        latest = StateMachine(self.outputs.state_machine, self.outputs.region).pending(_LOOKED_AT)
        return [status.id.rpartition(":")[2] for status in latest if status.state is State.RUNNING]

    def deregister(self) -> int:
        """Deregister the task definitions of all releases; return how many."""
        there = self.outputs
        definitions = TaskDefinitions(there.task_template, there.release_family, there.container, there.region)
        found = definitions.of_releases()
        definitions.deregister(found)
        return len(found)


def region(project: Project) -> str | None:
    """Return the region that an environment's configuration names, None where there is none yet, or none in it."""
    return _named_region(_folder(project))


def init(project: Project, settings: root.Settings, *, upgrade: bool) -> tuple[Path, root.Written]:
    """Write the root configuration of an environment, and return its folder and what became of each file."""
    folder = _folder(project)
    found = _named_region(folder)
    if found is not None and found != settings.region:
        raise InfraUsageError(
            f"environment {project.environment} is in another region",
            where=str(folder / root.TFVARS),
            got=f"{settings.region}, where that file says {found}",
            expected=f"--region {found}, or none",
            remedy=f"describe another environment for {settings.region}; to move this one, `nimbus infra destroy` it, "
            "then change the file",
        )
    return folder, root.write(folder, root.files(project, settings, modules()), upgrade=upgrade)


def modules() -> Path:
    """Return the folder of Terraform's modules: in an installed toolkit, or in the checkout that it runs from."""
    package = Path(nimbus.infra.__file__).parent
    installed = package / "modules"
    return installed if installed.is_dir() else package.parents[2] / "terraform" / "modules"


def plan(project: Project, tell: work.Tell, *, destroy: bool = False) -> changes.Changes:
    """Plan, and return what would change; credentials are tried first."""
    folder = _written(project)
    caller(_region(folder))
    with _in_good_order(project):
        return work.plan(TerraformFolder(folder), project, folder, tell, destroy=destroy)


def shown(project: Project, planned: str) -> changes.Changes:
    """Return what a plan that was shown would change; refused where it is not there any more."""
    folder = _written(project)
    return work.shown(TerraformFolder(folder), folder, planned)


def apply(project: Project, planned: str, tell: work.Tell) -> None:
    """Apply the plan that was shown."""
    folder = _written(project)
    with _in_good_order(project):
        work.apply(TerraformFolder(folder), folder, planned, tell)


def destroy(project: Project, seen: changes.Changes, tell: work.Tell) -> None:
    """Destroy what was seen in a plan, and nothing more."""
    folder = _written(project)
    with _in_good_order(project):
        work.destroy(TerraformFolder(folder), project, folder, seen, tell)


def output(project: Project) -> dict[str, Any]:
    """Return the outputs of what was applied."""
    return TerraformFolder(_written(project)).outputs()


def prepare_destroying(project: Project, tell: work.Tell, *, delete_data: bool) -> int:
    """Refuse while runs go; let data go with the rest if that is meant; return how many releases were deregistered."""
    folder = _written(project)
    try:
        environment = assembly.environment(project)
    except EnvironmentIncompleteError:  # never applied to its end: there is nothing that was deployed
        return 0
    assert environment.outputs is not None  # noqa: S101 - one on AWS has them
    deployed = Deployed(environment.outputs)
    work.refuse_while_running(deployed)
    if not delete_data:
        work.refuse_with_data(assembly.open_environment(environment))
    else:
        with _in_good_order(project):
            work.release_data(TerraformFolder(folder), project, folder, tell)
    return deployed.deregister()


@contextmanager
def _in_good_order(project: Project) -> Iterator[None]:
    """Let Terraform end in good order when it is interrupted."""
    with interruptible(f"`nimbus infra apply --env {project.environment}` goes on: what was made is in the state"):
        yield


def _folder(project: Project) -> Path:
    if project.described.kind is not Kind.AWS:
        raise UsageError(
            "a local environment needs no infrastructure",
            where=f"{project.file}: environments.{project.environment}",
            expected='an environment with kind = "aws"',
            remedy="name one by --env; `nimbus infra init --env NAME` describes a new one",
        )
    return resolving.terraform_folder(project)


def _written(project: Project) -> Path:
    folder = _folder(project)
    if not (folder / "main.tf").is_file():
        raise EnvironmentIncompleteError(
            "there is no Terraform configuration yet",
            where=str(folder),
            remedy=f"`nimbus infra init --env {project.environment}` writes one",
        )
    return folder


def _region(folder: Path) -> str:
    """Return the region that a configuration names; AWS's first where it names none, since any tells who calls."""
    return _named_region(folder) or "us-east-1"


def _named_region(folder: Path) -> str | None:
    file = folder / root.TFVARS
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    found = re.search(r'^region\s*=\s*"([^"]+)"', text, re.MULTILINE)
    return found[1] if found else None
