"""Which project and which environment of it the screens show, and what was done there from them."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nimbus import assembly

if TYPE_CHECKING:
    from nimbus.config import Environment, Project
    from nimbus_tui.api.questions import Answer_co, Question
    from nimbus_tui.api.verbs import Running


@dataclass(frozen=True, slots=True)
class Logged:
    """Something that was done: the command line that does the same, and what came of it."""

    time: str
    command: tuple[str, ...]
    outcome: str
    tone: str = "good"


@dataclass
class Session:
    """A project's environment, opened once and kept. `config` None: nimbus.toml here or above."""

    config: Path | None = None
    env: str | None = None
    read_only: bool = False
    log: list[Logged] = field(default_factory=list)
    running: list[Running] = field(default_factory=list)
    asked: list[subprocess.Popen[str]] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _project: Project | None = field(default=None, repr=False)
    _stamp: int = field(default=0, repr=False)
    _environment: Environment | None = field(default=None, repr=False)
    _elsewhere: int = field(default=0, repr=False)

    @property
    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC)

    def answer(self, question: Question[Answer_co]) -> Answer_co:
        """Return a question's answer, or raise what stands in its way; called beside the event loop."""
        return question.ask(self)

    def project(self) -> Project:
        """Return the project, read again when its file has changed."""
        with self._lock:
            return self._read()

    def environment(self) -> Environment:
        """Return the environment. On AWS the first call asks Terraform for its outputs."""
        with self._lock:
            project = self._read()
            if self._environment is None:
                self._environment = assembly.environment(project)
            return self._environment

    def switch(self, env: str) -> None:
        """Show another environment of the project from now on."""
        with self._lock:
            self.env, self._project, self._environment = env, None, None
            self._elsewhere = len(self.running)

    def latest(self, title: str) -> Running | None:
        """Return the verb that was started last here whose title begins so; what was started elsewhere is not it."""
        here = self.running[self._elsewhere :]
        return next((running for running in reversed(here) if running.verb.title.startswith(title)), None)

    def reopen(self) -> None:
        """Find the environment anew the next time: what it is made of has changed."""
        with self._lock:
            self._environment = None

    def command(self, *words: str) -> tuple[str, ...]:
        """Return a command line for this environment of this project."""
        where = ("--config", str(self.config)) if self.config else ()
        named = ("--env", self.env) if self.env else ()
        return ("nimbus", *words, *named, *where)

    def note(self, command: tuple[str, ...], outcome: str, tone: str = "good") -> None:
        """Add to what was done."""
        self.log.append(Logged(self.now.isoformat(timespec="seconds"), command, outcome, tone))

    def _read(self) -> Project:
        if self._project is None or _stamp(self._project.file) != self._stamp:
            self._project = assembly.project(self.env, config=self.config)
            self._stamp = _stamp(self._project.file)
            self._environment = None
        return self._project


def _stamp(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
