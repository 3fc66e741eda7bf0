"""`nimbus schedule`: when runs are due, and running them when they are."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from nimbus import assembly
from nimbus.cli import options, output
from nimbus_runtime.contract.words import plural

if TYPE_CHECKING:
    from nimbus.assembly.schedules import Timetable


@click.group("schedule")
def command() -> None:
    """Show when runs are due, or run them when they are.

    On AWS the schedule is EventBridge Scheduler's and runs by itself; `nimbus pause` pauses either.
    """


@command.command("show")
@options.of_project
@click.option("--limit", "-n", type=click.IntRange(1, 100), default=5, show_default=True, help="How many due times.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of prose.")
def show(env: str | None, config: Path | None, *, limit: int, as_json: bool) -> None:
    """Show an environment's schedule and the next times that it is due."""
    from nimbus.assembly import schedules  # noqa: PLC0415 - not needed for --help

    timetable = schedules.timetable(assembly.project(env, config=config))
    upcoming = timetable.upcoming(datetime.now(UTC), limit)
    if as_json:
        output.print_json(
            {
                "environment": timetable.environment.name,
                "expression": timetable.expression,
                "time_zone": timetable.time_zone,
                "paused": timetable.paused,
                "upcoming": [f"{instant:%Y-%m-%dT%H:%M:%SZ}" for instant in upcoming],
            }
        )
        return
    paused = ", paused" if timetable.paused else ""
    output.say(f"{timetable.expression} in {timetable.time_zone}, {timetable.environment.name}{paused}")
    for instant in upcoming:
        click.echo(_shown(instant, timetable))


@command.command("start")
@options.of_project
@click.option("--workers", type=click.IntRange(1, 512), help="Worker processes of each run.  [default: one a core]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each run that ends.")
def start(env: str | None, config: Path | None, *, workers: int | None, as_json: bool) -> None:
    """Run what is due in a local environment, in the foreground, until Ctrl-C or SIGTERM.

    Runs that were due while this did not look (the machine slept, or nothing was started) are made up for by
    `catch_up` in [schedule]: the latest of them, all, or none. Two of these at once do no run twice.
    """
    from nimbus.assembly import schedules  # noqa: PLC0415 - not needed for --help

    project = assembly.project(env, config=config)
    timetable = schedules.timetable(project)

    def tell(due: datetime, said: dict[str, Any]) -> None:
        if as_json:
            output.print_json({"due": f"{due:%Y-%m-%dT%H:%M:%SZ}", **said})
        else:
            output.say(f"{_shown(due, timetable)}  {_in_words(said)}")

    watch = schedules.watch(project, timetable, workers, tell)
    following = timetable.upcoming(datetime.now(UTC), 1)
    until = f"; next {_shown(following[0], timetable)}" if following else "; nothing is due any more"
    output.say(f"Running what is due in {timetable.environment.name}: {timetable.expression}{until}")

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        while True:
            watch.look()
            watch.rest()
    finally:
        watch.stop()


def _shown(instant: datetime, timetable: Timetable) -> str:
    return f"{instant.astimezone(ZoneInfo(timetable.time_zone)):%Y-%m-%d %H:%M:%S %Z}"


def _in_words(said: dict[str, Any]) -> str:
    if "publication" in said:
        documents = f"{plural(said['scored'], 'document')} in {said['seconds']:.0f} s"
        return f"{output.bold(said['publication'].capitalize())} run {said['run']}: {documents}"
    if "outcome" in said:
        return f"{said['outcome'].capitalize()}: nothing was run"
    if "what" in said:
        return f"{output.bold('Failed', 'red')}: {output.printable(said['what'])}"
    return f"{output.bold('Ended', 'red')} with exit code {said['exit_code']}"
