"""Runs: how they are, what they set aside and said, and what may be done with them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from nimbus_tui.api.proposals import Done, Proposal
from nimbus_tui.api.verbs import Verb

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nimbus.config import Environment
    from nimbus.executions import Line
    from nimbus.runs.overview import Overview
    from nimbus.runs.shards import Shards
    from nimbus_tui.api.session import Session

LINES = 5_000  # of a log, the last


@dataclass(frozen=True, slots=True)
class Listed:
    """Runs by their keys, the newest first; `known` are those that were looked at, by key. `paused` is the schedule.

    `price` is what a second of a worker costs on AWS, in the `currency` of the project's prices.
    """

    keys: tuple[str, ...]
    known: dict[str, Overview]
    paused: bool = False
    price: float | None = None
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class WhichRuns:
    """Asks which runs there are. Only those in sight, and the latest, are looked at: there may be very many."""

    looked_at: tuple[str, ...] = ()
    latest: int = 20

    def ask(self, session: Session) -> Listed:
        """Read the names of all runs, and the records of a few."""
        from nimbus import assembly  # noqa: PLC0415 - only when it is asked
        from nimbus.assembly.runs import runs  # noqa: PLC0415 - as above
        from nimbus_runtime import live  # noqa: PLC0415 - as above

        of = runs(session.environment())
        present = live.read(assembly.open_environment(session.environment()))
        known = {run.run or run.execution: run for run in of.latest(self.latest)}
        names = of.names()
        keys, there = ordered(names, known.items()), set(names)
        for name in self.looked_at:
            if name not in known and name in there:
                known[name] = of.one(name)
        return Listed(keys, known, present is not None and present.paused, *_price(session))


def ordered(names: Sequence[str], latest: Iterable[tuple[str, Overview]]) -> tuple[str, ...]:
    """Return the keys of all runs, the newest first; among them executions without a plan, by when they began."""
    keys, place = list(names[::-1]), 0
    for key, run in latest:
        if not run.run:
            keys.insert(place, key)
            place += 1
        elif key in keys:
            place = keys.index(key) + 1
    return tuple(keys)


def _price(session: Session) -> tuple[float | None, str]:
    """Return what a second costs, in tasks of the project's size, and in what; None where nothing is charged."""
    if session.environment().kind.value != "aws":
        return None, ""
    from nimbus import quoting  # noqa: PLC0415 - only on AWS

    return quoting.cost_of(session.project(), 1.0)


@dataclass(frozen=True, slots=True)
class WhichShards:
    """Asks which shards of a run are done; what each came to is read for those that are looked at."""

    run: str
    looked_at: tuple[int, ...] = ()

    def ask(self, session: Session) -> Shards:
        """Read the plan, the names of the commit records, and some of them."""
        from nimbus.assembly.runs import runs  # noqa: PLC0415 - only when it is asked

        return runs(session.environment()).shards(self.run, self.looked_at)


@dataclass(frozen=True, slots=True)
class Quoted:
    """Processor time that a document takes by what was measured of the release, and where."""

    seconds: float
    source: str


@dataclass(frozen=True, slots=True)
class WhatQuoted:
    """Asks what a release's runs should cost; None where nothing was measured of it, or it is gone."""

    release: str

    def ask(self, session: Session) -> Quoted | None:
        """Read its latest load test, or its latest run."""
        from nimbus import quoting  # noqa: PLC0415 - only when it is asked

        found = quoting.quoted(session.environment(), self.release)
        return None if found is None else Quoted(*found)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A document that was quarantined: which, where it stood, and why."""

    id: str
    input: str
    position: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class WhatWasSetAside:
    """Asks which documents of a run were quarantined."""

    run: str
    most: int = 200_000

    def ask(self, session: Session) -> tuple[SetAside, ...]:
        """Read the files of quarantined documents; they hold no text."""
        from nimbus.assembly.runs import runs  # noqa: PLC0415 - only when it is asked

        rows = runs(session.environment()).quarantined(self.run)
        return tuple(SetAside(**row) for row in itertools.islice(rows, self.most))


@dataclass(frozen=True, slots=True)
class WhatWasSaid:
    """Asks what a run's tasks have said."""

    run: str

    def ask(self, session: Session) -> tuple[Line, ...]:
        """Read the lines until now."""
        from collections import deque  # noqa: PLC0415 - beside what uses it

        from nimbus.assembly.runs import runs  # noqa: PLC0415 - only when it is asked

        return tuple(deque(runs(session.environment()).logs(self.run, follow=False), LINES))


@dataclass(frozen=True, slots=True)
class WhatStart:
    """Asks what starting a run would do."""

    def ask(self, session: Session) -> Proposal:
        """Say which release would score what."""
        from nimbus import assembly  # noqa: PLC0415 - only when it is asked
        from nimbus_runtime import live  # noqa: PLC0415 - as above

        project, environment = session.project(), session.environment()
        present = live.read(assembly.open_environment(environment))
        command = session.command("run", *(() if session.env else ("--env", environment.name)))
        return Proposal(
            title=f"Start a run in {environment.name}",
            verb="Start",
            command=command,
            perform=Verb(f"run in {environment.name}", command),
            facts=(
                ("release", "nothing is live yet: deploy first" if present is None else present.release),
                ("reads", ", ".join(project.input.paths)),
                ("publishes in", environment.root),
            ),
            typed=environment.name if environment.protected else None,
            dangerous=False,
        )


@dataclass(frozen=True, slots=True)
class WhatCancel:
    """Asks what stopping a run would do."""

    run: str

    def ask(self, session: Session) -> Proposal:
        """Say how far it is."""
        from nimbus.assembly.runs import runs  # noqa: PLC0415 - only when it is asked

        environment = session.environment()
        found = runs(environment).one(self.run)
        return Proposal(
            title=f"Cancel a run in {environment.name}",
            verb="Stop the run",
            command=session.command("cancel", self.run),
            perform=partial(_cancel, environment, self.run),
            facts=(
                ("run", self.run),
                ("is", found.standing.value),
                ("done", f"{found.shards_done} of {found.shards} shards, {found.documents:,} documents"),
                ("then", "what is committed stays; redrive goes on with it; readers see what they saw"),
            ),
            typed=environment.name if environment.protected else None,
            reasoned=True,
            tells=("runs", self.run),
        )


def _cancel(environment: Environment, run: str, reason: str) -> Done:
    from nimbus import assembly  # noqa: PLC0415 - only when it is done
    from nimbus.assembly.runs import runs  # noqa: PLC0415 - as above

    why = f"cancelled by {assembly.actor(environment)}" + (f": {reason}" if reason else "")
    ended = runs(environment).cancel(run, why)
    return Done(f"Cancelled run {run}." if ended else f"Asked run {run} to end.")


@dataclass(frozen=True, slots=True)
class WhatRedrive:
    """Asks what going on with a run would do."""

    run: str

    def ask(self, session: Session) -> Proposal:
        """Say what is missing."""
        from nimbus.assembly.runs import runs  # noqa: PLC0415 - only when it is asked

        environment = session.environment()
        found = runs(environment).one(self.run)
        command = session.command("redrive", self.run)
        return Proposal(
            title=f"Redrive a run in {environment.name}",
            verb="Redrive",
            command=command,
            perform=Verb(f"redrive {self.run}", command),
            facts=(
                ("run", self.run),
                ("is", found.standing.value),
                ("missing", f"{found.shards - found.shards_done} of {found.shards} shards"),
                ("with", f"release {found.release}, its inputs and settings as they were planned"),
            ),
            typed=environment.name if environment.protected else None,
            dangerous=False,
        )


@dataclass(frozen=True, slots=True)
class WhatPause:
    """Asks what pausing the schedule would do, or letting it go on."""

    paused: bool

    def ask(self, session: Session) -> Proposal:
        """Say what it means."""
        environment = session.environment()
        verb = "pause" if self.paused else "unpause"
        told = "no scheduled run begins; runs by hand still do" if self.paused else "scheduled runs begin again"
        return Proposal(
            title=f"{verb.capitalize()} the schedule of {environment.name}",
            verb=verb.capitalize(),
            command=session.command(verb),
            perform=partial(_pause, environment, paused=self.paused),
            facts=(("environment", environment.name), ("then", told)),
            typed=environment.name if environment.protected else None,
            dangerous=False,
            reasoned=True,
        )


def _pause(environment: Environment, reason: str, *, paused: bool) -> Done:
    from nimbus.assembly.runs import pause  # noqa: PLC0415 - only when it is done

    pause(environment, reason, paused=paused)
    return Done("The schedule is paused." if paused else "The schedule goes on.", WhatPause(not paused))
