"""Rules of how runs are told, whatever executes them."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.fixtures.roots import planned

from nimbus.adapters.processes import Processes
from nimbus.executions import State, Status
from nimbus.runs import overview
from nimbus.runs.overview import Standing
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import RunNotFoundError, RunOwnedError
from nimbus_runtime.contract.records import Claim, Commit, Counts, DataFile, Execution, Plan, Shard
from nimbus_runtime.store import DirectoryStore

LONG_AGO = "2026-11-01T02:00:00Z"


@dataclass(frozen=True)
class Going:
    """An environment in which every run goes, and these executions have planned none."""

    without_a_plan: Sequence[Status] = ()

    def status(self, run: str, attempt: int, execution: Execution) -> Status:
        """Say that it goes."""
        del run, attempt
        return Status(execution.id, State.RUNNING, execution.started)

    def pending(self, limit: int) -> Sequence[Status]:
        """Return the executions."""
        return self.without_a_plan[:limit]

    def stop(self, execution: Execution, reason: str) -> None:
        """Do nothing."""


def _half_done(store: DirectoryStore) -> Plan:
    """Plan a run of two shards, of which one is committed."""
    plan = planned(DirectoryStore(store.root / "elsewhere"), 1, "v1")
    plan = replace(plan, shards=(Shard(0, 0, 1), Shard(0, 1, 2)))
    store.create(paths.plan(plan.run), codec.encode(plan))
    file = DataFile("0.jsonl", 9000, 1)
    done = Commit(0, "v1", "first", file, None, file, Counts(documents=9000, scored=9000), 60.0)
    store.create(paths.commit(plan.run, "v1", 0), codec.encode(done))
    return plan


def test_what_an_earlier_attempt_did_is_no_pace_of_the_present_one(tmp_path: Path) -> None:
    """A run that was redriven a second ago has not scored 9,000 documents in it."""
    store = DirectoryStore(tmp_path)
    plan = _half_done(store)
    first = overview.overview(store, Going(), plan.run)
    assert (first.standing, first.documents) == (Standing.RUNNING, 9000)
    assert first.documents_a_second is not None
    store.create(paths.claim(plan.run, 2), codec.encode(Claim(2, replace(plan.execution, id="second"))))
    second = overview.overview(store, Going(), plan.run)
    assert (second.attempt, second.documents, second.documents_a_second, second.eta) == (2, 9000, None, None)


def test_an_execution_without_a_plan_is_told_by_the_name_that_is_listed(tmp_path: Path) -> None:
    """While it starts and where it failed; what nobody knows is still no run."""
    store = DirectoryStore(tmp_path)
    failed = Status("arn:aws:states:x:execution:machine:odd", State.FAILED, LONG_AGO, LONG_AGO, "no image")
    there = Going((failed, Status("other", State.SUCCEEDED, LONG_AGO)))
    (listed,) = overview.overviews(store, there, 10)
    assert overview.overview(store, there, listed.execution) == listed
    assert (listed.standing, listed.run, listed.error) == (Standing.FAILED, "", "no image")
    for name in ("other", "nobody's"):
        with pytest.raises(RunNotFoundError):
            overview.overview(store, there, name)


def test_another_user_s_run_is_not_cancelled(tmp_path: Path) -> None:
    """It is said whose it is, without a traceback."""
    if os.getuid() != 0:
        pytest.skip("only root can start a process of another user")
    processes = Processes(DirectoryStore(tmp_path))
    process = subprocess.Popen(["sleep", "600"], user=12345)
    os.seteuid(65534)
    try:
        execution = Execution("x", "ben@here", socket.gethostname(), process.pid, LONG_AGO)
        with pytest.raises(RunOwnedError, match="another user's process"):
            processes.stop(execution, "")
        assert process.poll() is None
    finally:
        os.seteuid(0)
        process.kill()
        process.wait()
