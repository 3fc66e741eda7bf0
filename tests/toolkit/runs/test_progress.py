"""How far a run is said to be."""

from __future__ import annotations

import pytest

from nimbus.runs.progress import Tracker
from nimbus_runtime.contract.inputs import Compression, Fields, Format, InputFile
from nimbus_runtime.contract.records import (
    Commit,
    Counts,
    DataFile,
    Execution,
    Gemm,
    OutputFormat,
    Plan,
    RunKind,
    Settings,
    Shard,
)

FILE = DataFile("f", 0, 0)
TIME = "2026-11-22T02:00:00.000000Z"


def plan(*shards: tuple[int, int, int], packed: bool = False) -> Plan:
    """Return a plan over inputs of a hundred bytes."""
    form, packing = (Format.JSONL, Compression.GZIP if packed else Compression.NONE)
    inputs = [InputFile(f"/{n}", str(n), 100, "v", form, packing) for n in range(1 + max(s[0] for s in shards))]
    return Plan(
        run="r",
        kind=RunKind.MANUAL,
        scheduled_time=TIME,
        execution=Execution("e", "a", "h", 1, TIME),
        release="r1",
        bundle_digest="b",
        bundle="/b",
        epoch=0,
        max_quarantine=0.1,
        settings=Settings((), OutputFormat.PARQUET, Fields(), "fp32", Gemm.NUMPY),
        inputs=tuple(inputs),
        shards=tuple(Shard(*shard) for shard in shards),
    )


def commit(shard: int, documents: int, quarantined: int = 0) -> Commit:
    """Return a shard's commit record."""
    counts = Counts(documents, documents - quarantined, quarantined)
    return Commit(shard, "r1", "a", FILE, None, FILE, counts, 1.0)


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock at its beginning."""
    return Clock()


def test_a_run_is_as_far_as_the_bytes_it_has_read(clock: Clock) -> None:
    """Shards weigh what they span, and the shard in hand counts by its position."""
    tracker = Tracker(clock)
    tracker.planned(plan((0, 0, 25), (0, 25, 100)), [])
    assert (tracker.snapshot().done, tracker.snapshot().eta) == (0.0, None)
    clock.now = 5.0
    tracker.committed(0, commit(0, 10, 1))
    assert tracker.snapshot().done == 0.25
    tracker.advanced(1, 20, 2, 50)
    clock.now = 10.0
    snapshot = tracker.snapshot()
    assert snapshot.done == pytest.approx(0.5)
    assert (snapshot.documents, snapshot.quarantined, snapshot.shards_done, snapshot.shards) == (30, 3, 1, 2)
    assert snapshot.documents_a_second == pytest.approx(3.0)
    assert snapshot.eta == pytest.approx(10.0)


def test_what_an_earlier_attempt_did_counts_as_done_and_not_as_speed(clock: Clock) -> None:
    """The rate and the time left are those of this attempt."""
    tracker = Tracker(clock)
    clock.now = 100.0
    tracker.planned(plan((0, 0, 50), (0, 50, 100)), [commit(0, 1000)])
    assert (tracker.snapshot().done, tracker.snapshot().documents) == (0.5, 1000)
    clock.now = 110.0
    tracker.advanced(1, 10, 0, 75)
    snapshot = tracker.snapshot()
    assert snapshot.documents_a_second == pytest.approx(1.0)
    assert snapshot.eta == pytest.approx(10.0)


def test_a_lost_worker_takes_back_what_it_had_done(clock: Clock) -> None:
    """The shard begins anew, and its documents are counted once."""
    tracker = Tracker(clock)
    tracker.planned(plan((0, 0, 100)), [])
    tracker.advanced(0, 10, 1, 50)
    tracker.worker_died(0, "signal SIGSEGV")
    snapshot = tracker.snapshot()
    assert (snapshot.done, snapshot.documents, snapshot.workers_lost) == (0.0, 0, 1)
    tracker.worker_died(None, "signal SIGSEGV")
    tracker.committed(0, commit(0, 20))
    snapshot = tracker.snapshot()
    assert (snapshot.done, snapshot.documents, snapshot.workers_lost) == (1.0, 20, 2)


def test_a_packed_input_is_done_when_it_is_committed(clock: Clock) -> None:
    """How far a position is in a packed file cannot be told."""
    tracker = Tracker(clock)
    tracker.planned(plan((0, 0, 1), (1, 0, 1), packed=True), [])
    tracker.advanced(0, 10, 0, 5000)
    assert tracker.snapshot().done == 0.0
    tracker.committed(0, commit(0, 20))
    assert tracker.snapshot().done == 0.5


def test_a_position_outside_its_shard_is_not_believed(clock: Clock) -> None:
    """No run is more than done, or less than begun."""
    tracker = Tracker(clock)
    tracker.planned(plan((0, 10, 100)), [])
    tracker.advanced(0, 1, 0, 500)
    assert tracker.snapshot().done == 1.0
    tracker.advanced(0, 1, 0, 0)
    assert tracker.snapshot().done == 0.0
