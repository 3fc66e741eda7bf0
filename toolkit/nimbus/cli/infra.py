"""`nimbus infra`: what an environment on AWS is made of."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nimbus import assembly
from nimbus.cli import confirm as asking
from nimbus.cli import options, output
from nimbus_runtime.contract.words import plural

if TYPE_CHECKING:
    from nimbus.config import Project
    from nimbus.infra.changes import Changes
    from nimbus.infra.progress import Step

_QUIET_SECONDS = 10.0  # a resource that takes longer is told of again, at most so often


@click.group("infra")
def command() -> None:
    """Make, change and remove what an environment on AWS consists of, by Terraform.

    The folder that `init` writes is yours to change and commit; plain `terraform` works in it as well.
    Whatever was stopped or killed is gone on with by the same command.
    """


@command.command("init")
@options.of_project
@click.option("--region", help="Region of the environment.  [default: AWS_REGION; asked for]")
@click.option("--notify", "emails", metavar="EMAIL", multiple=True, help="Who is told of failed runs; may be repeated.")
@click.option("--state-bucket", metavar="BUCKET", help="Keep Terraform's state in this bucket, locked.")
@click.option("--upgrade", is_flag=True, help="Take the modules of this version of Nimbus.")
@click.option("--no-input", is_flag=True, help="Ask nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of prose.")
def init(  # noqa: PLR0913 - one argument an option
    env: str | None,
    config: Path | None,
    *,
    region: str | None,
    emails: tuple[str, ...],
    state_bucket: str | None,
    upgrade: bool,
    no_input: bool,
    as_json: bool,
) -> None:
    """Write Terraform's root configuration of an environment, and describe the environment in nimbus.toml.

    What stands in the folder already is left as it is, but for what nimbus.toml says, and for the modules on
    an --upgrade. An environment by the name of prod, production or live is described as protected.
    """
    from nimbus.assembly import infra  # noqa: PLC0415 - not needed for --help
    from nimbus.infra.root import Settings  # noqa: PLC0415 - as above

    name = env or os.environ.get("NIMBUS_ENV")
    if name is None:
        raise click.UsageError("Name the environment: --env production.")
    described = assembly.describe(name, config)
    project = assembly.project(name, config=config)
    region = region or infra.region(project) or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region is None:
        if no_input or not sys.stdin.isatty():
            raise click.UsageError("Name the region: --region eu-west-1, or AWS_REGION.")
        region = click.prompt("Region of the environment", err=True)
    folder, written = infra.init(project, Settings(region, emails, state_bucket), upgrade=upgrade)
    if as_json:
        output.print_json(
            {
                "environment": name,
                "folder": str(folder),
                "described": described,
                "protected": project.described.protected,
                "written": list(written.written),
                "changed_by_hand": list(written.changed),
            }
        )
        return
    if described:
        asks = ", protected: a change of what is live asks for its name" if project.described.protected else ""
        output.say(f"Described {name} in {project.file}{asks}")
    output.say(f"{output.bold('Wrote')} {plural(len(written.written), 'file')} in {folder}")
    for place in written.changed:
        output.say(f"  left as it is: {place}, which is another one than would be written; it is yours to change")
    output.say(f"Next: nimbus infra apply --env {name}")


@command.command("plan")
@options.of_project
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of prose.")
def plan(env: str | None, config: Path | None, *, as_json: bool) -> None:
    """Show what `nimbus infra apply` would change; nothing is changed. Leaves with 3 where there is anything."""
    from nimbus.assembly import infra  # noqa: PLC0415 - not needed for --help

    project = assembly.project(env, config=config)
    found = infra.plan(project, _Telling())
    _show(project, found, as_json=as_json)
    if found:
        applying = f"nimbus infra apply --env {project.environment} --plan {found.plan}"
        output.say(f"`{applying}` applies this, and nothing else")
        raise SystemExit(output.FINDINGS)


@command.command("apply")
@options.of_project
@asking.options
@click.option("--plan", "planned", metavar="NAME", help="Apply this plan, as `nimbus infra plan` showed and named it.")
@click.option("--events", is_flag=True, help="What becomes of each resource, as JSON lines on stdout.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of prose.")
def apply(  # noqa: PLR0913 - one argument an option
    env: str | None,
    config: Path | None,
    *,
    yes: bool,
    confirm: str | None,
    planned: str | None,
    events: bool,
    as_json: bool,
) -> None:
    """Show what would change, ask, and change it: the plan that was shown, or nothing.

    A plan that another one has replaced, or that the environment has outrun since, is refused.
    """
    from nimbus.assembly import infra  # noqa: PLC0415 - not needed for --help

    project = assembly.project(env, config=config)
    telling = _Telling(events=events)
    found = infra.shown(project, planned) if planned else infra.plan(project, telling)
    _show(project, found, as_json=False)
    if found:
        question = "apply this plan"
        asking.confirm_named(
            project.environment, question, protected=project.described.protected, yes=yes, confirm=confirm
        )
        infra.apply(project, found.plan, telling)
        output.say(f"{output.bold('Applied')} to {project.environment}; `nimbus infra output` shows what it is")
    if as_json:
        output.print_json({"environment": project.environment, "changes": found.counts()})


@command.command("output")
@options.of_project
@click.option("--toml", is_flag=True, help="As a block for nimbus.toml, for who has no Terraform.")
def show_output(env: str | None, config: Path | None, *, toml: bool) -> None:
    """Write what Terraform says of the environment, as JSON."""
    from nimbus.assembly import infra  # noqa: PLC0415 - not needed for --help

    project = assembly.project(env, config=config)
    outputs = infra.output(project)
    if toml:  # Terraform knows the environment by its name in the account
        block = re.sub(r"(?m)^\[environments\.[^].]+", f"[environments.{project.environment}", outputs["nimbus_toml"])
        click.echo(block, nl=False)
    else:
        click.echo(json.dumps({"schema_version": 1, **outputs}, indent=2))


@command.command("destroy")
@options.of_project
@click.option("--confirm", metavar="NAME", help="The environment's name, instead of typing it when asked.")
@click.option("--delete-data", is_flag=True, help="Remove datasets and images with it; refused otherwise.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of prose.")
def destroy(env: str | None, config: Path | None, *, confirm: str | None, delete_data: bool, as_json: bool) -> None:
    """Show what would be removed, ask for the environment's name, and remove it.

    Task definitions that deploying registered are deregistered first. Without --delete-data Terraform
    refuses to remove a bucket that holds datasets, or a repository that holds images.
    """
    from nimbus.assembly import infra  # noqa: PLC0415 - not needed for --help

    project = assembly.project(env, config=config)
    telling = _Telling()
    found = infra.plan(project, telling, destroy=True)
    _show(project, found, as_json=False)
    if found:
        what = "destroy all of this" + (", datasets and images with it" if delete_data else "")
        asking.confirm_named(project.environment, what, protected=True, yes=False, confirm=confirm)
        released = infra.prepare_destroying(project, telling, delete_data=delete_data)
        if released:
            output.say(f"Deregistered {plural(released, 'task definition')} of releases")
        infra.destroy(project, found, telling)
        output.say(f"{output.bold('Destroyed')} {project.environment}")
    if as_json:
        output.print_json({"environment": project.environment, "changes": found.counts()})


class _Telling:
    """Writes a line for each resource that is begun slowly, done or failed; as an event, each step of it."""

    def __init__(self, *, events: bool = False) -> None:
        self._told: dict[str, float] = {}
        self._events = events

    def __call__(self, step: Step) -> None:
        """Write what becomes of a resource."""
        if self._events:
            output.print_json({"event": "resource", **dataclasses.asdict(step)})
        now = time.monotonic()
        if not step.ended and now - self._told.setdefault(step.address, now) < _QUIET_SECONDS:
            return
        self._told[step.address] = now
        took = "" if step.seconds is None else f" ({step.seconds:.0f} s)"
        line = f"  {step.words:<16} {output.printable(step.address)}{took}"
        output.say(click.style(line, fg="red") if step.failed else line)


def _show(project: Project, found: Changes, *, as_json: bool) -> None:
    from nimbus.infra.changes import lines  # noqa: PLC0415 - not needed for --help

    if as_json:
        resources = [
            {
                "module": c.module,
                "resource": c.resource,
                "action": c.action.name.lower(),
                "attributes": [list(attribute) for attribute in c.attributes],
                "outside": c.outside,
            }
            for c in found.resources
        ]
        output.print_json(
            {
                "environment": project.environment,
                "plan": found.plan,
                "changes": found.counts(),
                "resources": resources,
            }
        )
        return
    if not found:
        output.say(f"Nothing to change in {project.environment}.")
        return
    for line in lines(found):
        sign = line.split(maxsplit=1)[0]
        tint = {"+": "green", "~": "yellow", "-": "red", "-/+": "red"}.get(sign)
        output.say(click.style(output.printable(line), fg=tint) if tint else output.printable(line))
    told = ", ".join(f"{count} to {word}" for word, count in found.counts().items() if count)
    output.say(f"{output.bold(project.environment)}: {told or 'outputs alone change'}")
