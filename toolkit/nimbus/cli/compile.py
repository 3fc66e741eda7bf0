"""`nimbus compile`: a trained pipeline in, a bundle out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nimbus import assembly
from nimbus.cli import output
from nimbus_runtime.contract.bundle import Precision
from nimbus_runtime.contract.words import plural

if TYPE_CHECKING:
    from nimbus_runtime.contract.drift import Baseline


@click.command("compile")
@click.argument("pipeline")
@click.option("--output", "-o", "target", required=True, type=click.Path(path_type=Path), help="Where to write it.")
@click.option(
    "--precision",
    type=click.Choice([p.value for p in Precision]),
    default=Precision.FP32.value,
    show_default=True,
    help="fp32 predicts as the original; int8 is faster and comes near it.",
)
@click.option(
    "--code",
    "code",
    multiple=True,
    metavar="FILE.py",
    type=click.Path(path_type=Path),
    help="Import this file's components and functions, and put it into the bundle; may be repeated.",
)
@click.option(
    "--allow",
    "allow",
    multiple=True,
    metavar="PACKAGE",
    help="Let components of this installed package be used, and require its version; may be repeated.",
)
@click.option(
    "--dev",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A dev set: scored, and kept beside the bundle as what its runs are compared with for drift.",
)
@click.option("--text-field", default="text", show_default=True, help="The field of the dev set that holds the text.")
@click.option("--replace", is_flag=True, help="Replace a different bundle that stands there.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout instead of prose.")
def command(  # noqa: PLR0913 - one argument an option
    pipeline: str,
    target: Path,
    *,
    precision: str,
    code: tuple[Path, ...],
    allow: tuple[str, ...],
    dev: Path | None,
    text_field: str,
    replace: bool,
    as_json: bool,
) -> None:
    """Compile PIPELINE into a bundle.

    PIPELINE is a folder that spaCy wrote (training/model-best), a wheel or source package of
    `spacy package`, or the name of an installed pipeline. Neither torch nor transformers is needed.

    Components of your own are refused unless --code or --allow names where they come from.
    """
    if dev is not None:
        _check(dev, text_field)
    compiled = assembly.compile_pipeline(pipeline, target, precision=precision, replace=replace, code=code, allow=allow)
    bundle = compiled.bundle
    identity = bundle.manifest.pipeline
    kept = _keep(target, dev, text_field) if dev is not None else None
    if as_json:
        output.print_json(
            {
                "bundle": str(target),
                "digest": bundle.digest,
                "pipeline": identity.name,
                "version": identity.version,
                "precision": bundle.manifest.precision.value,
                "annotations": [annotation.value for annotation in bundle.manifest.annotations],
                "requires": bundle.manifest.requires,
                "code": list(bundle.manifest.code),
                "size": bundle.manifest.size,
                "seconds": round(compiled.seconds, 3),
                "unchanged": compiled.unchanged,
                "dev_documents": None if kept is None else sum(part.sample.rows for part in kept.parts),
            }
        )
        return
    name = output.printable(f"{identity.name} {identity.version}")
    output.say(f"{output.bold('Compiled')} {name} in {compiled.seconds:.1f} s")
    output.say(f"  digest  {bundle.digest}")
    output.say(f"  size    {bundle.manifest.size / 1e6:.1f} MB, {bundle.manifest.precision.value}")
    output.say(f"  gives   {', '.join(annotation.value for annotation in bundle.manifest.annotations)}")
    if bundle.manifest.code:
        output.say(f"  code    {output.printable(', '.join(bundle.manifest.code))}")
    if compiled.unchanged:
        output.say("  The same bundle stood there already; nothing was changed.")
    if kept is not None:
        documents = sum(part.sample.rows for part in kept.parts)
        output.say(f"  dev set {plural(documents, 'document')}, which runs are compared with (nimbus drift report)")
    click.echo(target)


def _check(dev: Path, text_field: str) -> None:
    from nimbus import drifting  # noqa: PLC0415 - not needed for --help
    from nimbus_runtime.contract.inputs import Fields  # noqa: PLC0415

    drifting.check_dev_set(dev, Fields(text_field))


def _keep(target: Path, dev: Path, text_field: str) -> Baseline:
    from nimbus import drifting  # noqa: PLC0415 - not needed for --help
    from nimbus_runtime.contract.errors import NimbusError  # noqa: PLC0415
    from nimbus_runtime.contract.inputs import Fields  # noqa: PLC0415

    try:
        return drifting.keep_dev_set(target, dev, Fields(text_field))
    except NimbusError:
        output.say(f"The bundle in {output.printable(str(target))} is whole; its dev set was not kept:")
        raise
