"""`nimbus promote`: make a registered release the live one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nimbus import assembly, releasing
from nimbus.cli import confirm as asking
from nimbus.cli import options, output, shown

if TYPE_CHECKING:
    from nimbus.releases.promote import Verdict


@click.command("promote")
@click.argument("release")
@options.of_project
@asking.options
@click.option(
    "--canary",
    "percent",
    type=click.IntRange(1, 100),
    metavar="PERCENT",
    help="A share of the next runs' shards alone, such as 5, then 25, then 100.",
)
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
    percent: int | None,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make RELEASE live: the next run is its. Readers keep the present dataset until then.

    With --canary, it scores and publishes so much of the next runs, beside live. Where it is worse than
    live in one of them, by the limits of [gate.canary], it is dropped and live scores its share before
    anything is published: see `nimbus canary status`. 100 is the promotion itself.

    What the gate says of RELEASE by the evidence that is kept is shown, and stays in the history; it holds
    nothing back here.
    """
    project = assembly.project(env, config=config)
    environment = assembly.environment(project)
    is_canary = percent is not None and percent < 100
    planned = releasing.plan_promotion(environment, project, release, percent or 100)
    release = planned.after.candidate.release if planned.after.candidate else planned.after.release
    what = output.bold("Canary" if is_canary else "Promotion")
    output.say(f"{what} of {shown.cell(release)} in {environment.name}")
    shown.differences(planned.state)
    if planned.release and planned.before is not None:
        output.say("  between the releases")
        shown.differences(planned.release, "    ")
    verdict = planned.verdict
    if verdict is not None:
        _say_verdict(verdict)
    told: dict[str, object] = {
        "environment": environment.name,
        "release": release,
        "changes": shown.as_json(planned.state),
        "release_changes": shown.as_json(planned.release),
        "gate": None if verdict is None else {"verdict": verdict.outcome.value, "why": verdict.why},
    }
    if not planned.needed:
        output.say("It has that share already." if is_canary else "It is live already.")
    elif not dry_run:
        question = f"give {release} {percent} % of the shards" if is_canary else f"make {release} live"
        asking.confirm(environment, question, yes=yes, confirm=confirm)
        state = releasing.apply_promotion(environment, planned, reason)
        done = output.bold(f"Candidate at {percent} %" if is_canary else "Live")
        output.say(f"{done}: {shown.cell(release)}, change {state.sequence} of {environment.name}")
        told["sequence"] = state.sequence
    if as_json:
        output.print_json({**told, "done": not dry_run})


def _say_verdict(verdict: Verdict) -> None:
    against = verdict.outcome.value != "promote"
    colour = "red" if verdict.outcome.value == "hold" else "yellow" if against else "green"
    output.say(f"  gate  {output.bold(verdict.outcome.value, colour)}: {shown.cell(verdict.why)}")
    if against:
        output.say("  This goes against the gate, or without its word, and is recorded so.")
