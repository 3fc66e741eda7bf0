"""`nimbus alarms`: how the alarms of an environment are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from nimbus import assembly
from nimbus.cli import options, output, shown

_TINTS = {"raised": "red", "quiet": "green"}


@click.command("alarms")
@options.of_project
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def command(env: str | None, config: Path | None, *, as_json: bool) -> None:
    """Show how the alarms of an environment on AWS are. Leaves with 3 where one is raised.

    Each is a section of the runbook, which says what to do.
    """
    from nimbus.assembly.runs import alarms  # noqa: PLC0415 - not needed for --help
    from nimbus.runs.alarms import runbook  # noqa: PLC0415 - as above

    environment = assembly.environment(env, config=config)
    found = alarms(environment) or []
    raised = [one for one in found if one.state.value == "raised"]
    if as_json:
        told = [{**dataclasses.asdict(one), "state": one.state.value, "runbook": runbook(one.name)} for one in found]
        output.print_json({"environment": environment.name, "alarms": told})
    for one in () if as_json else found:
        state = click.style(f"{one.state.value:<8}", fg=_TINTS.get(one.state.value))
        more = f"  {shown.cell(one.about)}  {runbook(one.name)}" if one in raised else ""
        line = f"{state} {shown.moment(one.since)}  {shown.cell(one.name)}{more}"
        click.echo(line, color=output.colour())
    if not found:
        output.say(f"{environment.name} has no alarms: Terraform makes them, in environments on AWS.")
    if raised:
        raise SystemExit(output.FINDINGS)
