"""`nimbus runs`: how the runs of an environment are."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nimbus import assembly, quoting
from nimbus.cli import options, output
from nimbus_runtime.contract.words import plural

if TYPE_CHECKING:
    from nimbus.config import Environment, Project
    from nimbus.runs.overview import Overview
    from nimbus.runs.shards import Shard

_TINTS = {"published": "green", "running": "blue", "starting": "blue", "failed": "red", "interrupted": "red"}


@click.command("runs")
@click.argument("run", required=False)
@options.of_project
@click.option("--limit", "-n", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many, at most.")
@click.option("--shards", is_flag=True, help="Show each shard of RUN: what it reads, and what it came to.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of prose.")
def command(  # noqa: PLR0913 - one argument an option
    run: str | None, env: str | None, config: Path | None, *, limit: int, shards: bool, as_json: bool
) -> None:
    """Show the latest runs of an environment, or all that is known of RUN.

    Costs are processor time of workers at list prices of Fargate on demand: an estimate, without the start of tasks.
    """
    from nimbus.assembly.runs import runs  # noqa: PLC0415 - not needed for --help

    project = assembly.project(env, config=config)
    environment = assembly.environment(project)
    of = runs(environment)
    if run is None and shards:
        raise click.UsageError("Name the run whose shards are shown.")
    if run is not None:
        found = of.one(run)
        each = of.shards(found.run, range(found.shards)).known.values() if shards and found.run else ()
        if as_json:
            told = {"each_shard": [dataclasses.asdict(shard) for shard in each]} if shards else {}
            output.print_json({"environment": environment.name, **_values(found, project), **told})
        else:
            _detail(found, environment, project)
            for shard in each:
                click.echo(_shard(shard))
        return
    latest = of.latest(limit)
    if as_json:
        output.print_json({"environment": environment.name, "runs": [_values(one, project) for one in latest]})
        return
    if not latest:
        output.say(f"No run yet in {environment.name}: `nimbus run --env {environment.name}` starts one.")
        return
    _table([_row(one, project) for one in latest])


def _values(one: Overview, project: Project) -> dict[str, object]:
    values = dataclasses.asdict(one)
    cost, currency = _cost(one, project) or (None, None)
    return {**values, "standing": one.standing.value, "cost": cost, "currency": currency}


def _row(one: Overview, project: Project) -> tuple[str, ...]:
    from nimbus.cli.progress import duration  # noqa: PLC0415 - not needed for --help

    rate = f"{one.documents_a_second:,.0f}" if one.documents_a_second is not None else "-" if one.attempt > 1 else ""
    cost = _cost(one, project)
    return (
        one.run or one.execution,
        one.standing.value,
        f"{one.shards_done}/{one.shards}" if one.shards else "",
        f"{one.documents:,}" if one.shards else "",
        rate,
        "" if one.eta is None else duration(one.eta),
        f"{one.quarantined:,}" if one.shards else "",
        "" if cost is None else f"{cost[0]:.2f} {cost[1]}",
        output.printable(one.error or one.release),
    )


def _rate(one: Overview) -> str:
    if one.documents_a_second is not None:
        return f"{one.documents_a_second:,.1f}"
    return "unknown: earlier attempts did a part of it" if one.attempt > 1 else ""


def _table(rows: list[tuple[str, ...]]) -> None:
    head = ("RUN", "STATUS", "SHARDS", "DOCUMENTS", "DOCS/S", "LEFT", "QUARANTINED", "COST", "RELEASE OR FAILURE")
    shown = [column for column in range(len(head)) if any(row[column] for row in rows)]
    widths = {column: max(len(row[column]) for row in (head, *rows)) for column in shown}
    for row in (head, *rows):
        cells = [row[column].ljust(widths[column]) for column in shown]
        if row is not head:
            cells[1] = click.style(cells[1], fg=_TINTS.get(row[1]))
        click.echo("  ".join(cells).rstrip(), color=output.colour())


def _detail(one: Overview, environment: Environment, project: Project) -> None:
    from nimbus.cli.progress import duration  # noqa: PLC0415 - not needed for --help

    cost = _cost(one, project)
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in one.reasons.items())
    told = {
        "run": one.run,
        "status": one.standing.value,
        "kind": one.kind,
        "due": one.scheduled_time,
        "release": one.release,
        "shards": f"{one.shards_done} of {one.shards}" if one.run else "",
        "documents": f"{one.documents:,}" if one.run else "",
        "documents/s": _rate(one),
        "left": "" if one.eta is None else duration(one.eta),
        "quarantined": f"{one.quarantined:,}" + (f": {reasons}" if reasons else "") if one.run else "",
        "attempt": str(one.attempt) if one.run else "",
        "execution": one.execution,
        "began": one.started or "",
        "ended": one.ended or "",
        "cost": "" if cost is None else f"{cost[0]:.4f} {cost[1]} so far",
        "quoted": "" if cost is None else _quoted(one, environment, project),
        "failure": one.error or "",
    }
    for name, value in told.items():
        if value:
            click.echo(f"{name + ':':<13}{output.printable(value)}")


def _shard(shard: Shard) -> str:
    done = "to do" if shard.seconds is None else f"{plural(shard.documents, 'document')} in {shard.seconds:.1f} s"
    aside = f", {shard.quarantined:,} quarantined" if shard.quarantined else ""
    first, last = shard.part
    return output.printable(f"{shard.number:>7}  {shard.input} {first}-{last}  {done}{aside}  {shard.release}")


def _quoted(one: Overview, environment: Environment, project: Project) -> str:
    """Return what a run's documents should cost by what was measured of its release."""
    found = quoting.quoted(environment, one.release)
    if found is None or not one.documents:
        return ""
    seconds, source = found
    cost, currency = quoting.cost_of(project, seconds * one.documents)
    return f"{cost:.4f} {currency} by {source}"


def _cost(one: Overview, project: Project) -> tuple[float, str] | None:
    """Return what a run on AWS has cost in tasks of the project's size, and in which currency; None elsewhere."""
    from nimbus.config import Kind  # noqa: PLC0415 - not needed for --help

    if project.described.kind is not Kind.AWS or one.worker_seconds is None:
        return None
    cost, currency = quoting.cost_of(project, one.worker_seconds)
    return round(cost, 4), currency
