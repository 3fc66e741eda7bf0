"""`nimbus alarms`: how the alarms of an environment are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from nimbus import assembly
from nimbus.cli import options, output, shown

_TINTS = {"raised": "red", "quiet": "green"}


@click.command("alarms")
@click.argument("alarm", required=False)
@options.of_project
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def command(alarm: str | None, env: str | None, config: Path | None, *, as_json: bool) -> None:
    """Show how the alarms of an environment on AWS are. Leaves with 3 where one is raised.

    With the name of an ALARM, show what the runbook says is to be done about it, whatever it is now.
    """
    from nimbus.assembly import runs as assembled  # noqa: PLC0415 - not needed for --help
    from nimbus.runs.alarms import runbook  # noqa: PLC0415 - as above

    if alarm is not None:
        told = assembled.runbook(alarm)
        output.print_json({"alarm": alarm, "runbook": told}) if as_json else click.echo(told)
        return
    environment = assembly.environment(env, config=config)
    found = assembled.alarms(environment) or []
    raised = [one for one in found if one.state.value == "raised"]
    if as_json:
        listed = [{**dataclasses.asdict(one), "state": one.state.value, "runbook": runbook(one.name)} for one in found]
        output.print_json({"environment": environment.name, "alarms": listed})
    for one in () if as_json else found:
        state = click.style(f"{one.state.value:<8}", fg=_TINTS.get(one.state.value))
        more = f"  {shown.cell(one.about)}" if one in raised else ""
        line = f"{state} {shown.moment(one.since)}  {shown.cell(one.name)}{more}"
        click.echo(line, color=output.colour())
    if raised and not as_json:
        output.say(f"What to do: nimbus alarms {raised[0].name}")
    if not found:
        output.say(f"{environment.name} has no alarms: Terraform makes them, in environments on AWS.")
    if raised:
        raise SystemExit(output.FINDINGS)
