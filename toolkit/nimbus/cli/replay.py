"""`nimbus replay`: make a row again."""

from __future__ import annotations

import json
from pathlib import Path

import click

from nimbus import assembly, releasing
from nimbus.cli import options, output, shown


@click.command("replay")
@click.argument("run")
@click.argument("document", metavar="ID")
@options.of_project
@click.option(
    "--bundle", type=click.Path(path_type=Path), help="The release's bundle, where the environment does not keep it."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(  # noqa: PLR0913 - one argument an option
    run: str, document: str, env: str | None, config: Path | None, *, bundle: Path | None, as_json: bool
) -> None:
    """Score document ID of RUN again and compare its row with the one that stands in the dataset.

    Its whole shard is scored again on this machine, at most two minutes of work, from the input's
    version that the run read. Nothing is published. Writes the row that was made to stdout. Leaves with exit code 3
    where it is another one.
    """
    environment = assembly.environment(env, config=config)
    results = releasing.replay(environment, run, document, bundle)
    for result in results:
        if not as_json:
            click.echo(json.dumps(result.row or result.quarantine, ensure_ascii=False, default=str))
        where = f" in {', '.join(map(shown.cell, result.columns))}" if result.columns else ""
        digits = f" by at most {result.deviation:.2g}" if result.sameness.value == "within tolerance" else ""
        whole = "; its shard's file is the same, byte for byte" if result.same_file else ""
        output.say(f"{output.bold(result.sameness.value.capitalize())}{where}{digits}{whole}")
    if as_json:
        told = [
            {
                "row": result.row,
                "quarantine": result.quarantine,
                "sameness": result.sameness.value,
                "same_file": result.same_file,
                "columns": list(result.columns),
            }
            for result in results
        ]
        output.print_json({"environment": environment.name, "run": run, "rows": told})
    if any(result.sameness.value == "different" for result in results):
        raise SystemExit(output.FINDINGS)
