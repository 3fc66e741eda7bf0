"""Has bundles score a sample as workers do, in turn, in a folder that is removed afterwards."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nimbus import scratch
from nimbus_runtime import canary, claims, planner, readers, tables
from nimbus_runtime.bundle import Bundle
from nimbus_runtime.contract import paths
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.contract.records import Commit, Gemm, OutputFormat, Plan
from nimbus_runtime.interrupts import interruptible
from nimbus_runtime.store import DirectoryStore
from nimbus_runtime.supervisor import Supervisor

_ROUNDS = 8
_FIELDS = Fields("text", "id")
Advance = Callable[[int, int], None]


@dataclass(slots=True)
class Scored:
    """What a bundle made of the sample, by the documents' numbers; `rounds` are (characters, seconds) of each."""

    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    features: dict[int, dict[str, Any]] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    rounds: list[tuple[int, float]] = field(default_factory=list)
    memory: int | None = None


def score(  # noqa: PLR0913, PLR0917 - all that a sample is scored with
    bundles: Sequence[Bundle],
    texts: Sequence[str],
    annotations: Sequence[tuple[Annotation, ...] | None],
    gemm: Gemm | None,
    workers: int,
    advance: Advance = lambda _done, _all: None,
) -> list[Scored]:
    """Have each bundle score all texts; they take turns, so that a machine's moods are the same for all."""
    with ExitStack() as stack:
        if threading.current_thread() is threading.main_thread():  # signals are that thread's
            stack.enter_context(interruptible("run the same command again: nothing was published"))
        folder = stack.enter_context(scratch.folder("shadow"))
        rounds = _written(folder / "sample", texts, workers)
        scoring = [
            stack.enter_context(_scoring(folder / str(n), bundle, rounds, wanted, gemm, workers))
            for n, (bundle, wanted) in enumerate(zip(bundles, annotations, strict=True))
        ]
        for number in range(len(rounds)):
            for one in scoring if number % 2 else reversed(scoring):
                one.score(number)
            advance(number + 1, len(rounds))
        return [one.result() for one in scoring]


def _written(folder: Path, texts: Sequence[str], workers: int) -> list[list[Path]]:
    """Write the texts into files, one a worker and round; a document's number is its id."""
    folder.mkdir()
    files = max(1, min(_ROUNDS * workers, len(texts)))
    names = [folder / f"{number:04d}.jsonl" for number in range(files)]
    for number, name in enumerate(names):
        numbers = range(number * len(texts) // files, (number + 1) * len(texts) // files)
        lines = [json.dumps({"id": str(n), "text": texts[n]}) + "\n" for n in numbers]
        name.write_text("".join(lines), encoding="utf-8")
    return [names[at : at + workers] for at in range(0, files, workers)]


@contextmanager
def _scoring(  # noqa: PLR0913, PLR0917 - all that one bundle is scored with
    folder: Path,
    bundle: Bundle,
    rounds: list[list[Path]],
    annotations: tuple[Annotation, ...] | None,
    gemm: Gemm | None,
    workers: int,
) -> Iterator[_Scoring]:
    store = DirectoryStore(folder)
    files = readers.resolve([str(name) for names in rounds for name in names], folder)
    order = planner.Order(_FIELDS, annotations, OutputFormat.JSONL, max_quarantine=1.0, gemm=gemm)
    plan = planner.plan_run(store, bundle, files, order, claims.this_process())
    with Supervisor(bundle.path, workers) as supervisor:
        yield _Scoring(store, plan, supervisor, rounds)


class _Scoring:
    """A run over the sample, round by round; a supervisor's progress."""

    def __init__(self, store: DirectoryStore, plan: Plan, supervisor: Supervisor, rounds: list[list[Path]]) -> None:
        self._store, self._plan, self._supervisor = store, plan, supervisor
        self._files = [{str(name) for name in names} for names in rounds]
        self._commits: list[Commit] = []
        self._result = Scored()

    def score(self, number: int) -> None:
        """Score a round."""
        shards = [n for n, s in enumerate(self._plan.shards) if self._plan.inputs[s.input].key in self._files[number]]
        before = len(self._commits)
        if shards:
            self._supervisor.score(str(self._store.root), self._plan.run, "shadow", shards, self)
        done = self._commits[before:]
        self._result.rounds.append((sum(c.counts.characters for c in done), sum(c.seconds for c in done)))

    def advanced(self, shard: int, documents: int, quarantined: int, position: int) -> None:
        """Say nothing: a round is short."""

    def committed(self, shard: int, commit: Commit) -> None:
        """Note a shard, and how much memory its worker has taken at most."""
        del shard
        self._commits.append(commit)
        self._result.memory = max(
            filter(None, (self._result.memory, _peak(self._supervisor.processes()))), default=None
        )

    def worker_died(self, shard: int | None, cause: str) -> None:
        """Say nothing: the document that did it is counted as failed."""

    def result(self) -> Scored:
        """Read what was written."""
        for shard in range(len(self._plan.shards)):
            commit = canary.read_commit(self._store, self._plan, self._plan.release, shard)
            rows = self._store.read(paths.data(self._plan.run, commit.rows.file)) or b""
            for line in rows.splitlines():
                row = json.loads(line)
                self._result.rows[int(row["id"])] = row
            for row in self._table(commit.features.file):
                self._result.features[int(row["id"])] = row
            if commit.quarantine is not None:
                for row in self._table(commit.quarantine.file):
                    self._result.failed[int(row["id"])] = row["reason"]
        return self._result

    def _table(self, file: str) -> list[dict[str, Any]]:
        with self._store.opened(paths.data(self._plan.run, file)) as opened:
            rows: list[dict[str, Any]] = tables.read(opened).to_pylist()
        return rows


def _peak(processes: Sequence[int]) -> int | None:
    """Return the most memory that one of these processes has had resident, in bytes; None where nobody says."""
    found = []
    for process in processes:
        try:
            status = Path("/proc", str(process), "status").read_text(encoding="ascii", errors="replace")
        except OSError:
            continue
        found += [int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")]
    return max(found, default=None)
