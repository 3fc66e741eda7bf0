"""Terraform by python-terraform, which builds the command lines; the processes are our own.

The library waits for a command's end before it shows anything, and knows options that Terraform has
dropped since; so its `generate_cmd_string` is all that is used. What Terraform says goes to a file
and is read from there: a command that is killed leaves it working, and its state whole.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimbus_runtime.contract.errors import NimbusError

if TYPE_CHECKING:
    from python_terraform import Terraform

_QUIET = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
_LOOK = 0.1  # seconds between looks at what Terraform has said
_NAMED = 5  # how many errors are shown


class TerraformMissingError(NimbusError):
    """The program is not installed."""


class TerraformFailedError(NimbusError):
    """Terraform ended with an error; its own words are the message."""


class TerraformLockedError(NimbusError):
    """Somebody else, or a command that was killed, holds the state's lock."""


class TerraformStaleError(NimbusError):
    """The state has changed since the plan was made."""


class TerraformFolder:
    """Terraform in the folder of a root configuration."""

    def __init__(self, folder: Path) -> None:
        """Find the program."""
        self.folder = folder
        self._program = shutil.which("terraform")

    def init(self) -> Iterator[dict[str, Any]]:
        """Fetch providers and modules, where they are not there yet."""
        from python_terraform import IsFlagged  # noqa: PLC0415 - only where Terraform is called

        yield from self._stream("init", json=IsFlagged, input=False)

    def plan(self, file: str, *, destroy: bool, only: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
        """Write a plan into a file of the folder, of some addresses alone where they are named."""
        from python_terraform import IsFlagged, IsNotFlagged  # noqa: PLC0415 - as above

        flag = IsFlagged if destroy else IsNotFlagged
        yield from self._stream("plan", json=IsFlagged, input=False, out=file, destroy=flag, target=list(only))

    def apply(self, file: str) -> Iterator[dict[str, Any]]:
        """Apply a plan that was written."""
        from python_terraform import IsFlagged  # noqa: PLC0415 - as above

        yield from self._stream("apply", file, json=IsFlagged, input=False)

    def shown(self, file: str) -> dict[str, Any]:
        """Return a plan as Terraform's JSON has it."""
        from python_terraform import IsFlagged  # noqa: PLC0415 - as above

        shown: dict[str, Any] = json.loads(self._said("show", file, json=IsFlagged, no_color=IsFlagged))
        return shown

    def outputs(self) -> dict[str, Any]:
        """Return the outputs of what was applied, by name; none where nothing was."""
        from python_terraform import IsFlagged  # noqa: PLC0415 - as above

        said = self._said("output", json=IsFlagged, no_color=IsFlagged)
        try:
            outputs = json.loads(said)
        except ValueError:
            raise TerraformFailedError(
                "terraform output said nothing that can be read",
                where=str(self.folder),
                got=f"{len(said):,} characters that are no JSON" if said.strip() else "nothing",  # they may be secret
                remedy="repeat it: another command may be at work in that folder",
            ) from None
        return {name: output["value"] for name, output in outputs.items()}

    def _said(self, verb: str, *arguments: str, **options: object) -> str:
        done = subprocess.run(  # noqa: S603 - the program that was found, with arguments of our own
            self._command(verb, *arguments, **options),
            cwd=self.folder,
            env={**os.environ, **_QUIET},
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise self._failed(verb, [(_words(done.stderr), "")])
        return done.stdout

    def _stream(self, verb: str, *arguments: str, **options: object) -> Iterator[dict[str, Any]]:
        """Run a command and yield its events as they come; interrupted, let it end in good order."""
        log = self.folder / ".terraform" / f"nimbus-{verb}.jsonl"
        log.parent.mkdir(exist_ok=True)
        errors: list[tuple[str, str]] = []
        with log.open("wb") as out, log.open("rb") as said:
            process = subprocess.Popen(  # noqa: S603 - as in _said
                self._command(verb, *arguments, **options),
                cwd=self.folder,
                env={**os.environ, **_QUIET},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                for event in _events(process, said):
                    diagnostic = event.get("diagnostic", {})
                    if diagnostic.get("severity") == "error":
                        errors.append((diagnostic.get("summary", ""), diagnostic.get("detail", "")))
                    elif event.get("raw"):
                        errors.append((event["raw"], ""))
                    yield event
            finally:
                if process.poll() is None:
                    with suppress(ProcessLookupError):
                        process.send_signal(signal.SIGINT)
                    process.wait()
        if process.returncode:
            raise self._failed(verb, errors)

    def _failed(self, verb: str, errors: Sequence[tuple[str, str]]) -> NimbusError:
        for summary, detail in errors:
            if "state lock" in summary + detail:
                return self._locked(detail or summary)
            if "plan is stale" in summary:
                return TerraformStaleError(
                    "the plan is out of date",
                    where=str(self.folder),
                    got="the environment was changed after it was made",
                    remedy="`nimbus infra plan` plans again; nothing has been changed",
                )
        shown = [f"{summary}: {_words(detail)}" if detail else summary for summary, detail in errors[:_NAMED]]
        return TerraformFailedError(
            f"terraform {verb} failed",
            where=str(self.folder),
            got="; ".join(shown) or "nothing that it said",
            remedy="mend that and repeat the command: what was made is in Terraform's state, and is gone on with",
        )

    def _locked(self, detail: str) -> TerraformLockedError:
        info = dict(re.findall(r"^\W*(ID|Operation|Who|Created):\s+(.*?)\s*$", detail, flags=re.MULTILINE))
        doing = info.get("Operation", "an operation").removeprefix("OperationType").lower()
        who = f"{info.get('Who', 'somebody')}, {doing} since {info.get('Created', '?')}"
        return TerraformLockedError(
            "somebody else is changing this environment",
            where=str(self.folder),
            got=who,
            remedy=f"wait for it; if its process is dead, there: terraform force-unlock {info.get('ID', 'ID')}",
        )

    def _command(self, verb: str, *arguments: str, **options: object) -> Sequence[str]:
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


def _events(process: subprocess.Popen[bytes], said: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - an open file
    """Yield what was said, line by line, until the process has ended and all is read."""
    partial = b""
    while True:
        ended = process.poll() is not None
        *lines, partial = (partial + said.read()).split(b"\n")
        for line in lines:
            yield _event(line)
        if ended:
            break
        time.sleep(_LOOK)


def _event(line: bytes) -> dict[str, Any]:
    """Return a line as an event; what Terraform says before it knows of -json is raw."""
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    return event if isinstance(event, dict) else {"raw": _words(line.decode(errors="replace"))}


def _words(text: str) -> str:
    """Return what Terraform said, without the frames that it draws around it."""
    lines = (line.strip("│╷╵ ").strip() for line in text.splitlines())
    return " ".join(line for line in lines if line)
