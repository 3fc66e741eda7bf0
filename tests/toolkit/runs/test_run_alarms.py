"""Rules of alarms: which there are, and in which order they are told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from nimbus.executions import Alarm, AlarmState
from nimbus.runs import alarms

ROOT = Path(__file__).parents[3]


class Known:
    """Alarms that are as they are given."""

    def __init__(self, **states: AlarmState) -> None:
        """Take the state of each, dashes as underscores."""
        self._states = {name.replace("_", "-"): state for name, state in states.items()}

    def find(self, names: Sequence[str]) -> list[Alarm]:
        """Return those that there are."""
        return [Alarm(name, state, "", "") for name, state in self._states.items() if name in names]


def test_every_alarm_of_terraform_is_known_and_is_a_section_of_the_runbook() -> None:
    """By the same name, and no other."""
    written = (ROOT / "terraform/modules/observability/alarms.tf").read_text(encoding="utf-8")
    made = set(re.findall(r"^ +([a-z-]+) = \{\n +description", written, re.MULTILINE))
    runbook = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    assert made == set(alarms.NAMES)
    for name in alarms.NAMES:
        assert f"\n### {name}\n" in runbook
        assert alarms.section(runbook, name)
        assert "#" not in alarms.section(runbook, name)
        assert alarms.runbook(name) == f"docs/runbook.md#{name}"


def test_what_is_raised_comes_first_and_the_gravest_before_it() -> None:
    """Whoever reads one line reads the one that matters."""
    quiet, raised = AlarmState.QUIET, AlarmState.RAISED
    found = alarms.alarms(Known(drift=raised, failed_run=raised, no_run=AlarmState.UNKNOWN, long_run=quiet))
    assert [one.name for one in found] == ["failed-run", "drift", "no-run", "long-run"]
