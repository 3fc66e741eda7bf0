"""Runs in an environment: the same use cases, with processes and a folder or with AWS behind them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimbus import assembly
from nimbus.config import Environment, Kind
from nimbus.runs import cancel as cancelling
from nimbus.runs import logs as logging
from nimbus.runs import overview, start
from nimbus.runs import shards as sharding
from nimbus_runtime.contract import paths
from nimbus_runtime.contract.records import Live
from nimbus_runtime.store import DirectoryStore

if TYPE_CHECKING:
    from nimbus.executions import Alarm, Line, Status
    from nimbus.runs.executions import Executions, Logs
    from nimbus.runs.observer import Observer
    from nimbus.runs.submit import Result
    from nimbus_runtime.contract.records import Dispatch
    from nimbus_runtime.store import Store


@dataclass(frozen=True, slots=True)
class Runs:
    """An environment's runs. `machine` is None where this machine executes them."""

    environment: Environment
    store: Store
    executions: Executions
    source: Logs
    machine: start.Machine | None = None

    def latest(self, limit: int) -> list[overview.Overview]:
        """Return the latest runs, the newest first."""
        return overview.overviews(self.store, self.executions, limit)

    def names(self) -> list[str]:
        """Return the names of all runs, sorted; nothing of them is read."""
        return self.store.names(paths.RUNS)

    def quarantined(self, run: str) -> Iterator[dict[str, Any]]:
        """Yield what stands of a run's quarantined documents so far: id, input, position, reason, detail."""
        from nimbus.adapters.rows import RowFiles  # noqa: PLC0415 - only where they are read
        from nimbus_runtime import published  # noqa: PLC0415 - as above

        known = run in self.names() and self.planned(run)
        for item in published.set_aside(self.store, run).quarantine if known else ():
            with self.store.opened(paths.data(run, item.file)) as file:
                yield from RowFiles().rows(file)

    def one(self, run: str) -> overview.Overview:
        """Return how a run is."""
        return overview.overview(self.store, self.executions, run)

    def planned(self, run: str) -> bool:
        """Say whether a run has a plan."""
        return bool(run) and self.store.read(paths.plan(run)) is not None

    def shards(self, run: str, looked_at: Iterable[int]) -> sharding.Shards:
        """Return which shards of a run are done, and what those that are looked at came to."""
        return sharding.shards(self.store, run, looked_at)

    def start(self, wanted: start.Start, workers: int, observer: Observer) -> start.Started | str:
        """Run to the end on this machine, or start an execution in the cloud and return its id."""
        from nimbus.releases import registry  # noqa: PLC0415 - only where one is named

        if wanted.release:
            wanted = replace(wanted, release=registry.named(self.store, wanted.release))
        if self.machine is not None:
            return start.there(self.store, self.machine, wanted)
        return start.here(self._folder(), self.executions, wanted, workers, observer)

    def redrive(self, run: str, workers: int, observer: Observer) -> Result | str:
        """Do what is missing of a run: on this machine to the end, or by an execution whose id is returned."""
        if self.machine is not None:
            return start.redo_there(self.store, self.executions, self.machine, run)
        return start.redo_here(self._folder(), run, workers, observer)

    def outcome(self, execution: str) -> Dispatch | None:
        """Return what an execution in the cloud has decided to do, None while it has not."""
        return start.outcome(self.store, execution)

    def described(self, execution: str) -> Status:
        """Return how an execution in the cloud is."""
        from nimbus_runtime.contract.records import Execution  # noqa: PLC0415

        return self.executions.status("", 0, Execution(execution, "", "", 0, ""))

    def cancel(self, run: str, reason: str) -> bool:
        """Stop a run; return whether it has ended, or was only asked to."""
        return cancelling.cancel(self.store, self.executions, run, reason, time.sleep)

    def logs(self, run: str, *, follow: bool) -> Iterator[Line]:
        """Yield what a run's tasks have said."""
        return logging.logs(self.store, self.executions, self.source, run, follow=follow, sleep=time.sleep)

    def _folder(self) -> DirectoryStore:
        assert isinstance(self.store, DirectoryStore)  # noqa: S101 - without a machine, it is
        return self.store


def runs(environment: Environment) -> Runs:
    """Return the runs of an environment."""
    if environment.kind is Kind.LOCAL:
        from nimbus.adapters.processes import LogFiles, Processes  # noqa: PLC0415 - only what the environment needs

        store = assembly.open_environment(environment)
        assert isinstance(store, DirectoryStore)  # noqa: S101 - a local environment's root is a folder
        return Runs(environment, store, Processes(store), LogFiles(store))
    from nimbus.adapters.cloudwatch_logs import TaskLogs  # noqa: PLC0415 - as above
    from nimbus.adapters.state_machine import StateMachine  # noqa: PLC0415 - as above

    outputs = environment.outputs
    assert outputs is not None  # noqa: S101 - one on AWS has them
    machine = StateMachine(outputs.state_machine, outputs.region)
    logs = TaskLogs(outputs.log_group, outputs.region)
    return Runs(environment, assembly.open_environment(environment), machine, logs, machine)


def alarms(environment: Environment) -> list[Alarm] | None:
    """Return an environment's alarms, those that are raised first; None where this machine runs it, without any."""
    from nimbus.runs import alarms as telling  # noqa: PLC0415 - only where they are asked for

    outputs = environment.outputs
    if outputs is None:
        return None
    from nimbus.adapters.cloudwatch import Alarms  # noqa: PLC0415 - only what the environment needs

    prefix = outputs.schedule.partition("/")[0]  # what all that belongs to the pipeline is named by
    return telling.alarms(Alarms(f"{prefix}-", outputs.region))


def runbook(alarm: str) -> str:
    """Return what the runbook says about an alarm; it comes with an installed toolkit, and stands in a checkout."""
    import nimbus.runs  # noqa: PLC0415 - as above
    from nimbus.runs import alarms as telling  # noqa: PLC0415 - as above
    from nimbus_runtime.contract.errors import UsageError  # noqa: PLC0415 - as above

    if alarm not in telling.NAMES:
        remedy = "name one of these"
        raise UsageError("there is no such alarm", got=alarm, expected=", ".join(telling.NAMES), remedy=remedy)
    package = Path(nimbus.runs.__file__).parent
    installed = package / "runbook.md"
    book = installed if installed.is_file() else package.parents[2] / "docs" / "runbook.md"
    return telling.section(book.read_text("utf-8"), alarm)


def pause(environment: Environment, reason: str, *, paused: bool) -> tuple[Live, bool]:
    """Pause an environment's schedule or let it go on; return the state, and whether anything changed."""
    from nimbus.releases import pause as pausing  # noqa: PLC0415

    store = assembly.open_environment(environment)
    return pausing.pause(store, assembly.actor(environment), reason, paused=paused)
