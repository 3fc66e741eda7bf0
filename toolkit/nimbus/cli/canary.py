"""`nimbus canary`: how a candidate does in the runs that it has a share of, and its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nimbus import assembly, releasing
from nimbus.cli import confirm as asking
from nimbus.cli import options, output, shown

if TYPE_CHECKING:
    from nimbus.releases.canary import Shared, Status

# What the second figure of a rule is, and how the limit is meant; of mixes it is what chance alone would be.
_FIGURES = {"failing documents": ("live", " more"), "seconds a thousand characters": ("live", " times")}


@click.group("canary")
def command() -> None:
    """See how a candidate does in the runs that it has a share of, or drop it.

    `nimbus promote RELEASE --canary 5` begins one.
    """


@command.command("status")
@options.of_project
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def status(env: str | None, config: Path | None, *, as_json: bool) -> None:
    """Show the candidate, its share, and what each run's comparison with live has found."""
    from nimbus_runtime.contract.codec import plain  # noqa: PLC0415 - not needed for --help

    environment = assembly.environment(env, config=config)
    found = releasing.canary_status(environment)
    if as_json:
        output.print_json({"environment": environment.name, "canary": plain(found), "next": found.next})
        return
    _show(found)
    for shared in found.runs:
        _show_run(shared)
    if found.candidate is not None:
        name = shown.cell(found.candidate.release)
        if found.next is None:
            output.say("Wait for a run in which it does well; `nimbus canary drop` ends it.")
        elif found.next < 100:
            output.say(f"Go on with `nimbus promote {name} --canary {found.next}`.")
        else:
            output.say(f"Make it live with `nimbus promote {name}`.")


def _show(found: Status) -> None:
    if found.candidate is not None:
        share = f"{found.candidate.percent} % of the shards, {shown.cell(found.live)} the rest"
        click.echo(f"{output.bold(shown.cell(found.candidate.release))}  {share}")
        if found.began is not None:
            click.echo(f"  since {shown.moment(found.began.time)}, by {shown.cell(found.began.actor)}")
        return
    click.echo(f"No candidate; {shown.cell(found.live)} is live.")
    if found.dropped is not None:
        ended = found.dropped
        click.echo(f"  the last was dropped {shown.moment(ended.time)}: {shown.cell(ended.reason)}")


def _show_run(shared: Shared) -> None:
    verdict = shared.verdict
    word = "goes on" if verdict is None else "kept" if verdict.kept else "dropped"
    seen = ", readers see it" if shared.published else ""
    click.echo(f"  {shared.run}  {shared.shards} of {shared.of} shards ({shared.percent} %)  {output.bold(word)}{seen}")
    if verdict is not None:
        if not verdict.kept:
            click.echo(f"    {shown.cell(verdict.reason)}")
        for rule in verdict.rules:
            beside, unit = _FIGURES.get(rule.name, ("chance", " more"))
            figures = f"{rule.candidate:g}, {beside} {rule.live:g}, limit {rule.limit:g}{unit}"
            click.echo(f"    {'ok' if rule.held else 'BEYOND':<7} {rule.name}: {figures}: {shown.cell(rule.why)}")


@command.command("drop")
@options.of_project
@asking.options
@click.option("--reason", default="", help="Why; stays in the history.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def drop(  # noqa: PLR0913 - one argument an option
    env: str | None, config: Path | None, *, yes: bool, confirm: str | None, reason: str, as_json: bool
) -> None:
    """End the canary: live scores everything again, also what the candidate has of a run on its way.

    The published dataset stays as it is; `nimbus rollback` also takes back rows that the candidate made.
    """
    environment = assembly.environment(env, config=config)
    seen = releasing.plan_drop(environment)
    candidate = seen.candidate.release if seen.candidate else ""
    asking.confirm(environment, f"drop {candidate}", yes=yes, confirm=confirm)
    state = releasing.apply_drop(environment, seen, reason)
    output.say(f"{output.bold('Dropped')}: {shown.cell(candidate)}, change {state.sequence} of {environment.name}")
    if as_json:
        output.print_json({"environment": environment.name, "dropped": candidate, "sequence": state.sequence})
