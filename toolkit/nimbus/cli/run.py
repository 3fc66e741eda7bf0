"""`nimbus run`: score documents and publish the dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nimbus import assembly
from nimbus.cli import output
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.inputs import Fields, Format
from nimbus_runtime.contract.records import Gemm, OutputFormat

if TYPE_CHECKING:
    from nimbus.runs.submit import Result

_FINDINGS = 3


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
@click.option(
    "--output", "-o", "root", required=True, type=click.Path(path_type=Path), help="The folder to publish in."
)
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
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout at the end.")
def command(  # noqa: PLR0913 - one argument an option
    *,
    inputs: tuple[str, ...],
    bundle: Path | None,
    root: Path,
    text_field: str,
    id_field: str | None,
    annotations: tuple[Annotation, ...] | None,
    output_format: str,
    input_format: str | None,
    max_quarantine: float | None,
    gemm: str | None,
    workers: int | None,
    resume: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Score the documents of INPUT... with a bundle and publish the dataset.

    INPUT is a file, a folder, a pattern, or - for standard input: JSON lines, CSV, Parquet, plain
    text (a line a document) or spaCy's DocBin, packed with gzip or zstd or not. A document that
    cannot be scored is set aside with its reason; the others are scored.

    A run that was stopped or killed goes on with --resume; whatever was finished is kept.
    """
    from nimbus.cli.progress import drawing  # noqa: PLC0415 - not needed for --help
    from nimbus.runs.submit import Request  # noqa: PLC0415
    from nimbus_runtime.planner import Order  # noqa: PLC0415

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
    if as_json:
        output.print_json(_json(result, root))
    else:
        _summary(result, root)
    if result.publication.value != "published":
        raise SystemExit(_FINDINGS)


def _json(result: Result, root: Path) -> dict[str, object]:
    counts, run, settings = result.run.counts, result.run, result.plan.settings
    times = settings.gemm_measured
    return {
        "run": run.run,
        "release": run.release,
        "bundle_digest": run.bundle_digest,
        "root": str(root),
        "publication": result.publication.value,
        "documents": counts.documents,
        "scored": counts.scored,
        "quarantined": counts.quarantined,
        "reasons": counts.reasons,
        "characters": counts.characters,
        "tokens": counts.tokens,
        "duplicate_ids": run.duplicates.ids,
        "shards": len(result.plan.shards),
        "seconds": round(result.seconds, 3),
        "documents_per_second": round(result.scored_now / result.seconds, 1),
        "gemm": settings.gemm.value,
        "gemm_measured": None if times is None else {"numpy": times.numpy, "blis": times.blis},
        "precision": settings.precision,
    }


def _summary(result: Result, root: Path) -> None:
    from nimbus.cli.progress import duration  # noqa: PLC0415

    counts, run = result.run.counts, result.run
    rate = result.scored_now / result.seconds
    took = f"in {duration(result.seconds)} ({rate:,.0f} documents/s from start to end)"
    output.say(f"{output.bold('Scored')} {counts.scored:,} documents, {counts.tokens:,} tokens, {took}")
    if counts.quarantined:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in counts.reasons.items())
        output.say(f"  quarantined  {counts.quarantined:,}: {reasons} (nimbus dataset {root} --quarantined)")
    if run.duplicates.ids:
        examples = ", ".join(map(output.printable, run.duplicates.examples[:3]))
        output.say(
            f"  repeated ids {run.duplicates.ids:,}, of {run.duplicates.documents:,} documents, such as {examples}; "
            "all their rows are kept"
        )
    _say_publication(result, root)


def _say_publication(result: Result, root: Path) -> None:
    run = result.run.run
    if result.publication.value == "published":
        output.say(f"{output.bold('Published')} run {run} in {root}")
    elif result.publication.value == "superseded":
        output.say(f"Not published: a later run was published first. nimbus dataset {root} --run {run} lists this one.")
    else:
        output.say(f"Not published: there was a rollback meanwhile. nimbus dataset {root} --run {run} lists this one.")
