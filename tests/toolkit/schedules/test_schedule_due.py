"""When schedules are due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimbus.schedules import expressions
from nimbus.schedules.due import Schedule, due, instant_of
from nimbus.schedules.expressions import At, Rate

CREATED = datetime(2026, 11, 1, tzinfo=UTC)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds it
SPANS = st.timedeltas(timedelta(0), timedelta(days=40))
DAILY = "cron(30 2 * * ? *)"


def schedule(text: str, zone: str = "UTC") -> Schedule:
    """Return a schedule of an expression."""
    return Schedule(expressions.parse(text), CREATED, zone)


def at(text: str) -> datetime:
    """Return an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_first_instant_is_left_out_and_the_last_is_in() -> None:
    """So that one span after the other gives every instant once."""
    daily = schedule(DAILY)
    assert due(daily, at("2026-11-22T02:30"), at("2026-11-24T02:30")) == [
        at("2026-11-23T02:30"),
        at("2026-11-24T02:30"),
    ]


def test_a_local_time_moves_with_daylight_saving() -> None:
    """Two in Berlin is midnight in UTC in summer and one in winter."""
    berlin = schedule("cron(0 2 * * ? *)", "Europe/Berlin")
    assert due(berlin, at("2026-07-01"), at("2026-07-02")) == [at("2026-07-01T00:00") + timedelta(days=1)]
    assert due(berlin, at("2026-12-01"), at("2026-12-02")) == [at("2026-12-01T01:00")]


def test_a_time_that_spring_skips_is_skipped() -> None:
    """Clocks in Berlin went from 2 to 3 on 29 March 2026: there was no half past two."""
    instants = due(schedule(DAILY, "Europe/Berlin"), at("2026-03-28"), at("2026-03-31"))
    assert instants == [at("2026-03-28T01:30"), at("2026-03-30T00:30")]


def test_a_time_that_autumn_repeats_is_due_once() -> None:
    """Clocks in Berlin showed half past two twice on 25 October 2026: the first one counts."""
    instants = due(schedule(DAILY, "Europe/Berlin"), at("2026-10-24T12:00"), at("2026-10-26"))
    assert instants == [at("2026-10-25T00:30")]


def test_a_rate_is_hours_on_the_clock_in_any_zone() -> None:
    """rate(24 hours) does not keep the local time when clocks change."""
    rate = replace(schedule("rate(1 days)", "Europe/Berlin"), created=at("2026-10-24T10:00"))
    instants = due(rate, at("2026-10-24T09:00"), at("2026-10-26T12:00"))
    assert [instant.hour for instant in instants] == [10, 10, 10]
    assert {instant.astimezone(ZoneInfo("Europe/Berlin")).hour for instant in instants} == {12, 11}


def test_a_rate_without_a_start_is_due_at_once() -> None:
    """It counts from when it was created; with a start, from there."""
    hourly = schedule("rate(6 hours)")
    assert due(hourly, CREATED - timedelta(seconds=1), CREATED + timedelta(hours=7)) == [
        CREATED,
        CREATED + timedelta(hours=6),
    ]
    started = replace(hourly, start=CREATED + timedelta(hours=1))
    assert due(started, CREATED - timedelta(days=1), CREATED + timedelta(hours=8)) == [
        CREATED + timedelta(hours=1),
        CREATED + timedelta(hours=7),
    ]


def test_at_is_due_once_and_knows_neither_start_nor_end() -> None:
    """A local time, whatever the dates say."""
    once = schedule("at(2026-11-22T14:30:00)", "Asia/Kolkata")
    assert due(once, at("2026-11-22"), at("2026-11-23")) == [at("2026-11-22T09:00")]
    assert due(replace(once, end=at("2026-01-01")), at("2026-11-22"), at("2026-11-23")) == [at("2026-11-22T09:00")]
    assert due(once, at("2026-11-23"), at("2027-11-23")) == []
    assert due(schedule("at(2026-03-29T02:30:00)", "Europe/Berlin"), at("2026-03-01"), at("2026-04-01")) == []


def test_start_and_end_bound_a_cron_and_include_their_instants() -> None:
    """What is due exactly then is due."""
    bounded = replace(schedule(DAILY), start=at("2026-11-10T02:30"), end=at("2026-11-12T02:30"))
    assert [instant.day for instant in due(bounded, at("2026-11-01"), at("2026-12-01"))] == [10, 11, 12]


def test_a_disabled_schedule_is_never_due() -> None:
    """And what it misses is not made up for."""
    assert due(replace(schedule(DAILY), enabled=False), at("2026-11-01"), at("2026-12-01")) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rate(1 day)", "minutes, hours, days"),
        ("rate(0 days)", "positive number"),
        ("rate(x hours)", "positive number"),
        ("rate(² hours)", "positive number"),
        ("at(2026-11-22)", "yyyy-mm-ddThh:mm:ss"),
        ("every day", "cron"),
        ("cron(0 2 * * ? *", "cron"),
    ],
)
def test_what_is_no_expression_is_refused_in_words(text: str, problem: str) -> None:
    """Units of rates are plural, and times complete."""
    with pytest.raises(ValueError, match=problem):
        expressions.parse(text)


def test_expressions_are_values() -> None:
    """What the clock goes by."""
    assert expressions.parse("rate(5 minutes)") == Rate(timedelta(minutes=5))
    assert expressions.parse("at(2026-11-22T02:00:00)") == At(datetime(2026, 11, 22, 2))  # noqa: DTZ001 - local


@given(start=INSTANTS, spans=st.lists(SPANS, min_size=1, max_size=4), zone=ZONES)
def test_spans_one_after_the_other_give_every_instant_once(start: datetime, spans: list[timedelta], zone: str) -> None:
    """However the time is cut, nothing is due twice and nothing is missed."""
    twice = schedule("cron(15,45 1-3 * * ? *)", zone)
    instants, now = [], start
    for span in spans:
        instants += due(twice, now, now + span)
        now += span
    assert instants == due(twice, start, now)
    assert instants == sorted(set(instants))


@given(start=INSTANTS, span=SPANS, zone=ZONES)
def test_clocks_of_the_zone_show_what_the_expression_says(start: datetime, span: timedelta, zone: str) -> None:
    """Every instant is one at which the local clock fits, and no local time comes twice."""
    shown = [
        instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        for instant in due(schedule("cron(0/30 * * * ? *)", zone), start, start + span)
    ]
    assert all(time.minute in {0, 30} and time.second == 0 for time in shown)
    assert len(shown) == len(set(shown))


@given(start=INSTANTS, span=SPANS, minutes=st.integers(1, 5000))
def test_a_rate_is_evenly_spaced(start: datetime, span: timedelta, minutes: int) -> None:
    """Neighbours are one interval apart, and as many as fit."""
    every = timedelta(minutes=minutes)
    instants = due(Schedule(Rate(every), created=start), start - timedelta(seconds=1), start + span)
    assert instants == [start + number * every for number in range(span // every + 1)]


@given(local=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), zone=ZONES)  # noqa: DTZ001 - local
def test_an_instant_shows_the_local_time_that_it_was_made_of(local: datetime, zone: str) -> None:
    """Or there is none, because clocks skipped it."""
    instant = instant_of(local, zone)
    if instant is not None:
        assert instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local
    else:
        earlier, later = (
            local.replace(tzinfo=ZoneInfo(zone)) + shift for shift in (-timedelta(hours=3), timedelta(hours=3))
        )
        assert earlier.utcoffset() != later.utcoffset()
