"""`nimbus redrive`: does what is missing of a run."""

from __future__ import annotations

from pathlib import Path

import click

from nimbus import assembly
from nimbus.cli import options


@click.command("redrive")
@click.argument("run")
@options.of_project
@click.option("--workers", type=click.IntRange(1, 512), help="Worker processes of a local run.  [default: one a core]")
@click.option("--wait", is_flag=True, help="On AWS: stay until the run has ended.")
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of prose.")
def command(  # noqa: PLR0913 - one argument an option
    run: str,
    env: str | None,
    config: Path | None,
    *,
    workers: int | None,
    wait: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Do what is missing of RUN, which failed, was cancelled or was interrupted; what is committed stays.

    It goes on with the inputs, the release and the settings that it was planned with.
    """
    from nimbus.assembly.runs import runs  # noqa: PLC0415 - not needed for --help
    from nimbus.cli.environment_runs import show_result  # noqa: PLC0415 - as above
    from nimbus.cli.progress import drawing  # noqa: PLC0415 - as above

    of = runs(assembly.environment(env, config=config))
    with drawing(quiet=quiet or as_json) as observer:
        result = of.redrive(run, workers or assembly.cores(), observer)
    show_result(of, result, wait=wait, as_json=as_json)
