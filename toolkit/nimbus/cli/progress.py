"""Draws a run's progress on stderr: a live line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nimbus.cli import output
from nimbus.runs.progress import Snapshot, Tracker
from nimbus_runtime.contract.records import Commit, Plan
from nimbus_runtime.contract.words import percent, plural

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_PLAIN_SECONDS = 10.0


class Drawing(Tracker, ABC):
    """A tracker that draws after every event."""

    def planned(self, plan: Plan, committed: Sequence[Commit]) -> None:
        """Say what is about to happen."""
        super().planned(plan, committed)
        done = f", {len(committed)} of them done before" if committed else ""
        self.note(f"Run {plan.run}: {plural(len(plan.shards), 'shard')}{done}, release {plan.release}")
        self.draw()

    def advanced(self, shard: int, documents: int, quarantined: int, position: int) -> None:
        """Draw how far a shard is."""
        super().advanced(shard, documents, quarantined, position)
        self.draw()

    def committed(self, shard: int, commit: Commit) -> None:
        """Draw that a shard is done."""
        super().committed(shard, commit)
        self.draw()

    def worker_died(self, shard: int | None, cause: str) -> None:
        """Say that a worker was lost: what ended it matters to whoever reads the log."""
        super().worker_died(shard, cause)
        of_shard = "" if shard is None else f" at shard {shard}"
        self.note(f"A worker ended{of_shard} ({cause}); another one goes on.")

    @abstractmethod
    def draw(self) -> None:
        """Draw how far the run is."""

    def note(self, line: str) -> None:
        """Write a line that stays."""
        output.say(line)


class _Plain(Drawing):
    def __init__(self) -> None:
        super().__init__()
        self._drawn = time.monotonic()

    def draw(self) -> None:
        """Write a line every ten seconds."""
        if time.monotonic() - self._drawn >= _PLAIN_SECONDS:
            self._drawn = time.monotonic()
            snapshot = self.snapshot()
            output.say(f"{percent(snapshot.done, 0):>5}  {_figures(snapshot)}")


class _Live(Drawing):
    def __init__(self, bar: Bar, task: TaskID) -> None:
        super().__init__()
        self._bar, self._task = bar, task

    def note(self, line: str) -> None:
        """Write a line above the bar."""
        self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def draw(self) -> None:
        """Move the bar."""
        snapshot = self.snapshot()
        self._bar.update(self._task, completed=snapshot.done, figures=_figures(snapshot))


@contextmanager
def drawing(*, quiet: bool) -> Iterator[Tracker]:
    """Return the drawing that suits stderr."""
    if quiet:
        yield Tracker()
    elif not sys.stderr.isatty() or os.environ.get("CI") or os.environ.get("TERM") == "dumb":
        yield _Plain()
    else:
        from rich.console import Console  # noqa: PLC0415 - only on a terminal
        from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

        columns = (
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[figures]}"),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            yield _Live(bar, bar.add_task("run", total=1.0, figures="opening the bundle"))


def _figures(snapshot: Snapshot) -> str:
    parts = [plural(snapshot.documents, "document"), f"{snapshot.documents_a_second:,.0f}/s"]
    if snapshot.eta is not None:
        parts.append(f"{duration(snapshot.eta)} left")
    if snapshot.quarantined:
        parts.append(f"{snapshot.quarantined:,} quarantined")
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """Return a duration as people say it, such as 3 min 20 s."""
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
