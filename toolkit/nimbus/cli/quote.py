"""`nimbus quote`: what scoring takes and costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nimbus import assembly, quoting
from nimbus.cli import options, output
from nimbus_runtime.contract import codec
from nimbus_runtime.contract.errors import UsageError
from nimbus_runtime.contract.words import plural

if TYPE_CHECKING:
    from nimbus.config import Project
    from nimbus.quote.quote import Measured, Quote


@click.command("quote")
@options.of_project
@click.option("--release", help="The release of the environment.  [default: the candidate, or the live one]")
@click.option("--speed", type=click.FloatRange(0.001), help="Documents a second of one process, if you know it.")
@click.option("--memory", type=click.FloatRange(1), help="MB of one process, with --speed.")
@click.option("--documents", "-n", type=click.IntRange(1), help="How many documents there are to score.")
@click.option("--within", type=click.FloatRange(0.01), metavar="HOURS", help="By when; says how many tasks it takes.")
@click.option("--rate", type=click.FloatRange(0.001), help="Documents a second to serve; says how many tasks it takes.")
@click.option("--arm-speed", type=click.FloatRange(0.05, 20), help="How fast it is on ARM, x86 being 1.")
@click.option("--prices", "table", type=click.Path(path_type=Path), help="A file of your own prices.")
@click.option("--show-prices", is_flag=True, help="Write the table of prices, to begin one of your own with.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(  # noqa: PLR0913 - one argument an option
    env: str | None,
    config: Path | None,
    *,
    release: str | None,
    speed: float | None,
    memory: float | None,
    documents: int | None,
    within: float | None,
    rate: float | None,
    arm_speed: float | None,
    table: Path | None,
    show_prices: bool,
    as_json: bool,
) -> None:
    """Say which task of Fargate to ask for, what it scores in an hour, and what a million documents cost.

    Speed and memory are those that the release's last load test measured, or else its last run.
    """
    if show_prices:
        click.echo(codec.encode(quoting.prices(named=table)).decode(), nl=False)
        return
    if (speed is None) != (memory is None):
        raise UsageError("--speed and --memory belong together", expected="both, of one process", remedy="give both")
    project = _project(env, config, needed=speed is None)
    if speed is not None and memory is not None:
        measured: Measured | None = quoting.given(speed, memory)
    else:
        assert project is not None  # noqa: S101 - it was needed
        measured = quoting.measured_of(assembly.environment(project), release)
    if measured is None:
        raise UsageError(
            "nothing is known of this release's speed",
            expected="a load test of it, or a finished run",
            remedy="`nimbus loadtest` measures it; --speed and --memory stand for what you know",
        )
    prices = quoting.prices(project, table)
    found = quoting.quote(
        measured,
        prices,
        quoting.architecture(project),
        documents=documents,
        within_hours=within,
        rate=rate,
        arm_speed=arm_speed or quoting.arm_speed(project),
    )
    if as_json:
        output.print_json(codec.plain(found))  # type: ignore[arg-type]
    else:
        _show(found)


def _project(env: str | None, config: Path | None, *, needed: bool) -> Project | None:
    """Return the project, whose prices and processors hold; None where there is none and it is not needed."""
    from nimbus.config.errors import ConfigNotFoundError  # noqa: PLC0415 - not needed for --help

    try:
        return assembly.project(env, config=config)
    except ConfigNotFoundError:
        if needed or env or config:
            raise
        return None


def _show(quote: Quote) -> None:
    from nimbus.quote import shown  # noqa: PLC0415 - not needed for --help

    rows = shown.rows(quote)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        numbers = [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True)]
        click.echo("  ".join([row[0].ljust(widths[0]), *numbers, row[-1]]).rstrip())
    if quote.finish is not None:
        finish, currency = quote.finish, quote.prices.currency
        click.echo(
            f"\n{plural(finish.documents, 'document')}: {plural(finish.tasks, 'task')} for "
            f"{finish.hours:,.2f} h, {shown.price(finish.price, currency)}, "
            f"on Spot {shown.price(finish.spot_price, currency)}"
        )
    if quote.serving is not None:
        serving, currency = quote.serving, quote.prices.currency
        click.echo(
            f"\n{serving.documents_per_second:g} documents/s served with headroom: "
            f"{plural(serving.tasks, 'task')}, {shown.price(serving.price_a_month, currency)} a month"
        )
    output.say(shown.note(quote))
