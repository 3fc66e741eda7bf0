"""Alarms of an environment: which there may be, and how they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from nimbus.executions import Alarm, AlarmState

NAMES = (
    "failed-run",
    "timed-out-run",
    "missed-run",
    "no-run",
    "long-run",
    "quarantine",
    "drift",
    "dead-letters",
    "throttled-run",
    "throttled-schedule",
    "silent-watch",
)
"""Every alarm that terraform/modules/observability makes, the gravest first; each is a section of the runbook."""


class Alarms(Protocol):
    """Knows how alarms are."""

    def find(self, names: Sequence[str]) -> list[Alarm]:
        """Return those of these names that there are."""
        ...


def alarms(known: Alarms) -> list[Alarm]:
    """Return an environment's alarms: those that are raised first, and the gravest first among them."""
    return sorted(known.find(NAMES), key=lambda one: (one.state is not AlarmState.RAISED, NAMES.index(one.name)))


def runbook(name: str) -> str:
    """Return where the runbook says what to do about an alarm."""
    return f"docs/runbook.md#{name}"


def section(book: str, name: str) -> str:
    """Return what a runbook says about an alarm, without its heading; nothing where it has no such section."""
    _, _, after = f"\n{book}".partition(f"\n### {name}\n")
    return after.partition("\n#")[0].strip()
