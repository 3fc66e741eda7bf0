"""`nimbus unpause`: the schedule's flag in live.json."""

from __future__ import annotations

from pathlib import Path

import click

from nimbus.cli import options
from nimbus.cli.pausing import set_flag


@click.command("unpause")
@options.of_project
@click.option("--reason", "-m", default="", help="Why, for the ledger.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of prose.")
def command(env: str | None, config: Path | None, *, reason: str, as_json: bool) -> None:
    """Let scheduled runs begin again. On AWS, what was due in between is not made up for.

    The flag stands in live.json: nothing that Terraform made changes.
    """
    set_flag(env, config, reason, paused=False, as_json=as_json)
