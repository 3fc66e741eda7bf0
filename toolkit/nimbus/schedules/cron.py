"""Cron expressions as EventBridge Scheduler has them: six fields, days of the week from SUN = 1, and `? L W #`."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_WEEKDAYS = {name: number for number, name in enumerate("SUN MON TUE WED THU FRI SAT".split(), start=1)}
_SATURDAY = 7


@dataclass(frozen=True)
class Field:
    """One of the six, and the values that it may have."""

    name: str
    least: int
    most: int
    names: tuple[tuple[str, int], ...] = ()

    def numbers(self, text: str) -> frozenset[int]:
        """All values that a list of numbers, names, ranges and steps means."""
        return frozenset(number for part in text.split(",") for number in self._part(part))

    def number(self, text: str) -> int:
        """One number or name."""
        value = dict(self.names).get(text.upper())
        if value is None and text.isdecimal():
            value = int(text)
        if value is None or not self.least <= value <= self.most:
            raise ValueError(f"cron: {self.name} {text!r} is not a value from {self.least} to {self.most}")
        return value

    def _part(self, text: str) -> range:
        span, slash, step = text.partition("/")
        if slash and not (step.isdecimal() and int(step) > 0):
            raise ValueError(f"cron: {self.name} {text!r} has a step that is not a positive number")
        first, dash, last = span.partition("-")
        if span == "*":
            bounds = self.least, self.most
        elif dash:
            bounds = self.number(first), self.number(last)
        else:
            bounds = self.number(span), self.most if slash else self.number(span)
        if bounds[0] > bounds[1]:
            raise ValueError(f"cron: {self.name} {text!r} ends before it begins")
        return range(bounds[0], bounds[1] + 1, int(step or 1))


_MINUTE = Field("minutes", 0, 59)
_HOUR = Field("hours", 0, 23)
_DAY = Field("day of the month", 1, 31)
_MONTH = Field("month", 1, 12, tuple(_MONTHS.items()))
_WEEKDAY = Field("day of the week", 1, _SATURDAY, tuple(_WEEKDAYS.items()))
_YEAR = Field("year", 1970, 2199)


@dataclass(frozen=True)
class Cron:
    """An expression whose days are still text: which day `L` or `15W` is depends on the month."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    day: str
    months: frozenset[int]
    weekday: str
    years: frozenset[int]

    def on(self, day: date) -> bool:
        """Whether it has any time on this day."""
        if day.year not in self.years or day.month not in self.months:
            return False
        if self.weekday == "?":
            return any(_is_day(part, day) for part in self.day.split(","))
        return any(_is_weekday(part, day) for part in self.weekday.split(","))


def parse(text: str) -> Cron:
    """Return the expression between the parentheses of `cron(…)`; ValueError with what is wrong."""
    fields = text.split()
    if len(fields) != 6:
        raise ValueError(f"cron: {text!r} has {len(fields)} fields, not six: minutes hours day month weekday year")
    minutes, hours, day, month, weekday, year = fields
    if (day == "?") == (weekday == "?"):
        raise ValueError(f"cron: {text!r} needs ? as the day of the month or as the day of the week, and not as both")
    cron = Cron(
        minutes=tuple(sorted(_MINUTE.numbers(minutes))),
        hours=tuple(sorted(_HOUR.numbers(hours))),
        day=day.upper(),
        months=_MONTH.numbers(month),
        weekday=weekday.upper(),
        years=_YEAR.numbers(year),
    )
    sample = date(2024, 1, 1)
    for part in cron.day.split(",") if weekday == "?" else ():
        _is_day(part, sample)
    for part in cron.weekday.split(",") if day == "?" else ():
        _is_weekday(part, sample)
    return cron


def _is_day(part: str, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    if part == "L":
        return day.day == last
    if part == "LW":
        return day == _nearest_weekday(day.replace(day=last))
    if part.endswith("W"):
        wanted = _DAY.number(part[:-1])
        return wanted <= last and day == _nearest_weekday(day.replace(day=wanted))
    return day.day in _DAY.numbers(part)


def _is_weekday(part: str, day: date) -> bool:
    number = day.isoweekday() % 7 + 1
    if part == "L":
        return number == _SATURDAY
    if part.endswith("L"):
        return number == _WEEKDAY.number(part[:-1]) and (day + timedelta(days=7)).month != day.month
    weekday, hash_sign, nth = part.partition("#")
    if hash_sign:
        if nth not in {"1", "2", "3", "4", "5"}:
            raise ValueError(f"cron: day of the week {part!r} is not the first to fifth of a month")
        return number == _WEEKDAY.number(weekday) and (day.day - 1) // 7 + 1 == int(nth)
    return number in _WEEKDAY.numbers(part)


def _nearest_weekday(day: date) -> date:
    """Monday to Friday nearest to a day, within its month."""
    last = calendar.monthrange(day.year, day.month)[1]
    if day.isoweekday() == 6:
        return day - timedelta(days=1) if day.day > 1 else day + timedelta(days=2)
    if day.isoweekday() == 7:
        return day + timedelta(days=1) if day.day < last else day - timedelta(days=2)
    return day
