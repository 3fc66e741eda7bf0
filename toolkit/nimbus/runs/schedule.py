"""Runs what is due while it looks, and makes up for what was due while it did not, by policy."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from nimbus.config.sections import CatchUp, Overlap
from nimbus.schedules.due import Schedule, due, upcoming
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Plan, RunKind

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

GRACE = timedelta(seconds=60)  # later than this, a due time counts as missed
ANCHOR = datetime(1970, 1, 1, tzinfo=UTC)  # where rates count from, so that a restart changes nothing
_LONGEST = 30.0  # seconds without a look at the clock
_BUSY = 0.5  # seconds between looks while a run goes


class Started(Protocol):
    """A run that was started."""

    def ended(self) -> bool:
        """Say whether it has ended."""
        ...

    def stop(self) -> None:
        """Ask it to end, and wait for that."""
        ...


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done with runs that are due at an inconvenient time."""

    overlap: Overlap
    catch_up: CatchUp


def chosen(instants: Sequence[datetime], now: datetime, catch_up: CatchUp) -> list[datetime]:
    """Return which of the due times are run: those on time, and by policy those that were missed."""
    missed = [instant for instant in instants if now - instant > GRACE]
    on_time = [instant for instant in instants if now - instant <= GRACE]
    match catch_up:
        case CatchUp.ALL:
            return [*missed, *on_time]
        case CatchUp.LATEST:
            return on_time or missed[-1:]
        case CatchUp.NONE:
            return on_time


def last_due(store: Store) -> datetime | None:
    """Return when the latest scheduled run was due, None before the first."""
    for name in reversed(store.names(paths.RUNS)):
        data = store.read(paths.plan(name))
        plan = None if data is None else codec.decode(Plan, data, paths.plan(name))
        if plan is not None and plan.kind is RunKind.SCHEDULED:
            return datetime.fromisoformat(plan.scheduled_time)
    return None


@dataclass(slots=True)
class Watch:
    """Looks at the clock for as long as it is asked to. `start` begins a run that is due."""

    schedule: Schedule
    policy: Policy
    start: Callable[[datetime], Started]
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    looked: datetime
    waiting: deque[datetime] = field(default_factory=deque)
    going: list[Started] = field(default_factory=list)

    def look(self) -> None:
        """Take in hand what has become due since the last look."""
        now = self.now()
        if now > self.looked:
            self.waiting.extend(chosen(due(self.schedule, self.looked, now), now, self.policy.catch_up))
            self.looked = now
        self.going = [run for run in self.going if not run.ended()]
        while self.waiting and (self.policy.overlap is Overlap.ALLOW or not self.going):
            self.going.append(self.start(self.waiting.popleft()))

    def rest(self) -> None:
        """Wait until there may be something to do; never long, since a machine that sleeps stops no clock."""
        wait = _BUSY if self.going else _LONGEST
        following = upcoming(self.schedule, self.looked, 1)
        if following:
            wait = min(wait, max(0.0, (following[0] - self.now()).total_seconds()))
        self.sleep(wait + 0.01)

    def stop(self) -> None:
        """End what goes; what is committed stays."""
        for run in self.going:
            run.stop()
