"""A run of what is live, here or in the cloud: of one look at live.json, and never before its time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.fixtures import canaries

from nimbus.adapters.processes import LogFiles, Processes
from nimbus.assembly.runs import Runs
from nimbus.config import Environment, Kind
from nimbus.runs import start
from nimbus.runs.progress import Tracker
from nimbus_runtime import live
from nimbus_runtime.contract import paths
from nimbus_runtime.contract.errors import QuarantineExceededError, UsageError
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.contract.records import Entry, Job, Live, OutputFormat
from nimbus_runtime.live import Publication
from nimbus_runtime.store import DirectoryStore

TYPED = start.Start(scheduled_time=datetime(2999, 11, 22, 2, tzinfo=UTC))


class RolledBackMeanwhile(DirectoryStore):
    """A root that is rolled back to "v1" once somebody has seen that "v2" is live, and reads its release."""

    def read(self, key: str) -> bytes | None:
        """Read a file."""
        if key == paths.release("v2"):
            back = Entry("rollback", "ana", "2026-11-01T00:00:00Z", "", "z")
            live.update(
                self,
                lambda now: (
                    now and replace(now, sequence=now.sequence + 1, entry=back, release="v1", epoch=now.epoch + 1)
                ),
            )
        return super().read(key)


class Nowhere:
    """Starts nothing."""

    def start(self, name: str, given: dict[str, str]) -> str:
        """Say what should not have been started."""
        raise AssertionError(name, given)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root in which "v2" is live."""
    live.update(DirectoryStore(tmp_path / "root"), lambda _: Live(1, Entry("deploy", "ana", "t", "", "x"), "v2"))
    return tmp_path / "root"


def test_a_rollback_while_a_run_starts_is_not_published_over(root: Path, tmp_path: Path, live_bundle: Path) -> None:
    """The run keeps its release, and with that the epoch in which it was live."""
    inputs = canaries.write_inputs(tmp_path / "inputs", files=1, documents=2)
    store = RolledBackMeanwhile(root)
    job = Job((str(inputs),), Fields(id="id"), None, OutputFormat.JSONL, 0.5)
    canaries.register(store, "v2", live_bundle, job=job)
    started = start.here(store, Processes(store), start.Start(), 1, Tracker())
    assert started.result is not None
    assert (started.result.run.release, started.result.publication) == ("v2", Publication.FENCED)
    assert (canaries.state(root).release, canaries.state(root).dataset) == ("v1", None)


def test_a_run_is_not_started_before_its_time(root: Path) -> None:
    """A year that was mistyped would keep every run until then from readers."""
    store = DirectoryStore(root)
    with pytest.raises(UsageError, match="has not come yet"):
        start.here(store, Processes(store), TYPED, 1, Tracker())
    with pytest.raises(UsageError, match="has not come yet"):
        start.there(store, Nowhere(), TYPED)
    assert store.names(paths.RUNS) == []


def test_what_a_run_that_failed_has_set_aside_is_listed(root: Path, tmp_path: Path, live_bundle: Path) -> None:
    """Its release's settings are accepted by a deployment, and not by a resume."""
    inputs = canaries.write_inputs(tmp_path / "inputs", files=1, documents=2)
    (inputs / "bad.jsonl").write_text('{"id": "bad", "text": 3}\n', encoding="utf-8")
    store = DirectoryStore(root)
    canaries.register(store, "v2", live_bundle, job=Job((str(inputs),), Fields(id="id"), None, OutputFormat.JSONL, 0.1))
    with pytest.raises(QuarantineExceededError) as raised:
        start.here(store, Processes(store), start.Start(), 1, Tracker())
    of, run = (
        Runs(Environment(name="local", kind=Kind.LOCAL, root=str(root)), store, Processes(store), LogFiles(store)),
        raised.value.where,
    )
    assert [(row["id"], row["reason"]) for row in of.quarantined(str(run))] == [("bad", "wrong-type")]
    assert str(raised.value.remedy).startswith(f"`nimbus dataset --quarantined --run {run}` lists them")
    assert "max_quarantine in nimbus.toml" in str(raised.value.remedy)
    assert list(of.quarantined("20200101T000000Z")) == list(of.quarantined("../runs")) == []
