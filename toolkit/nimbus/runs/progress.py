"""How far a run is: a value that screens draw, computed from what the workers report."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nimbus_runtime.contract.inputs import Compression, Format
from nimbus_runtime.contract.records import Commit, Plan

_BYTE_SLICES = frozenset({Format.JSONL, Format.CSV, Format.TEXT})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run at one moment. `done` is the share of the input, 0 to 1; `eta` in seconds, None while unknown."""

    done: float
    shards: int
    shards_done: int
    documents: int
    quarantined: int
    documents_a_second: float
    eta: float | None
    workers_lost: int


class Tracker:
    """Follows a run; an observer that draws nothing."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin at nothing; `clock` gives seconds."""
        self._clock = clock
        self._started = clock()
        self._weights: list[float] = []
        self._spans: list[tuple[int, int] | None] = []
        self._share: dict[int, float] = {}
        self._current: dict[int, tuple[int, int]] = {}
        self._before = self._documents = self._quarantined = 0
        self._done_before = 0.0
        self._finished = 0
        self._lost = 0

    def planned(self, plan: Plan, committed: Sequence[Commit]) -> None:
        """Weigh the shards by their input's bytes; those of earlier attempts count as done."""
        shards_of = Counter(shard.input for shard in plan.shards)
        for shard in plan.shards:
            file = plan.inputs[shard.input] if plan.inputs else None
            sliced = file is not None and file.format in _BYTE_SLICES and file.compression is Compression.NONE
            self._spans.append((shard.start, shard.end) if sliced else None)
            whole = file.size / shards_of[shard.input] if file is not None else 0
            self._weights.append(shard.end - shard.start if sliced else whole)
        for commit in committed:
            self._add(commit)
        self._before, self._done_before = self._documents, self._done()
        self._started = self._clock()

    def advanced(self, shard: int, documents: int, quarantined: int, position: int) -> None:
        """Note how far a shard is."""
        self._current[shard] = (documents, quarantined)
        span = self._spans[shard]
        if span is not None and span[1] > span[0]:
            self._share[shard] = min(1.0, max(0.0, (position - span[0]) / (span[1] - span[0])))

    def committed(self, shard: int, commit: Commit) -> None:
        """Note that a shard is done."""
        self._current.pop(shard, None)
        self._add(commit)

    def worker_died(self, shard: int | None, cause: str) -> None:
        """Note a lost worker; what it had done of its shard will be done again."""
        del cause
        self._lost += 1
        if shard is not None:
            self._current.pop(shard, None)
            self._share.pop(shard, None)

    def snapshot(self) -> Snapshot:
        """Return the run as it is now."""
        documents = self._documents + sum(d for d, _ in self._current.values())
        quarantined = self._quarantined + sum(q for _, q in self._current.values())
        seconds = max(self._clock() - self._started, 1e-9)
        done = self._done()
        gained = done - self._done_before
        return Snapshot(
            done=done,
            shards=len(self._weights),
            shards_done=self._finished,
            documents=documents,
            quarantined=quarantined,
            documents_a_second=(documents - self._before) / seconds,
            eta=seconds * (1 - done) / gained if gained > 0.005 else None,
            workers_lost=self._lost,
        )

    def _add(self, commit: Commit) -> None:
        self._share[commit.shard] = 1.0
        self._documents += commit.counts.documents
        self._quarantined += commit.counts.quarantined
        self._finished += 1

    def _done(self) -> float:
        total = sum(self._weights)
        if not total:
            return self._finished / len(self._weights) if self._weights else 0.0
        return sum(self._weights[shard] * share for shard, share in self._share.items()) / total
