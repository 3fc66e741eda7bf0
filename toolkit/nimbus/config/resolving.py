"""An environment as the file describes it into one that can be opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from nimbus.config import reading
from nimbus.config.environments import Environment, Kind, Outputs
from nimbus.config.errors import EnvironmentIncompleteError
from nimbus.config.own_folder import FOLDER
from nimbus.config.project import Project
from nimbus_runtime.contract import codec

DEFAULT_TERRAFORM = "infra"


class ReadsOutputs(Protocol):
    """Reads what Terraform says of what it made."""

    def __call__(self, folder: Path) -> Mapping[str, object]:
        """Return the outputs of a root configuration by name."""
        ...


def resolve(project: Project, read_outputs: ReadsOutputs) -> Environment:
    """Return the project's environment; Terraform is asked only where the file does not say it all."""
    name, described = project.environment, project.described
    if described.kind is Kind.LOCAL:
        root = project.path(described.root or f"{FOLDER}/{name}")
        return Environment(name=name, kind=Kind.LOCAL, root=root, protected=described.protected)
    outputs = described.outputs or _from_terraform(project, read_outputs)
    return Environment(
        name=name,
        kind=Kind.AWS,
        root=outputs.root,
        protected=described.protected,
        region=outputs.region,
        outputs=outputs,
    )


def described(project: Project) -> dict[str, tuple[object, str]]:
    """Return what the project's environment is described by: each value, and where it is said if it is no default."""
    found, name = project.described, project.environment
    local = found.kind is Kind.LOCAL
    told = {
        "kind": (found.kind.value, not local),
        "protected": (found.protected, found.protected),
        **({"root": (found.root or f"{FOLDER}/{name}", bool(found.root))} if local else {}),
        **({} if local else {"terraform": (found.terraform or f"{DEFAULT_TERRAFORM}/{name}", bool(found.terraform))}),
        **({} if found.outputs is None else {"outputs": (codec.plain(found.outputs), True)}),
    }
    place = f"environments.{name}"
    return {key: (value, f"{place}.{key}" if said else "default") for key, (value, said) in told.items()}


def terraform_folder(project: Project) -> Path:
    """Return the folder of an environment's root configuration, whether it is there or not."""
    return Path(project.path(project.described.terraform or f"{DEFAULT_TERRAFORM}/{project.environment}"))


def _from_terraform(project: Project, read_outputs: ReadsOutputs) -> Outputs:
    """Return what the output `environment` says: of the one pipeline, or of several by their names."""
    name, place = project.environment, terraform_folder(project)
    if not place.is_dir():
        raise EnvironmentIncompleteError(
            f"environment {name} does not say what Terraform made for it",
            where=f"{project.file}: environments.{name}",
            got=f"no folder {place}",
            expected="the folder of its root configuration (`terraform = …`), or [environments.NAME.outputs]",
            remedy=f"`nimbus infra init --env {name}` writes one",
        )
    block = read_outputs(place).get("environment")
    if isinstance(block, dict) and "root" not in block:
        block = block.get(project.pipeline.name)
    if not isinstance(block, dict):
        raise EnvironmentIncompleteError(
            f"environment {name} has no outputs for pipeline {project.pipeline.name} yet",
            where=str(place),
            expected="an output `environment`, as the module `pipeline` has it",
            remedy=f"`nimbus infra apply --env {name}` makes the environment",
        )
    known = {field.name for field in reading.fields(Outputs)}
    own = {key: value for key, value in block.items() if key in known}
    outputs: Outputs = reading.read(Outputs, own, ("environment",), lambda path: f"{place}: output {'.'.join(path)}")
    return outputs
