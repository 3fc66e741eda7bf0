"""Terraform by python-terraform, which builds the command lines; the processes are our own.

The library waits for a command's end before it shows anything, and hides which of its options
Terraform has dropped since; so its `generate_cmd_string` is all that is used.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimbus_runtime.contract.errors import NimbusError

if TYPE_CHECKING:
    from python_terraform import Terraform

_QUIET = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}


class TerraformMissingError(NimbusError):
    """The program is not installed."""


class TerraformFailedError(NimbusError):
    """Terraform ended with an error; its own words are the message."""


class TerraformFolder:
    """Terraform in the folder of a root configuration."""

    def __init__(self, folder: Path) -> None:
        """Find the program."""
        self.folder = folder
        self._program = shutil.which("terraform")

    def outputs(self) -> dict[str, Any]:
        """Return the outputs of what was applied, by name; none where nothing was."""
        from python_terraform import IsFlagged  # noqa: PLC0415 - only where Terraform is called

        done = subprocess.run(  # noqa: S603 - the program that was found, with arguments of our own
            self.command("output", json=IsFlagged, no_color=IsFlagged),
            cwd=self.folder,
            env={**os.environ, **_QUIET},
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise TerraformFailedError(
                "Terraform cannot read its outputs",
                where=str(self.folder),
                got=words(done.stderr),
                remedy="`nimbus infra plan` shows what stands there",
            )
        return {name: output["value"] for name, output in json.loads(done.stdout).items()}

    def command(self, verb: str, *arguments: str, **options: object) -> Sequence[str]:
        """Return a command line."""
        if self._program is None:
            raise TerraformMissingError(
                "Terraform is not installed",
                expected="terraform 1.11 or later on the PATH",
                remedy="install it, or put the environment's outputs into nimbus.toml (docs/project.md)",
            )
        from python_terraform import Terraform  # noqa: PLC0415 - only where Terraform is called

        built: Terraform = Terraform(working_dir=str(self.folder), terraform_bin_path=self._program)
        command: list[str] = built.generate_cmd_string(verb, *arguments, **options)
        return command


def words(text: str) -> str:
    """Return what Terraform said, without the frames that it draws around it."""
    lines = (line.strip("│╷╵ ").strip() for line in text.splitlines())
    return " ".join(line for line in lines if line)
