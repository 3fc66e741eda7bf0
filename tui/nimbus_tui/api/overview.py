"""How the pipeline is: what is live, how its runs went, what comes next, what needs attention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from nimbus_tui.api.attention import Attention, attention

if TYPE_CHECKING:
    from datetime import datetime

    from nimbus.config import Environment
    from nimbus.executions import Alarm
    from nimbus.releases.history import Change
    from nimbus.releases.show import Shown
    from nimbus.runs.overview import Overview
    from nimbus_runtime.contract.records import Live
    from nimbus_tui.api.session import Session

_RUNS, _CHANGES = 30, 12
_PATIENCE = timedelta(minutes=15)  # until a run that has not begun counts as missed


@dataclass(frozen=True, slots=True)
class Timing:
    """When runs are due, in the schedule's time zone: the next times; `missed` is the last, where no run came of it."""

    expression: str
    time_zone: str
    upcoming: tuple[datetime, ...]
    missed: datetime | None = None


@dataclass(frozen=True, slots=True)
class State:
    """All of the first screen. `timing` is None without a schedule.

    `alarms` are None where there are none by nature; `unknown` says why they are not known.
    """

    live: Live | None
    release: Shown | None
    runs: tuple[Overview, ...]
    changes: tuple[Change, ...]
    timing: Timing | None
    attention: tuple[Attention, ...]
    alarms: tuple[Alarm, ...] | None = None
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class HowItIs:
    """Asks how the pipeline is."""

    def ask(self, session: Session) -> State:
        """Read what is live, the latest runs and changes, and the schedule."""
        from nimbus import assembly, releasing  # noqa: PLC0415 - only when it is asked
        from nimbus.assembly.runs import runs  # noqa: PLC0415 - as above
        from nimbus_runtime import live  # noqa: PLC0415 - as above

        environment = session.environment()
        present = live.read(assembly.open_environment(environment))
        latest = tuple(runs(environment).latest(_RUNS))
        shown = None if present is None else releasing.show(environment, present.release)
        timing = _timing(session, latest, None if present is None else present.entry.time)
        alarms, unknown = alarms_of(environment)
        return State(
            live=present,
            release=shown,
            runs=latest,
            changes=() if present is None else tuple(releasing.history(environment, _CHANGES)),
            timing=timing,
            attention=attention(
                present,
                latest,
                paused=present is not None and present.paused,
                missed=None if timing is None else timing.missed,
                evidence=() if shown is None else shown.evidence,
                lacks=None if shown is None else shown.lacks,
                alarms=alarms or (),
                unknown=unknown,
            ),
            alarms=alarms,
            unknown=unknown,
        )


@dataclass(frozen=True, slots=True)
class WhatToDo:
    """Asks what the runbook says about an alarm."""

    alarm: str

    def ask(self, session: Session) -> str:
        """Read its section."""
        del session
        from nimbus.assembly.runs import runbook  # noqa: PLC0415 - only when it is asked

        return runbook(self.alarm)


def alarms_of(environment: Environment) -> tuple[tuple[Alarm, ...] | None, str]:
    """Return an environment's alarms, and why they are not known where they are not: the rest is shown without them."""
    from nimbus.assembly.runs import alarms  # noqa: PLC0415 - only when it is asked
    from nimbus_runtime.contract.errors import NimbusError  # noqa: PLC0415 - as above

    try:
        found = alarms(environment)
    except NimbusError as error:
        return None, error.what
    return None if found is None else tuple(found), ""


def _timing(session: Session, runs: tuple[Overview, ...], since: str | None) -> Timing | None:
    from datetime import datetime  # noqa: PLC0415 - only here at run time
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - as above

    from nimbus.assembly.schedules import timetable  # noqa: PLC0415 - only when it is asked
    from nimbus_runtime.contract.errors import UsageError  # noqa: PLC0415 - as above

    try:
        table = timetable(session.project())
    except UsageError:
        return None
    now, zone = session.now, ZoneInfo(table.time_zone)
    upcoming = tuple(due.astimezone(zone) for due in table.upcoming(now, 3))
    scheduled = [run.scheduled_time for run in runs if run.kind == "scheduled" and run.scheduled_time]
    missed = None
    if scheduled and since is not None and not table.paused:
        last = max(map(datetime.fromisoformat, scheduled))
        due = table.upcoming(last, 1)
        missed = due[0].astimezone(zone) if due and due[0] < now - _PATIENCE else None
    return Timing(table.expression, table.time_zone, upcoming, missed)
