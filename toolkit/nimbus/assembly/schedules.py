"""Schedules of environments: read from the project's file, or from EventBridge Scheduler."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nimbus import assembly
from nimbus.config import Environment, Kind, Project
from nimbus.config.sections import CatchUp, Overlap
from nimbus.runs import schedule as scheduling
from nimbus.schedules import due, expressions
from nimbus_runtime import clock, live
from nimbus_runtime.contract.errors import UsageError

if TYPE_CHECKING:
    from nimbus.adapters.commands import Tell
    from nimbus_runtime.store import Store


@dataclass(frozen=True, slots=True)
class Timetable:
    """When an environment's runs are due."""

    environment: Environment
    store: Store
    expression: str
    time_zone: str
    paused: bool

    @property
    def schedule(self) -> due.Schedule:
        """Return it as a value that due times are computed from."""
        return due.Schedule(expressions.parse(self.expression), scheduling.ANCHOR, self.time_zone)

    def upcoming(self, after: datetime, count: int) -> list[datetime]:
        """Return the next due times."""
        return due.upcoming(self.schedule, after, count)


def timetable(project: Project) -> Timetable:
    """Return when an environment's runs are due: on AWS what Terraform has made, elsewhere what the file says."""
    environment = assembly.environment(project)
    store = assembly.open_environment(environment)
    if environment.outputs is not None:
        from nimbus.adapters.scheduler import DeployedSchedule  # noqa: PLC0415 - only what the environment needs

        outputs = environment.outputs
        expression, zone = DeployedSchedule(outputs.schedule, outputs.region).expression()
    elif project.schedule is not None:
        expression, zone = project.schedule.expression, project.schedule.time_zone
    else:
        raise UsageError(
            "no schedule is set",
            where=str(project.file),
            expected='[schedule] with an expression, such as expression = "cron(0 2 * * ? *)"',
            remedy="add it; `nimbus run` starts a run now",
        )
    present = live.read(store)
    return Timetable(environment, store, expression, zone, present is not None and present.paused)


def watch(project: Project, timetable: Timetable, workers: int | None, tell: Tell) -> scheduling.Watch:
    """Return what runs the due runs of a local environment; it begins after the latest one that there was."""
    from nimbus.adapters.commands import DueRuns  # noqa: PLC0415 - only where runs are started

    if timetable.environment.kind is not Kind.LOCAL:
        raise UsageError(
            "schedules on AWS run by themselves",
            where=timetable.environment.name,
            remedy="`nimbus schedule show` says when; `nimbus pause` pauses them",
        )
    settings = project.schedule
    policy = scheduling.Policy(
        settings.overlap if settings else Overlap.WAIT, settings.catch_up if settings else CatchUp.LATEST
    )
    return scheduling.Watch(
        timetable.schedule,
        policy,
        DueRuns(project.file, project.environment, workers, tell),
        now=clock.now,
        sleep=time.sleep,
        looked=scheduling.last_due(timetable.store) or datetime.now(UTC),
    )
