"""When a schedule is due: a function of its values and two instants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from nimbus.schedules.cron import Cron
from nimbus.schedules.expressions import At, Expression, Rate

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Schedule:
    """What decides when a schedule is due."""

    expression: Expression
    created: datetime
    """Where a rate without a start begins: at once (Scheduler guide, schedule types)."""
    zone: str = "UTC"
    start: datetime | None = None
    end: datetime | None = None
    enabled: bool = True


def due(schedule: Schedule, after: datetime, until: datetime) -> list[datetime]:
    """All instants, in UTC, after the one and until the other that the schedule is due, in order.

    A local time that spring skips is skipped, and one that autumn repeats is due once, the first time (Scheduler guide,
    daylight saving). A rate counts on the clock and knows no local time. Start and end do not concern `at(…)`.
    """
    if not schedule.enabled or until <= after:
        return []
    expression = schedule.expression
    if isinstance(expression, At):
        instant = instant_of(expression.local, schedule.zone)
        return [instant] if instant and after < instant <= until else []
    first = max(after, schedule.start - timedelta(microseconds=1)) if schedule.start else after
    last = min(until, schedule.end) if schedule.end else until
    if isinstance(expression, Rate):
        return _rate(expression, schedule.start or schedule.created, first, last)
    return _cron(expression, schedule.zone, first, last)


def instant_of(local: datetime, zone: str) -> datetime | None:
    """Return the first instant, in UTC, at which clocks of a zone show a time; None where they skip it."""
    instant = local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    shown = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return instant if shown == local.replace(fold=0) else None


def _rate(rate: Rate, anchor: datetime, after: datetime, until: datetime) -> list[datetime]:
    anchor = anchor.astimezone(UTC)
    steps = max(0, (after - anchor) // rate.every)
    instant, instants = anchor + steps * rate.every, []
    while instant <= until:
        if instant > after:
            instants.append(instant)
        instant += rate.every
    return instants


def _cron(cron: Cron, zone: str, after: datetime, until: datetime) -> list[datetime]:
    local = ZoneInfo(zone)
    day, last = after.astimezone(local).date() - _DAY, until.astimezone(local).date() + _DAY
    instants = []
    while day <= last:
        if cron.on(day):
            for hour in cron.hours:
                for minute in cron.minutes:
                    instant = instant_of(datetime(day.year, day.month, day.day, hour, minute), zone)  # noqa: DTZ001 - local
                    if instant and after < instant <= until:
                        instants.append(instant)
        day += _DAY
    return sorted(instants)


def upcoming(schedule: Schedule, after: datetime, count: int) -> list[datetime]:
    """Return the next instants that a schedule is due, at most `count`, and none that is years away."""
    found: list[datetime] = []
    for days in (1 / 24, 1, 32, 367, 1470):  # February 29th comes within four years
        found = due(schedule, after, after + timedelta(days=days))
        if len(found) >= count:
            break
    return found[:count]
