"""`nimbus dataset`: which files are the published dataset."""

from __future__ import annotations

from pathlib import Path

import click

from nimbus import assembly
from nimbus.cli import options, output


@click.command("dataset")
@click.argument("folder", metavar="[DIR]", required=False)
@options.of_project
@click.option("--run", help="Another run than the published one.")
@click.option("--quarantined", is_flag=True, help="The documents that failed, instead of the rows.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a path a line.")
def command(  # noqa: PLR0913 - one argument an option
    folder: str | None, env: str | None, config: Path | None, run: str | None, *, quarantined: bool, as_json: bool
) -> None:
    """List the files of the dataset that is published in DIR, or in an environment, in their order.

    DIR is what `nimbus run` wrote to, or an address such as s3://bucket/pipeline. In Python,
    nimbus.dataset("DIR") returns the same list, for example for pandas.read_parquet().

    With --quarantined, --run may name a run that is not finished, or failed: what it has committed is listed.
    """
    root = folder or assembly.environment(env, config=config).root
    record, paths = assembly.dataset(root, run, quarantined=quarantined)
    if as_json:
        output.print_json(
            {
                "run": record.run,
                "release": record.release,
                "scheduled_time": record.scheduled_time,
                "finished": record.finished or None,
                "format": record.output_format.value,
                "annotations": [annotation.value for annotation in record.annotations],
                "scored": record.counts.scored,
                "quarantined": record.counts.quarantined,
                "files": paths,
            }
        )
        return
    for path in paths:
        click.echo(path)
    if not record.finished:
        output.say(f"Run {record.run} is not finished: these are what it has committed.")
    if not paths:
        output.say(f"Run {record.run} {'quarantined no document' if quarantined else 'has no files'}.")
