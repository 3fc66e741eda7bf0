"""Runs that are due, each as a command of its own: one that fails takes no other with it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from nimbus_runtime import clock

Tell = Callable[[datetime, dict[str, Any]], None]


class Command:
    """A run as a process; how it ended is told once."""

    def __init__(self, arguments: Sequence[str], due: datetime, tell: Tell) -> None:
        """Start it. It gets no signal of a terminal: whoever started it ends it."""
        self._due, self._tell = due, tell
        self._process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
            [sys.executable, "-m", "nimbus.cli.main", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._told = False

    def ended(self) -> bool:
        """Say whether it has ended."""
        if self._process.poll() is None:
            return False
        if not self._told:
            self._told = True
            output = self._process.stdout.read() if self._process.stdout else b""
            try:
                said = json.loads(output)
            except ValueError:
                said = {}
            self._tell(self._due, {**said, "exit_code": self._process.returncode})
        return True

    def stop(self) -> None:
        """Ask it to end, and wait for that."""
        self._process.terminate()
        self._process.wait()
        self.ended()


class DueRuns:
    """Starts the runs of an environment that are due."""

    def __init__(self, config: Path, environment: str, workers: int | None, tell: Tell) -> None:
        """Keep what every command is given."""
        self._arguments = ["run", "--config", str(config), "--env", environment, "--quiet", "--json"]
        self._arguments += ["--workers", str(workers)] if workers else []
        self._tell = tell

    def __call__(self, due: datetime) -> Command:
        """Start the run that was due then."""
        return Command([*self._arguments, "--scheduled-time", clock.iso(due)], due, self._tell)
