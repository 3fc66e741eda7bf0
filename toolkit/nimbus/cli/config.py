"""`nimbus config`: what nimbus.toml comes to in an environment, and the schema of the file."""

from __future__ import annotations

import json
from pathlib import Path

import click

from nimbus import assembly
from nimbus.cli import options, output


@click.group("config")
def command() -> None:
    """Look at nimbus.toml.

    A flag goes before a variable of the process's environment (NIMBUS_<SECTION>_<KEY>), that before the
    environment's section, that before the file, and that before a default.
    """


@command.command("schema")
def schema() -> None:
    """Write the JSON Schema of nimbus.toml, for editors that complete and check TOML by one."""
    from nimbus.config.schema import json_schema  # noqa: PLC0415 - not needed for --help

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@command.command("show")
@options.of_project
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of prose.")
def show(env: str | None, config: Path | None, *, as_json: bool) -> None:
    """Check nimbus.toml, and show every value that holds in an environment and where it was given."""
    from nimbus.config.project import values  # noqa: PLC0415 - not needed for --help
    from nimbus.config.resolving import described  # noqa: PLC0415 - as above

    project = assembly.project(env, config=config)
    found, own = values(project), described(project)
    if as_json:
        told = {key: value for key, (value, _) in own.items()}
        output.print_json({"file": str(project.file), "environment": project.environment, "described": told, **found})
        return
    output.say(f"{output.bold(project.environment)} of {project.file}, which names {', '.join(project.environments)}")
    click.echo(f"[environments.{project.environment}]")
    for key, (value, origin) in own.items():
        click.echo(f"{key} = {output.printable(json.dumps(value, ensure_ascii=False))}  # {origin}")
    for section, keys in found.items():
        click.echo(f"[{section}]")
        for key, value in keys.items():
            origin = project.origins.get(f"{section}.{key}", "default").removeprefix(f"{project.file}: ")
            click.echo(f"{key} = {output.printable(json.dumps(value, ensure_ascii=False))}  # {origin}")
