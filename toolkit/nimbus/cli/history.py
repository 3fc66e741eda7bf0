"""`nimbus history`: who changed what is live, when and why."""

from __future__ import annotations

from pathlib import Path

import click

from nimbus import assembly, releasing
from nimbus.cli import options, output, shown


@click.command("history")
@options.of_project
@click.option("--limit", "-n", type=click.IntRange(min=1), default=20, show_default=True, help="How many, the newest.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def command(env: str | None, config: Path | None, *, limit: int, as_json: bool) -> None:
    """Show who changed what is live, when and why, the newest first.

    Every deployment, promotion, canary, rollback, pause and publication is here; none is ever lost.
    """
    environment = assembly.environment(env, config=config)
    changes = releasing.history(environment, limit)
    if as_json:
        told = [
            {
                "sequence": change.state.sequence,
                **shown.entry(change.state.entry),
                "release": change.state.release,
                "dataset": change.state.dataset,
                "epoch": change.state.epoch,
                "changes": shown.as_json(change.differences),
            }
            for change in changes
        ]
        output.print_json({"environment": environment.name, "history": told})
        return
    for change in changes:
        done = change.state.entry
        reason = f"  {shown.cell(done.reason)}" if done.reason else ""
        click.echo(
            f"{change.state.sequence:>5}  {shown.moment(done.time)}  {done.action:<9} {shown.cell(done.actor)}{reason}"
        )
        for item in change.differences:
            click.echo(f"       {item.name} {shown.cell(item.before)} → {shown.cell(item.after)}")
