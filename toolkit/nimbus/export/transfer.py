"""The export itself: a published run's rows go in batches from where they are to where they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from nimbus.export.columns import Kind, columns
from nimbus_runtime.contract.errors import ExportError
from nimbus_runtime.contract.records import Run
from nimbus_runtime.contract.words import plural

Row = tuple[str | None, ...]
Progress = Callable[[int, int], None]  # rows written, rows in all


class Batch(Protocol):
    """Some rows; they may become Python's values only when they are iterated over."""

    def __len__(self) -> int:
        """Return how many there are."""

    def __iter__(self) -> Iterator[Row]:
        """Yield them."""


class Source(Protocol):
    """Where rows come from, in the order of the dataset."""

    def batches(self, columns: Mapping[str, Kind]) -> Iterator[Batch]:
        """Yield rows with these columns, a bounded number at a time."""


class Sink(Protocol):
    """Where rows go: all of them or, when anything fails or `batches` raises, none."""

    @property
    def location(self) -> str:
        """Return where that is, as it may be shown: without any password."""

    def write(self, columns: Mapping[str, Kind], batches: Iterable[Batch]) -> None:
        """Write every batch; nothing is visible to others before the last one is safe."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote, and where."""

    run: str
    release: str
    rows: int
    target: str


def transfer(run: Run, source: Source, sink: Sink, progress: Progress = lambda _done, _all: None) -> Exported:
    """Write a run's rows to a sink; fewer or more rows than the run's record counts are an error."""
    named = columns(run.annotations)
    expected = sum(file.rows for file in run.rows)
    sink.write(named, _counted(run.run, source.batches(named), expected, progress))
    return Exported(run.run, run.release, expected, sink.location)


def _counted(run: str, batches: Iterator[Batch], expected: int, progress: Progress) -> Iterator[Batch]:
    """Pass batches on; raise at the end, inside the sink's transaction, where rows are missing."""
    rows = 0
    for batch in batches:
        yield batch
        rows += len(batch)
        progress(rows, expected)
    if rows != expected:
        raise ExportError(
            "the dataset's files do not hold the rows that its record counts",
            where=f"run {run}",
            got=plural(rows, "row"),
            expected=plural(expected, "row"),
            remedy="restore the files from a backup, or start a new run",
        )
