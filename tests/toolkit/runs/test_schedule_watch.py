"""Which due runs are run: on time, missed, or while another goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from nimbus.config.sections import CatchUp, Overlap
from nimbus.runs.schedule import ANCHOR, Policy, Watch, chosen
from nimbus.schedules import expressions
from nimbus.schedules.due import Schedule

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOURS = [NOON - timedelta(hours=hours) for hours in (3, 2, 1)]


@dataclass
class Going:
    """A run that ends when it is told to."""

    due: datetime
    done: bool = False

    def ended(self) -> bool:
        """Say whether it has ended."""
        return self.done

    def stop(self) -> None:
        """End."""
        self.done = True


@dataclass
class Machine:
    """A clock that sleeping moves, and the runs that were started."""

    now: datetime = NOON
    started: list[Going] = field(default_factory=list)

    def time(self) -> datetime:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def start(self, due: datetime) -> Going:
        """Start a run."""
        self.started.append(Going(due))
        return self.started[-1]

    def watch(self, overlap: Overlap = Overlap.WAIT, catch_up: CatchUp = CatchUp.LATEST) -> Watch:
        """Watch an hourly schedule."""
        hourly = Schedule(expressions.parse("cron(0 * * * ? *)"), ANCHOR)
        return Watch(hourly, Policy(overlap, catch_up), self.start, self.time, self.sleep, self.now)

    def pass_by(self, watch: Watch, span: timedelta) -> None:
        """Look and rest until a span has passed."""
        until = self.now + span
        while self.now < until:
            watch.look()
            watch.rest()

    @property
    def due(self) -> list[datetime]:
        """Return when the runs that were started were due."""
        return [run.due for run in self.started]


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [(CatchUp.ALL, HOURS), (CatchUp.LATEST, HOURS[-1:]), (CatchUp.NONE, [])],
)
def test_missed_runs_are_made_up_for_by_policy(catch_up: CatchUp, expected: list[datetime]) -> None:
    """All of them in order, the latest, or none."""
    assert chosen(HOURS, NOON, catch_up) == expected


@pytest.mark.parametrize("catch_up", list(CatchUp))
def test_a_run_that_is_on_time_is_always_run(catch_up: CatchUp) -> None:
    """And with it, missed ones only where all are wanted: the latest is the one on time."""
    assert chosen([*HOURS, NOON], NOON + timedelta(seconds=5), catch_up)[-1] == NOON
    assert len(chosen([*HOURS, NOON], NOON, catch_up)) == (4 if catch_up is CatchUp.ALL else 1)


def test_runs_begin_within_a_second_of_being_due() -> None:
    """However long the rests are in between."""
    machine = Machine(NOON + timedelta(minutes=1))
    watch = machine.watch(Overlap.ALLOW)
    at: list[timedelta] = []
    for _ in range(1000):
        before = len(machine.started)
        watch.look()
        if len(machine.started) > before:
            at.append(machine.now - machine.started[-1].due)
            machine.started[-1].stop()
        watch.rest()
    assert len(at) > 5
    assert max(at) < timedelta(seconds=1)


def test_a_run_waits_for_the_one_before_it_or_goes_beside_it() -> None:
    """What became due in between is not missed: it waits for its turn."""
    for overlap, expected in ((Overlap.WAIT, 1), (Overlap.ALLOW, 3)):
        machine = Machine()
        watch = machine.watch(overlap)
        machine.pass_by(watch, timedelta(hours=3, minutes=1))
        assert len(machine.started) == expected
        for _ in range(3):
            machine.started[-1].stop()
            machine.pass_by(watch, timedelta(seconds=1))
        assert machine.due == [NOON + timedelta(hours=hours) for hours in (1, 2, 3)]


def test_a_machine_that_slept_makes_up_for_the_latest() -> None:
    """A clock that jumps is a machine that slept, or one whose time was set."""
    machine = Machine()
    watch = machine.watch()
    watch.look()
    machine.now += timedelta(hours=9, minutes=30)
    watch.look()
    assert machine.due == [NOON + timedelta(hours=9)]


def test_a_clock_that_is_set_back_runs_nothing_twice() -> None:
    """What was looked at once is not due again."""
    machine = Machine()
    watch = machine.watch()
    machine.pass_by(watch, timedelta(hours=1, minutes=1))
    machine.started[-1].stop()
    machine.now -= timedelta(minutes=30)
    machine.pass_by(watch, timedelta(minutes=40))
    assert machine.due == [NOON + timedelta(hours=1)]
