"""What publishing a finished run comes to."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from nimbus_runtime import live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.contract.records import (
    Counts,
    Duplicates,
    Entry,
    Execution,
    Gemm,
    Live,
    OutputFormat,
    Plan,
    Run,
    RunKind,
    Settings,
)
from nimbus_runtime.live import Publication
from nimbus_runtime.store import DirectoryStore


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """Return an empty store."""
    return DirectoryStore(tmp_path)


def finished(store: DirectoryStore, day: int, *, release: str = "r1", epoch: int = 0) -> tuple[Plan, Run]:
    """Write a run that is due on a day of November and only waits to be published."""
    name, time = f"202611{day:02d}T020000Z", f"2026-11-{day:02d}T02:00:00.000000Z"
    plan = Plan(
        run=name,
        kind=RunKind.MANUAL,
        scheduled_time=time,
        execution=Execution(f"execution {day}", "somebody", "here", 1, time),
        release=release,
        bundle_digest="b",
        bundle="/bundle",
        epoch=epoch,
        max_quarantine=0.1,
        settings=Settings((), OutputFormat.PARQUET, Fields(), "fp32", Gemm.NUMPY),
        inputs=(),
        shards=(),
    )
    run = Run(
        run=name,
        release=release,
        bundle_digest="b",
        epoch=epoch,
        scheduled_time=time,
        finished=time,
        output_format=OutputFormat.PARQUET,
        annotations=(),
        rows=(),
        quarantine=(),
        features=(),
        counts=Counts(),
        duplicates=Duplicates(),
    )
    store.create(paths.plan(name), codec.encode(plan))
    store.create(paths.dataset(name), codec.encode(run))
    return plan, run


def present(store: DirectoryStore) -> Live:
    """Return the state, which exists."""
    state = live.read(store)
    assert state is not None
    return state


def rolled_back(state: Live | None) -> Live:
    """Return the state as a rollback leaves it."""
    assert state is not None
    return replace(state, sequence=state.sequence + 1, epoch=state.epoch + 1)


def test_the_first_run_is_published(store: DirectoryStore) -> None:
    """It makes the first state, and there is nothing to put into the ledger."""
    plan, run = finished(store, 1)
    assert live.publish(store, plan, run) is Publication.PUBLISHED
    assert (present(store).sequence, present(store).dataset, present(store).release) == (1, run.run, "r1")
    assert store.names("ledger") == []


def test_a_later_run_replaces_an_earlier_one(store: DirectoryStore) -> None:
    """The earlier state is kept whole; another release makes the one before it the previous."""
    live.publish(store, *finished(store, 1))
    before = store.read(paths.LIVE)
    plan, run = finished(store, 2, release="r2")
    assert live.publish(store, plan, run) is Publication.PUBLISHED
    state = present(store)
    assert (state.sequence, state.dataset, state.release, state.previous) == (2, run.run, "r2", "r1")
    assert state.datasets == {"r1": "20261101T020000Z", "r2": "20261102T020000Z"}
    assert store.read(paths.ledger(1)) == before


def test_an_earlier_run_never_replaces_a_later_one(store: DirectoryStore) -> None:
    """A late Monday is superseded by Tuesday, and changes nothing."""
    monday, tuesday = finished(store, 1), finished(store, 2)
    live.publish(store, *tuesday)
    before = store.read(paths.LIVE)
    assert live.publish(store, *monday) is Publication.SUPERSEDED
    assert store.read(paths.LIVE) == before


def test_a_run_that_a_rollback_overtook_is_fenced(store: DirectoryStore) -> None:
    """However late it is due: it was planned before the rollback."""
    live.publish(store, *finished(store, 1))
    late = finished(store, 3)
    live.update(store, rolled_back)
    before = store.read(paths.LIVE)
    assert live.publish(store, *late) is Publication.FENCED
    assert store.read(paths.LIVE) == before
    assert live.publish(store, *finished(store, 4, epoch=1)) is Publication.PUBLISHED


def test_publishing_twice_changes_nothing(store: DirectoryStore) -> None:
    """A resumed run whose publication was not noticed is told that it is published."""
    pair = finished(store, 1)
    live.publish(store, *pair)
    before = store.read(paths.LIVE)
    assert live.publish(store, *pair) is Publication.PUBLISHED
    assert store.read(paths.LIVE) == before


def test_a_change_is_tried_again_on_the_state_that_came_in_between(store: DirectoryStore) -> None:
    """The other's change is kept, and its state stands in the ledger."""
    live.publish(store, *finished(store, 1))
    interfered = []

    def change(state: Live | None) -> Live:
        assert state is not None
        if not interfered:
            interfered.append(state)
            live.publish(store, *finished(store, 2))
        return replace(state, sequence=state.sequence + 1, paused=True)

    live.update(store, change)
    assert (present(store).sequence, present(store).paused, present(store).dataset) == (3, True, "20261102T020000Z")
    assert store.names("ledger") == ["00000001.json", "00000002.json"]


def test_earlier_states_are_read_at_once_and_told_in_order(store: DirectoryStore) -> None:
    """In a bucket each answer takes its time: none waits for the one before. A state that is gone is left out."""
    for number in (1, 2, 3, 5):
        state = Live(number, Entry("publish", "test", "now", "", str(number)), "r1")
        store.create(paths.ledger(number), codec.encode(state))
    together = threading.Barrier(5)

    class Slow:
        """Answers once all five have been asked for."""

        location = store.location

        def read(self, name: str) -> bytes | None:
            """Wait, then read."""
            together.wait(240)
            return store.read(name)

    present = Live(6, Entry("publish", "test", "now", "", "6"), "r1")
    assert [one.sequence for one in live.states(Slow(), present)] == [1, 2, 3, 5, 6]  # type: ignore[arg-type]
