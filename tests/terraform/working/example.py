"""An example as it was applied to the local AWS, and what Terraform then says of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from tests.terraform.tables import KEPT_OUT, TERRAFORM

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws
    from tests.terraform.conftest import Terraform

_FAST = "-parallelism=20"
APPLY = ("apply", "-auto-approve", "-no-color", _FAST)


@dataclass(frozen=True, slots=True)
class Example:
    """A copy of terraform/, and the one example of it that is applied."""

    terraform: Terraform
    aws: LocalAws
    place: Path

    @classmethod
    def copied(cls, terraform: Terraform, aws: LocalAws, folder: Path, name: str) -> Self:
        """Copy terraform/ into a folder."""
        shutil.copytree(TERRAFORM, folder / "terraform", ignore=KEPT_OUT)
        return cls(terraform, aws, folder / "terraform" / "examples" / name)

    @property
    def environment(self) -> str:
        """Return the environment's name, which all names of its resources contain."""
        return f"nimbus-{self.place.name}"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Terraform in the example."""
        return self.terraform.run(*arguments, inside=self.place, environment=self.aws.environment())

    def start(self, *arguments: str, out: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start Terraform in the example."""
        environment = self.terraform.environment(self.aws.environment())
        command = [self.terraform.program, *arguments]
        return subprocess.Popen(command, cwd=self.place, env=environment, stdout=out, stderr=subprocess.STDOUT)

    def initialise(self) -> None:
        """Get provider, modules and state."""
        self._done("init", "-no-color")

    def apply(self, *variables: str) -> None:
        """Apply it, with other variables where some are given."""
        self._done(*APPLY, *variables)

    def destroy(self) -> None:
        """Remove everything."""
        self._done("destroy", "-auto-approve", "-no-color", _FAST)

    def planned(self, *variables: str) -> str:
        """Return a plan as JSON."""
        self._done("plan", "-no-color", "-out=changes.plan", *variables)
        return self._done("show", "-json", "changes.plan")

    def changes(self, *variables: str) -> dict[str, set[str]]:
        """Return what a plan would change: the names of the attributes by the address of the resource."""
        planned = json.loads(self.planned(*variables))
        changed = [each for each in planned.get("resource_changes", []) if each["change"]["actions"] != ["no-op"]]
        return {each["address"]: _differing(each["change"]) for each in changed}

    def output(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """Return an output."""
        return json.loads(self._done("output", "-json", name))

    def _done(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _differing(change: dict[str, Any]) -> set[str]:
    before, after = change["before"] or {}, change["after"] or {}
    unknown = {name for name, hidden in (change.get("after_unknown") or {}).items() if hidden}
    return {name for name in {*before, *after} if before.get(name) != after.get(name)} | unknown
