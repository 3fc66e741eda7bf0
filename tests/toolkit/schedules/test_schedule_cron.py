"""Cron expressions of EventBridge Scheduler."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimbus.schedules.cron import parse

NOVEMBER = [date(2026, 11, 1) + timedelta(days=days) for days in range(30)]
"""A Sunday to a Monday."""


def days(text: str, candidates: list[date] = NOVEMBER) -> list[int]:
    """Days of November 2026 that an expression has times on."""
    cron = parse(text)
    return [day.day for day in candidates if cron.on(day)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("1,15 * ?", [1, 15]),
        ("10-12 * ?", [10, 11, 12]),
        ("*/10 * ?", [1, 11, 21]),
        ("28/1 * ?", [28, 29, 30]),
        ("L * ?", [30]),
        ("LW * ?", [30]),
        ("1W * ?", [2]),
        ("15W * ?", [16]),
        ("14W * ?", [13]),
        ("10W * ?", [10]),
        ("31 * ?", []),
        ("31W * ?", []),
        ("? * MON", [2, 9, 16, 23, 30]),
        ("? * 1", [1, 8, 15, 22, 29]),
        ("? * MON-FRI", [day.day for day in NOVEMBER if day.isoweekday() < 6]),
        ("? * SAT,SUN", [1, 7, 8, 14, 15, 21, 22, 28, 29]),
        ("? * L", [7, 14, 21, 28]),
        ("? * 6L", [27]),
        ("? * FRIL", [27]),
        ("? * 2#1", [2]),
        ("? * MON#5", [30]),
        ("? * TUE#5", []),
        ("? NOV SUN", [1, 8, 15, 22, 29]),
        ("? DEC SUN", []),
        ("1 10-12 ?", [1]),
    ],
)
def test_days_are_those_that_the_fields_name(fields: str, expected: list[int]) -> None:
    """Day, month and weekday, with `? L W #`, lists, ranges, steps and names; the first weekday is Sunday."""
    assert days(f"0 2 {fields} *") == expected


def test_the_weekday_nearest_to_the_last_day_stays_in_its_month() -> None:
    """31 January 2027 is a Sunday; so is 28 February."""
    cron = parse("0 0 LW * ? *")
    assert cron.on(date(2027, 1, 29))
    assert cron.on(date(2027, 2, 26))
    assert not cron.on(date(2027, 2, 1))


def test_leap_years_have_a_last_day_of_their_own() -> None:
    """L is the 29th where there is one."""
    assert parse("0 0 L 2 ? *").on(date(2028, 2, 29))
    assert not parse("0 0 L 2 ? *").on(date(2028, 2, 28))


def test_years_limit() -> None:
    """The sixth field is the year."""
    assert parse("0 0 1 1 ? 2027-2028").on(date(2028, 1, 1))
    assert not parse("0 0 1 1 ? 2027-2028").on(date(2029, 1, 1))


def test_minutes_and_hours_are_sets() -> None:
    """Steps begin where they say, and lists may mix."""
    cron = parse("5/20,0 8-10,22 * * ? *")
    assert (cron.minutes, cron.hours) == ((0, 5, 25, 45), (8, 9, 10, 22))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0 2 * * *", "has 5 fields, not six"),
        ("0 2 * * * *", "needs \\?"),
        ("0 2 ? * ? *", "needs \\?"),
        ("60 2 * * ? *", "minutes '60' is not a value from 0 to 59"),
        ("0 24 * * ? *", "hours '24'"),
        ("0 2 0 * ? *", "day of the month '0'"),
        ("0 2 * 13 ? *", "month '13'"),
        ("0 2 ? * 0 *", "day of the week '0'"),
        ("0 2 ? * FOO *", "day of the week 'FOO'"),
        ("0 2 ? * MON#6 *", "first to fifth"),
        ("0 2 * * ? 1969", "year '1969'"),
        ("*/0 2 * * ? *", "step that is not a positive number"),
        ("30-10 2 * * ? *", "ends before it begins"),
        ("x 2 * * ? *", "minutes 'x'"),
        ("² 2 * * ? *", "minutes '²'"),
        ("*/² 2 * * ? *", "step that is not a positive number"),
    ],
)
def test_what_is_no_expression_is_refused_in_words(text: str, problem: str) -> None:
    """The message names the field and what it may be."""
    with pytest.raises(ValueError, match=problem):
        parse(text)


@given(day=st.dates(date(1971, 1, 1), date(2199, 1, 1)))
def test_every_day_is_exactly_one_weekday_of_its_month(day: date) -> None:
    """Of the 35 expressions `weekday#nth` one has the day."""
    assert sum(parse(f"0 0 ? * {weekday}#{nth} *").on(day) for weekday in range(1, 8) for nth in range(1, 6)) == 1


@given(day=st.dates(date(1971, 1, 1), date(2199, 1, 1)))
def test_the_nearest_weekday_is_at_most_two_days_away(day: date) -> None:
    """NW is a weekday of the same month, and the day itself where that is one."""
    cron = parse(f"0 0 {day.day}W {day.month} ? {day.year}")
    (near,) = [other for shift in range(-2, 3) if cron.on(other := day + timedelta(days=shift))]
    assert near.month == day.month
    assert near.isoweekday() < 6
    assert near == day or day.isoweekday() > 5


@given(
    minutes=st.sets(st.integers(0, 59), min_size=1),
    hours=st.sets(st.integers(0, 23), min_size=1),
    month=st.integers(1, 12),
)
def test_lists_of_numbers_come_back_as_they_are(minutes: set[int], hours: set[int], month: int) -> None:
    """What is written out is what is meant."""
    cron = parse(f"{','.join(map(str, minutes))} {','.join(map(str, hours))} ? {month} * *")
    assert (set(cron.minutes), set(cron.hours), set(cron.months)) == (minutes, hours, {month})
