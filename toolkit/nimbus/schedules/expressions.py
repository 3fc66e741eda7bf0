"""The three kinds of schedule expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from nimbus.schedules import cron
from nimbus.schedules.cron import Cron

_UNITS = "minutes", "hours", "days"


@dataclass(frozen=True)
class Rate:
    """Every so often on the clock, whatever the time zone does."""

    every: timedelta


@dataclass(frozen=True)
class At:
    """Once, at a local time."""

    local: datetime


Expression = Cron | Rate | At


def parse(text: str) -> Expression:
    """`cron(…)`, `rate(…)` or `at(…)`; ValueError with what is wrong."""
    found = re.fullmatch(r"(cron|rate|at)\((.*)\)", text)
    if not found:
        raise ValueError(f"a schedule expression is cron(…), rate(…) or at(…), not {text!r}")
    kind, inner = found.groups()
    if kind == "cron":
        return cron.parse(inner)
    return _rate(inner) if kind == "rate" else _at(inner)


def _rate(text: str) -> Rate:
    value, _, unit = text.partition(" ")
    if not value.isdecimal() or int(value) < 1 or unit not in _UNITS:
        raise ValueError(f"rate({text}) is not a positive number and one of {', '.join(_UNITS)}")
    return Rate(timedelta(**{unit: int(value)}))


def _at(text: str) -> At:
    try:
        return At(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S"))  # noqa: DTZ007 - local to the schedule's time zone
    except ValueError:
        raise ValueError(f"at({text}) is not a time as yyyy-mm-ddThh:mm:ss") from None
