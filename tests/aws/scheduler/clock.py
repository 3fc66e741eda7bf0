"""EventBridge Scheduler in a time that tests set: moto keeps schedules and never fires one."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from moto.scheduler.models import Schedule as MotoSchedule
from moto.scheduler.models import scheduler_backends

from nimbus.schedules import expressions
from nimbus.schedules.due import Schedule, due
from nimbus.schedules.expressions import Rate
from tests.aws.scheduler.faults import DeliveredTwice
from tests.aws.scheduler.invocation import Delivery, invoke

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


class Clock:
    """The time that schedules go by."""

    def __init__(self, local_aws: LocalAws) -> None:
        """Show the real time."""
        self._local_aws = local_aws
        self.reset()

    def reset(self) -> None:
        """Show the real time, and forget when schedules were first seen."""
        self.now = datetime.now(UTC)
        """The virtual time. To set it fires nothing; `advance` does."""
        self.lateness = 0.0
        """Where in a flexible window invocations come, from 0 (when due) to 1 (at its end)."""
        self._seen: dict[tuple[str, str], datetime] = {}

    def advance(self, to: datetime | timedelta) -> tuple[Delivery, ...]:
        """Let the time pass, and fire what is due until then, in order."""
        until = self.now + to if isinstance(to, timedelta) else to
        if until < self.now:
            raise ValueError(f"the clock shows {self.now:%Y-%m-%dT%H:%M:%SZ}, and does not go back to {until}")
        invocations = sorted(
            (
                (late, scheduled, schedule)
                for schedule in _schedules()
                for late, scheduled in self._due(schedule, until)
            ),
            key=lambda invocation: invocation[:2],
        )
        deliveries: list[Delivery] = []
        for late, scheduled, schedule in invocations:
            self.now = late
            deliveries += self._fire(schedule, scheduled)
        self.now = until
        return tuple(deliveries)

    def _due(self, schedule: MotoSchedule, until: datetime) -> list[tuple[datetime, datetime]]:
        window = schedule.flexible_time_window or {}
        late = timedelta(minutes=window.get("MaximumWindowInMinutes") or 0) * self.lateness
        name = schedule.arn, schedule.schedule_expression
        new, created = name not in self._seen, self._seen.setdefault(name, self.now)
        values = Schedule(
            expression=expressions.parse(schedule.schedule_expression),
            created=created,
            zone=schedule.schedule_expression_timezone or "UTC",
            start=_instant(schedule.start_date),
            end=_instant(schedule.end_date),
            enabled=schedule.state == "ENABLED",
        )
        at_once = timedelta(microseconds=1 if new and isinstance(values.expression, Rate) else 0)
        after = max(self.now - late, created) - at_once
        return [(instant + late, instant) for instant in due(values, after, until - late)]

    def _fire(self, schedule: MotoSchedule, scheduled: datetime) -> list[Delivery]:
        times = 2 if self._local_aws.faults.take(DeliveredTwice) else 1
        deliveries: list[Delivery] = []
        together = threading.Barrier(times)

        def deliver() -> None:
            together.wait()
            deliveries.append(invoke(self._local_aws, schedule, scheduled))

        threads = [threading.Thread(target=deliver) for _ in range(times)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return deliveries


def _schedules() -> list[MotoSchedule]:
    return [
        schedule
        for regions in list(scheduler_backends.values())
        for backend in list(regions.values())
        for group in backend.schedule_groups.values()
        for schedule in group.schedules.values()
    ]


def _instant(value: object) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, str) and not value.replace(".", "").isdigit():
        return datetime.fromisoformat(value)
    return datetime.fromtimestamp(float(str(value)), UTC)
