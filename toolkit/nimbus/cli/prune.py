"""`nimbus prune`: remove what no reader, no run and no rollback needs any more."""

from __future__ import annotations

from pathlib import Path

import click

from nimbus import assembly, releasing
from nimbus.cli import confirm as asking
from nimbus.cli import options, output, shown
from nimbus_runtime.contract.words import plural


@click.command("prune")
@options.of_project
@asking.options
@click.option("--days", type=click.IntRange(min=1), default=30, show_default=True, help="Everything younger stays.")
@click.option("--runs", type=click.IntRange(min=0), default=5, show_default=True, help="So many of the latest stay.")
@click.option("--reason", default="", help="Why; stays in the history.")
@click.option("--dry-run", is_flag=True, help="Show what would go, and remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(  # noqa: PLR0913 - one argument an option
    env: str | None,
    config: Path | None,
    *,
    yes: bool,
    confirm: str | None,
    days: int,
    runs: int,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove old runs, releases, and the bundles, images and task definitions that only those needed.

    What is live, what was live within --days, and what a rollback to it would need always stays.
    """
    project = assembly.project(env, config=config)
    environment = assembly.environment(project)
    planned = releasing.plan_pruning(environment, project, days=days, runs=runs)
    for kind, names in (("run", planned.runs), ("release", planned.releases), ("", planned.surplus)):
        for name in names:
            output.say(f"  {kind} {shown.cell(name)}".rstrip())
    told = {
        "environment": environment.name,
        "runs": list(planned.runs),
        "releases": list(planned.releases),
        "surplus": list(planned.surplus),
        "executions": len(planned.executions),
        "files": planned.files,
        "bytes": planned.size,
    }
    if planned.empty:
        output.say("Nothing is old enough to go.")
    else:
        counts = [(len(planned.runs), "run"), (len(planned.releases), "release"), (planned.files, "file")]
        output.say(f"{', '.join(plural(*each) for each in counts)}, {planned.size / 1e6:,.1f} MB")
        if not dry_run:
            asking.confirm(environment, "remove these", yes=yes, confirm=confirm)
            releasing.apply_pruning(environment, planned, reason, project)
            output.say(output.bold("Removed"))
    if as_json:
        output.print_json({**told, "done": not dry_run and not planned.empty})
