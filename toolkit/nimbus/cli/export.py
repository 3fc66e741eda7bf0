"""`nimbus export`: the published dataset as one file or one table."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import click

from nimbus import assembly
from nimbus.cli import options, output
from nimbus_runtime.contract.words import plural


@click.command("export")
@click.argument("folder", metavar="[DIR]", required=False)
@options.of_project
@click.option("--to", required=True, metavar="TARGET", help="A file or a database; see above.")
@click.option("--run", help="A finished run, instead of the published one.")
@click.option("--table", metavar="NAME", help="The database's table, with or without a schema. [predictions]")
@click.option("--replace", is_flag=True, help="Write a file or table anew that exists.")
@click.option("--append", is_flag=True, help="Add to a table; the same run's rows are replaced, never doubled.")
@click.option("--json", "as_json", is_flag=True, help="What was written, as one JSON object.")
def command(  # noqa: PLR0913 - one argument an option
    folder: str | None,
    env: str | None,
    config: Path | None,
    *,
    to: str,
    run: str | None,
    table: str | None,
    replace: bool,
    append: bool,
    as_json: bool,
) -> None:
    """Write the dataset that is published in DIR, or in an environment, to one file or one database table.

    \b
    TARGET is one of
      rows.parquet
      rows.jsonl, rows.csv     also with .gz or .zst; nested columns are JSON text in CSV
      sqlite:rows.db           nested columns are JSON text
      postgresql://user@host/database   nested columns are JSONB; the password may be in PGPASSWORD

    All rows are written, or none: a file appears when it is whole, a table changes in one transaction.
    """  # noqa: D301 - \b keeps click from filling the list's lines
    if replace and append:
        raise click.UsageError("--replace and --append exclude each other.")
    existing = "replace" if replace else "append" if append else "refuse"
    root = folder or assembly.environment(env, config=config).root
    exported = assembly.export(root, to, run=run, table=table, existing=existing, progress=_show)
    output.say(f"Wrote {plural(exported.rows, 'row')} of run {exported.run}.")
    if as_json:
        output.print_json(dataclasses.asdict(exported))
    else:
        click.echo(exported.target)


def _show(done: int, rows: int) -> None:
    """Keep one line up to date on a terminal; a log gets none."""
    if sys.stderr.isatty():
        click.echo(f"\r{done:,} of {plural(rows, 'row')}", nl=done == rows, err=True)
