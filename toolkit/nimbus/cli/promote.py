"""`nimbus promote`: make a registered release the live one."""

from __future__ import annotations

from pathlib import Path

import click

from nimbus import assembly, releasing
from nimbus.cli import confirm as asking
from nimbus.cli import options, output, shown


@click.command("promote")
@click.argument("release")
@options.of_project
@asking.options
@click.option("--reason", default="", help="Why; stays in the history.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(  # noqa: PLR0913 - one argument an option
    release: str,
    env: str | None,
    config: Path | None,
    *,
    yes: bool,
    confirm: str | None,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make RELEASE live: the next run is its. Readers keep the present dataset until then."""
    environment = assembly.environment(env, config=config)
    planned = releasing.plan_promotion(environment, release)
    output.say(f"{output.bold('Promotion')} of {shown.cell(release)} in {environment.name}")
    shown.differences(planned.state)
    if planned.release:
        output.say("  between the releases")
        shown.differences(planned.release, "    ")
    told: dict[str, object] = {
        "environment": environment.name,
        "release": release,
        "changes": shown.as_json(planned.state),
        "release_changes": shown.as_json(planned.release),
    }
    if not planned.needed:
        output.say("It is live already.")
    elif not dry_run:
        asking.confirm(environment, f"make {release} live", yes=yes, confirm=confirm)
        state = releasing.apply_promotion(environment, planned, reason)
        output.say(f"{output.bold('Live')}: {shown.cell(release)}, change {state.sequence} of {environment.name}")
        told["sequence"] = state.sequence
    if as_json:
        output.print_json({**told, "done": not dry_run})
