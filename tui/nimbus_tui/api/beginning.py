"""Begins a project: the demo's, or one of the user's own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nimbus_runtime.contract.errors import UsageError

if TYPE_CHECKING:
    from nimbus_tui.api.session import Session


@dataclass(frozen=True, slots=True)
class BeginDemo:
    """Asks for the demo's project in a folder."""

    folder: Path

    def ask(self, session: Session) -> Path:
        """Write texts and nimbus.toml, unless they are there; return the file."""
        if session.read_only:
            raise UsageError("nothing is written: this is --read-only", remedy="open it without")
        from nimbus import demo  # noqa: PLC0415 - only when it is asked
        from nimbus.assembly import projects  # noqa: PLC0415 - as above
        from nimbus.projects.write import Beginning  # noqa: PLC0415 - as above

        file = self.folder / "nimbus.toml"
        if not file.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(demo.TEXTS, self.folder / "texts.jsonl")
            source = str(demo.PIPELINES / "support_cnn")
            beginning = Beginning(
                name="support",
                source=source,
                inputs=("texts.jsonl",),
                text_field="text",
                id_field="id",
                schedule="cron(0 2 * * ? *)",
                time_zone="UTC",
            )
            projects.begin(self.folder, beginning, replace=False)
        return file


def begin_here() -> bool:
    """Have `nimbus init` ask its questions on the terminal; return whether it wrote a project."""
    done = subprocess.run([sys.executable, "-m", "nimbus.cli.main", "init"], check=False)
    if done.returncode:
        sys.stderr.write("Press enter to go back. ")
        sys.stderr.flush()
        sys.stdin.readline()
    return done.returncode == 0
