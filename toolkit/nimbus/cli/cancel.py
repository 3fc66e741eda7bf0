"""`nimbus cancel`: stops a run."""

from __future__ import annotations

from pathlib import Path

import click

from nimbus import assembly
from nimbus.cli import options, output


@click.command("cancel")
@click.argument("run")
@options.of_project
@click.option("--reason", default="", help="Why, for whoever looks at the run afterwards.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of prose.")
def command(run: str, env: str | None, config: Path | None, *, reason: str, as_json: bool) -> None:
    """Stop RUN. What it has committed is kept; `nimbus redrive RUN` goes on with it. Readers see what they saw."""
    from nimbus.assembly.runs import runs  # noqa: PLC0415 - not needed for --help

    environment = assembly.environment(env, config=config)
    why = f"cancelled by {assembly.actor(environment)}" + (f": {reason}" if reason else "")
    of = runs(environment)
    ended = of.cancel(run, why)
    if as_json:
        output.print_json({"run": run, "ended": ended})
    elif ended and run not in of.names():
        output.say(f"{output.bold('Cancelled')} {run}, which had planned no run yet")
    elif ended:
        output.say(f"{output.bold('Cancelled')} run {run}; `nimbus redrive {run}` goes on with what is missing")
    else:
        output.say(f"Asked run {run} to end; it has not yet: `nimbus runs {run}` says when it has")
