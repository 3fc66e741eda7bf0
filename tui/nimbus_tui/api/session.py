"""Which project and which environment of it the screens show, and what was done there from them."""

from __future__ import annotations

import subprocess
import threading
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


@dataclass(slots=True)
class _Opened:
    """A project and an environment of it, once they were opened."""

    reading: threading.Lock = field(default_factory=threading.Lock)
    opening: threading.Lock = field(default_factory=threading.Lock)  # which may take seconds: Terraform is asked
    project: Project | None = None
    stamp: int = 0
    environment: tuple[Project, Environment] | None = None
    kept: dict[object, Any] = field(default_factory=dict)


@dataclass
class Session:
    """A project's environment, opened once and kept. `config` None: nimbus.toml here or above.

    `era` counts the environments that were shown: what was asked in another one is no answer here.
    """

    config: Path | None = None
    env: str | None = None
    read_only: bool = False
    log: list[Logged] = field(default_factory=list)
    running: list[Running] = field(default_factory=list)
    asked: list[subprocess.Popen[str]] = field(default_factory=list, repr=False)
    era: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _opened: _Opened = field(default_factory=_Opened, repr=False)
    _elsewhere: int = field(default=0, repr=False)

    @property
    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC)

    def answer(self, question: Question[Answer_co]) -> Answer_co:
        """Return a question's answer, or raise what stands in its way; called beside the event loop.

        All of it is about one environment, whichever is shown meanwhile.
        """
        with self._lock:
            here = copy(self)
        return question.ask(here)

    def project(self) -> Project:
        """Return the project, read again when its file has changed."""
        opened = self._opened
        with opened.reading:
            if opened.project is None or _stamp(opened.project.file) != opened.stamp:
                opened.project = assembly.project(self.env, config=self.config)
                opened.stamp = _stamp(opened.project.file)
            return opened.project

    def environment(self) -> Environment:
        """Return the environment. On AWS the first call asks Terraform for its outputs."""
        opened = self._opened
        with opened.opening:
            project = self.project()
            if opened.environment is None or opened.environment[0] is not project:
                opened.environment = project, assembly.environment(project)
            return opened.environment[1]

    @property
    def kept(self) -> dict[object, Any]:
        """Return what was read of this environment and never changes, or not until it is seen to."""
        return self._opened.kept

    def begin(self, config: Path) -> None:
        """Show another project from now on."""
        with self._lock:
            self.config, self._opened, self.era = config, _Opened(), self.era + 1

    def switch(self, env: str) -> None:
        """Show another environment of the project from now on."""
        with self._lock:
            self.env, self._opened, self.era = env, _Opened(), self.era + 1
            self._elsewhere = len(self.running)

    def is_here(self, running: Running) -> bool:
        """Say whether a verb was started since this environment is shown."""
        return any(each is running for each in self.running[self._elsewhere :])

    def latest(self, title: str) -> Running | None:
        """Return the verb that was started last here whose title begins so; what was started elsewhere is not it."""
        here = self.running[self._elsewhere :]
        return next((running for running in reversed(here) if running.verb.title.startswith(title)), None)

    def reopen(self) -> None:
        """Find the environment anew the next time: what it is made of has changed."""
        with self._lock:
            self._opened = _Opened()

    def command(self, *words: str) -> tuple[str, ...]:
        """Return a command line for this environment of this project."""
        where = ("--config", str(self.config)) if self.config else ()
        named = ("--env", self.env) if self.env else ()
        return ("nimbus", *words, *named, *where)

    def note(self, command: tuple[str, ...], outcome: str, tone: str = "good") -> None:
        """Add to what was done."""
        self.log.append(Logged(self.now.isoformat(timespec="seconds"), command, outcome, tone))


def _stamp(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
