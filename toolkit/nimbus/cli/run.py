"""`nimbus run`: score documents and publish the dataset."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click
from click.core import ParameterSource

from nimbus import assembly
from nimbus.cli import options, results
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.inputs import Fields, Format
from nimbus_runtime.contract.records import Gemm, OutputFormat

_OF_RELEASES = (
    "inputs bundle text_field id_field annotations output_format input_format max_quarantine gemm resume".split()
)


def _annotations(ctx: click.Context, param: click.Parameter, value: str) -> tuple[Annotation, ...] | None:
    """Read a list of annotations; "all" stands for whatever the pipeline assigns."""
    if value == "all":
        return None
    try:
        return tuple(Annotation(name.strip()) for name in value.split(",") if name.strip())
    except ValueError as error:
        allowed = ", ".join(annotation.value for annotation in Annotation)
        raise click.BadParameter(f"{error}; choose from {allowed}", ctx, param) from None


def _share(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Read a share of the documents, written as 5% or 0.05."""
    if value is None:
        return None
    try:
        share = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise click.BadParameter(f"{value!r} is not a share; write 5% or 0.05", ctx, param)
    return share


@click.command("run")
@click.argument("inputs", metavar="INPUT...", nargs=-1)
@click.option("--bundle", "-b", type=click.Path(path_type=Path), help="The bundle to score with.")
@click.option("--output", "-o", "root", type=click.Path(path_type=Path), help="The folder to publish in.")
@click.option("--text-field", default="text", show_default=True, help="The field that holds the text.")
@click.option("--id-field", help="The field that holds the id; derived from content and place if not given.")
@click.option(
    "--annotations",
    callback=_annotations,
    metavar="NAMES",
    default="all",
    show_default=True,
    help="What to write, such as ents,cats,tags.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice([f.value for f in OutputFormat]),
    default="parquet",
    show_default=True,
)
@click.option("--input-format", type=click.Choice([f.value for f in Format]), help="For stdin, and unknown suffixes.")
@click.option(
    "--max-quarantine", callback=_share, metavar="SHARE", help="Share of documents that may fail.  [default: 10%]"
)
@click.option(
    "--gemm", type=click.Choice([g.value for g in Gemm]), help="Whose matrix product computes.  [default: the faster]"
)
@click.option("--workers", type=click.IntRange(1, 512), help="Worker processes.  [default: one a core]")
@click.option("--resume", is_flag=True, help="Continue the unfinished run of this folder.")
@options.of_project
@click.option("--release", metavar="NAME", help="In an environment: another release than the live one.")
@click.option(
    "--scheduled-time",
    callback=options.time,
    metavar="TIME",
    help="In an environment: make up for the run that was due then, such as 2026-11-22T02:00:00Z.",
)
@click.option("--wait", is_flag=True, help="On AWS: stay until the run has ended.")
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout at the end.")
@click.pass_context
def command(  # noqa: PLR0913 - one argument an option
    ctx: click.Context,
    *,
    inputs: tuple[str, ...],
    bundle: Path | None,
    root: Path | None,
    text_field: str,
    id_field: str | None,
    annotations: tuple[Annotation, ...] | None,
    output_format: str,
    input_format: str | None,
    max_quarantine: float | None,
    gemm: str | None,
    workers: int | None,
    resume: bool,
    env: str | None,
    config: Path | None,
    release: str | None,
    scheduled_time: datetime | None,
    wait: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Score the documents of INPUT... with a bundle and publish the dataset in --output.

    Without --output, start a run of what is live in an environment of nimbus.toml: here and now in a
    local one, by the state machine on AWS.

    INPUT is a file, a folder, a pattern, or - for standard input: JSON lines, CSV, Parquet, plain
    text (a line a document) or spaCy's DocBin, packed with gzip or zstd or not. A document that
    cannot be scored is set aside with its reason; the others are scored.

    A run that was stopped or killed goes on with --resume; whatever was finished is kept.
    """
    from nimbus.cli.progress import drawing  # noqa: PLC0415 - not needed for --help
    from nimbus.runs.submit import Request  # noqa: PLC0415
    from nimbus_runtime.planner import Order  # noqa: PLC0415

    if root is None:
        _refuse(
            ctx, _OF_RELEASES, "belongs to a release: change nimbus.toml and deploy, or add --output for a run by hand"
        )
        from nimbus.cli.environment_runs import start  # noqa: PLC0415 - as above

        start(env, config, release, scheduled_time, workers=workers, wait=wait, quiet=quiet, as_json=as_json)
        return
    _refuse(ctx, ["env", "config", "release", "scheduled_time", "wait"], "is of an environment: leave out --output")
    request = Request(
        root=root,
        inputs=inputs,
        bundle=bundle,
        order=Order(
            fields=Fields(text_field, id_field),
            annotations=annotations,
            output_format=OutputFormat(output_format),
            max_quarantine=0.1 if max_quarantine is None else max_quarantine,
            gemm=Gemm(gemm) if gemm else None,
        ),
        workers=workers or assembly.cores(),
        input_format=Format(input_format) if input_format else None,
        resume=resume,
        max_quarantine=max_quarantine,
    )
    with drawing(quiet=quiet or as_json) as observer:
        result = assembly.submit(request, observer)
    results.show(result, str(root), as_json=as_json)


def _refuse(ctx: click.Context, names: Sequence[str], why: str) -> None:
    """Refuse options that do not go with the way in which a run is asked for."""
    for name in names:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            given = next(parameter for parameter in ctx.command.params if parameter.name == name)
            shown = given.opts[0] if isinstance(given, click.Option) else "INPUT"
            if ctx.params[name]:
                raise click.UsageError(f"{shown} {why}.", ctx)
