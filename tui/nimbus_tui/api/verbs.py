"""Verbs of the command line that take their time: each is a process of its own.

What scores, compiles or applies would hold up the screen, and must not end with it: so it is the
command line that a user could type, its words go to files, and it is followed by reading them.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

_STOPPED = {-signal.SIGINT, -signal.SIGTERM, 128 + signal.SIGINT, 128 + signal.SIGTERM}
"""Codes of what somebody ended: as its parent sees it, and as it says itself."""


@dataclass(frozen=True, slots=True)
class Verb:
    """A command line, and what it is called on screen.

    `ok` are the codes that are no failure; a screen of its own shows one that is `shown_elsewhere`. One that
    `changes` the environment makes what was done before it something that is not the last change.
    """

    title: str
    command: tuple[str, ...]
    ok: tuple[int, ...] = (0, 3)
    shown_elsewhere: bool = False
    changes: bool = True

    def because(self, reason: str) -> Verb:
        """Return it with a reason, which stays in the history."""
        return replace(self, command=because(self.command, reason))


@dataclass(slots=True)
class Running:
    """A verb that was started. `code` is None while it goes."""

    verb: Verb
    process: subprocess.Popen[bytes]
    folder: Path
    began: float = field(default_factory=time.time)
    code: int | None = None
    kept: int = 10_000  # lines, the last
    _read: int = 0
    lines: list[str] = field(default_factory=list)

    def poll(self) -> bool:
        """Read what it has said since, and whether it has ended; return whether there was anything new."""
        code = self.process.poll()
        with (self.folder / "words").open("rb") as words:
            words.seek(self._read)
            new = words.read(1_000_000)
        whole = new if code is not None else new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        self.lines += whole.decode(errors="replace").splitlines()
        del self.lines[: -self.kept]
        changed = bool(whole) or code != self.code
        self.code = code
        return changed

    def told(self) -> list[dict[str, object]]:
        """Return the JSON objects that it has printed so far."""
        found = []
        for line in (self.folder / "answer").read_text("utf-8", "replace").splitlines():
            with suppress(ValueError):  # half a line
                found.append(json.loads(line))
        return [value for value in found if isinstance(value, dict)]

    @property
    def failed(self) -> bool:
        """Say whether it ended, and not well."""
        return self.code is not None and self.code not in self.verb.ok

    @property
    def outcome(self) -> tuple[str, str]:
        """Return how it ended, or that it goes, in words, and the words' tone."""
        if self.code is None:
            return "goes", "name"
        if not self.failed:
            return "done", "good"
        return ("was stopped", "warn") if self.code in _STOPPED else (f"ended with code {self.code}", "bad")

    def stop(self) -> None:
        """Interrupt it as Ctrl-C does: it keeps what it has done, and can be started again."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)

    def forget(self) -> None:
        """Remove what it has said: nobody reads it any more. One that goes is left alone."""
        shutil.rmtree(self.folder, ignore_errors=True)


def because(command: tuple[str, ...], reason: str) -> tuple[str, ...]:
    """Return a command line with a reason; the same without one."""
    return (*command, "--reason", reason) if reason else command


def start(verb: Verb) -> Running:
    """Start a verb, in a session of its own: it outlives the screen unless it is stopped."""
    folder = Path(tempfile.mkdtemp(prefix="nimbus-verb-"))
    arguments = [sys.executable, "-m", "nimbus.cli.main", *verb.command[1:]]
    with (folder / "words").open("wb") as words, (folder / "answer").open("wb") as answer:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=words,
            start_new_session=True,
            env={**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
        )
    return Running(verb, process, folder)
