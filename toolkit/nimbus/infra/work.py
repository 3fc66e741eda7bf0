"""Plans, applies and destroys an environment; each can be stopped or killed, and is gone on with by the same call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from nimbus.config import Project
from nimbus.infra import changes, progress, root
from nimbus.infra.errors import InfraBusyError, InfraPlanChangedError, InfraUsageError
from nimbus_runtime.contract import paths

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

PLAN = "nimbus.tfplan"
Tell = Callable[[progress.Step], None]
_KEEPING = ("force_destroy", "force_delete")  # without them a bucket and a repository stay while they hold anything
_NAME = 12  # letters of a plan's digest by which it goes


class Terraform(Protocol):
    """Terraform in the folder of a root configuration."""

    def init(self) -> Iterator[dict[str, Any]]:
        """Fetch providers and modules; nothing where they are there."""
        ...

    def plan(self, file: str, *, destroy: bool, only: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
        """Write a plan, yielding events; of some addresses alone where they are named."""
        ...

    def shown(self, file: str) -> dict[str, Any]:
        """Return a plan as Terraform's JSON has it."""
        ...

    def apply(self, file: str) -> Iterator[dict[str, Any]]:
        """Apply a plan, yielding events."""
        ...


class Deployed(Protocol):
    """What deploying made beside Terraform, and would outlive it."""

    def running(self) -> list[str]:
        """Return the names of executions that still go."""
        ...

    def deregister(self) -> int:
        """Deregister the task definitions of all releases; return how many."""
        ...


def plan(terraform: Terraform, project: Project, folder: Path, tell: Tell, *, destroy: bool = False) -> changes.Changes:
    """Bring the variables in step with nimbus.toml, write a plan, and return what it changes."""
    root.write_variables(folder, root.variables(project))
    _follow(terraform.init(), tell)
    _follow(terraform.plan(PLAN, destroy=destroy), tell)
    return changes.read(terraform.shown(PLAN), _name(folder))


def shown(terraform: Terraform, folder: Path, planned: str) -> changes.Changes:
    """Return what a plan changes that was shown before; InfraPlanChangedError where another one is there, or none."""
    _refuse_another(folder, planned)
    return changes.read(terraform.shown(PLAN), planned)


def apply(terraform: Terraform, folder: Path, planned: str, tell: Tell) -> None:
    """Apply the plan that was shown, and no other."""
    _refuse_another(folder, planned)
    _follow(terraform.apply(PLAN), tell)
    (folder / PLAN).unlink(missing_ok=True)


def release_data(terraform: Terraform, project: Project, folder: Path, tell: Tell) -> None:
    """Let what is destroyed next take datasets and images with it: Terraform refuses otherwise.

    Nothing else is applied on the way, whatever has been changed since the last time.
    """
    root.write_variables(folder, root.variables(project, delete_data=True))
    _follow(terraform.init(), tell)
    _follow(terraform.plan(PLAN, destroy=False), tell)
    keeping = [change.address for change in changes.read(terraform.shown(PLAN)).resources if _keeps(change)]
    if keeping:
        _follow(terraform.plan(PLAN, destroy=False, only=keeping), tell)
        _follow(terraform.apply(PLAN), tell)


def destroy(terraform: Terraform, project: Project, folder: Path, seen: changes.Changes, tell: Tell) -> None:
    """Destroy what was seen in a plan. It is planned again, since data was let go meanwhile, and must be no more."""
    found = plan(terraform, project, folder, tell, destroy=True)
    more = {change.address for change in found.resources} - {change.address for change in seen.resources}
    if more:
        raise InfraPlanChangedError(
            "there is more to destroy than was shown",
            where=str(folder),
            got=", ".join(sorted(more)[:5]),
            remedy="look at the plan again: `nimbus infra destroy`",
        )
    apply(terraform, folder, found.plan, tell)


def refuse_while_running(deployed: Deployed) -> None:
    """Refuse to destroy what still works."""
    running = deployed.running()
    if running:
        raise InfraBusyError(
            "runs still go in this environment",
            got=", ".join(running[:5]),
            remedy="wait for them, or `nimbus cancel` them; then destroy",
        )


def refuse_with_data(store: Store) -> None:
    """Refuse to begin with what Terraform would refuse in the middle: a bucket that holds datasets."""
    if store.read(paths.LIVE) is not None:
        raise InfraUsageError(
            "datasets and releases are in this environment",
            where=store.location,
            remedy="add --delete-data if they may go with it; nothing has been removed",
        )


def _keeps(change: changes.Change) -> bool:
    return change.action is changes.Action.UPDATE and any(name in _KEEPING for name, _, _ in change.attributes)


def _name(folder: Path) -> str:
    return hashlib.sha256((folder / PLAN).read_bytes()).hexdigest()[:_NAME]


def _refuse_another(folder: Path, planned: str) -> None:
    there = _name(folder) if (folder / PLAN).is_file() else None
    if there != planned:
        raise InfraPlanChangedError(
            "this is not the plan that was shown" if there else "the plan that was shown is gone",
            where=str(folder / PLAN),
            got=there or "none: it was applied, or removed",
            expected=planned,
            remedy="`nimbus infra plan` plans again; nothing has been changed",
        )


def _follow(events: Iterator[dict[str, Any]], tell: Tell) -> None:
    for event in events:
        step = progress.read(event)
        if step is not None:
            tell(step)
