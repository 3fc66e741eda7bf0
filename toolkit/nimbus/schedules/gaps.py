"""How far due times lie apart: a function of an expression alone, so that it is the same on every day it is asked."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from nimbus.schedules.cron import Cron
from nimbus.schedules.expressions import At, Expression, Rate

_ANCHOR = 2025  # with the three years after it, February 29th among them
_YEARS = 4


def gaps(expression: Expression) -> tuple[timedelta, timedelta] | None:
    """Return the shortest and the longest time between two due times, None where there is but one.

    As clocks show them: the hour that spring takes and autumn gives makes no gap shorter or longer.
    """
    match expression:
        case At():
            return None
        case Rate():
            return expression.every, expression.every
        case Cron():
            return _of_cron(expression)


def _of_cron(cron: Cron) -> tuple[timedelta, timedelta] | None:
    times = sorted(timedelta(hours=hour, minutes=minute) for hour in cron.hours for minute in cron.minutes)
    found = {later - earlier for earlier, later in pairwise(times)}
    over_night = times[0] - times[-1]
    years = [year for year in sorted(cron.years) if year >= _ANCHOR][:_YEARS]
    days = [day for year in years for day in _days(year) if cron.on(day)]
    found |= {later - earlier + over_night for earlier, later in pairwise(days)}
    return (min(found), max(found)) if found else None


def _days(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days)]
