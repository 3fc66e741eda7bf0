"""What a run of this machine leaves to be read by others: the lines that a task in the cloud would print."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from nimbus.runs.observer import Observer
from nimbus_runtime import clock
from nimbus_runtime.contract.records import Commit, Plan


class Log:
    """An observer that writes a file, one JSON object a line and no text of a document, and passes everything on.

    A log is no record: where it cannot be written, the run goes on.
    """

    def __init__(self, file: Path, run: str, observer: Observer) -> None:
        """Write to `file`; it is opened on entering."""
        self._path, self._run, self._observer = file, run, observer
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        """Open the file."""
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()

    def say(self, event: str, **values: object) -> None:
        """Write a line."""
        if self._file is not None:
            line = json.dumps({"time": clock.iso(clock.now()), "event": event, "run": self._run, **values})
            with suppress(OSError):
                self._file.write(line + "\n")
                self._file.flush()

    def planned(self, plan: Plan, committed: Sequence[Commit]) -> None:
        """Say what is about to be done."""
        self.say("planned", release=plan.release, shards=len(plan.shards), done=len(committed))
        self._observer.planned(plan, committed)

    def advanced(self, shard: int, documents: int, quarantined: int, position: int) -> None:
        """Say nothing: a log is read afterwards."""
        self._observer.advanced(shard, documents, quarantined, position)

    def committed(self, shard: int, commit: Commit) -> None:
        """Say that a shard is done."""
        counts = commit.counts
        self.say("committed", shard=shard, scored=counts.scored, quarantined=counts.quarantined)
        self._observer.committed(shard, commit)

    def worker_died(self, shard: int | None, cause: str) -> None:
        """Say that a worker was lost."""
        self.say("worker_died", shard=shard, cause=cause)
        self._observer.worker_died(shard, cause)
