"""`nimbus init`: writes nimbus.toml by looking, and asks what it cannot see."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nimbus.cli import output
from nimbus_runtime.contract.words import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nimbus_runtime.contract.inputs import InputFile


@click.command("init")
@click.argument("pipeline", required=False)
@click.argument("inputs", nargs=-1)
@click.option("--name", help="Name of the pipeline.  [default: its own]")
@click.option("--text-field", help="The field that holds the text.  [default: found in the inputs]")
@click.option("--id-field", help="The field that holds the id.  [default: found in the inputs]")
@click.option("--schedule", metavar="EXPRESSION", help="When runs are due, such as 'cron(0 2 * * ? *)'.")
@click.option("--time-zone", default="UTC", show_default=True, help="Time zone of the schedule.")
@click.option("--replace", is_flag=True, help="Write a file anew that is there.")
@click.option("--no-input", is_flag=True, help="Ask nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of prose.")
def command(  # noqa: PLR0913 - one argument an option
    pipeline: str | None,
    inputs: tuple[str, ...],
    *,
    name: str | None,
    text_field: str | None,
    id_field: str | None,
    schedule: str | None,
    time_zone: str,
    replace: bool,
    no_input: bool,
    as_json: bool,
) -> None:
    """Write nimbus.toml in this folder.

    PIPELINE is a trained pipeline: a folder, a wheel, or an installed name. INPUTS are files, folders, patterns or
    s3:// addresses. Both are looked for here and in the folders below; so are the fields of text and id in the inputs.
    """
    from nimbus.assembly import projects  # noqa: PLC0415 - not needed for --help
    from nimbus.projects import look  # noqa: PLC0415 - as above
    from nimbus.projects.write import Beginning, expect_none, name_of  # noqa: PLC0415 - as above

    asking = not no_input and sys.stdin.isatty()
    here = Path.cwd()
    if not replace:  # before anything is asked
        expect_none(here)
    source = pipeline or _chosen("the trained pipeline", "PIPELINE", look.pipelines(here), asking=asking)
    described = projects.describe(source)
    paths = inputs or (_chosen("the documents to score", "INPUTS", look.inputs(here, source), asking=asking),)
    found = look.files(paths)
    text = text_field or look.text_field(found) or _asked_text(found, asking=asking)
    beginning = Beginning(
        name=name or name_of(described.name),
        source=source,
        inputs=paths,
        text_field=text,
        id_field=id_field or look.id_field(found, text),
        schedule=schedule,
        time_zone=time_zone,
    )
    project = projects.begin(here, beginning, replace=replace)
    refused = [part.name for part in described.parts if part.refusal is not None]
    if as_json:
        output.print_json(
            {
                "file": str(project.file),
                "name": project.pipeline.name,
                "source": source,
                "inputs": list(paths),
                "text_field": text,
                "id_field": beginning.id_field,
                "refused": refused,
            }
        )
    else:
        output.say(f"{output.bold('Wrote')} {project.file}")
        output.say(f"  pipeline  {described.name} {described.version}, in {source}")
        output.say(f"  inputs    {', '.join(map(output.printable, paths))}: {plural(len(found), 'file')}")
        output.say(f"  text      {output.printable(text)}, id {output.printable(beginning.id_field or '(derived)')}")
        if refused:
            output.say(f"{', '.join(refused)} would not compile: `nimbus inspect {source}` says why")
        output.say("Next: nimbus deploy, then nimbus run")
    if refused:
        raise SystemExit(output.FINDINGS)


def _chosen(what: str, argument: str, found: Sequence[str], *, asking: bool) -> str:
    """Return the one that was found, or have it chosen."""
    if len(found) == 1:
        return found[0]
    listed = f": {', '.join(found[:10])}" if found else ""
    if not asking:
        raise click.UsageError(f"Name {what} as {argument}; {'several were' if found else 'none was'} found{listed}.")
    output.say(f"Several could be {what}{listed}" if found else f"No file here could be {what}.")
    answer: str = click.prompt(f"Which is {what}", err=True, default=found[0] if found else None)
    return answer


def _asked_text(found: list[InputFile], *, asking: bool) -> str:
    from nimbus.projects import look  # noqa: PLC0415 - not needed for --help

    if not found:
        return "text"
    fields = output.printable(look.fields(found))
    if not asking:
        raise click.UsageError(f"Name the field that holds the text by --text-field; {found[0].name} has {fields}.")
    answer: str = click.prompt(f"Which field holds the text ({fields})", err=True)
    return answer
