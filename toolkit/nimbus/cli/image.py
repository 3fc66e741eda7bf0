"""`nimbus image`: builds the image that production runs, weighs it, pushes it, and reads what a scan found in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nimbus import assembly
from nimbus.cli import options, output

if TYPE_CHECKING:
    from nimbus.config import Project
    from nimbus.image.build import Planned
    from nimbus.image.record import ImageRecord
    from nimbus.image.sizes import Sizes

_ENGINES = ("docker", "podman")
_ARCHITECTURES = ("amd64", "arm64")
_SEVERITIES = ("critical", "high", "medium", "low", "informational", "off")


@click.group("image")
def command() -> None:
    """Build, weigh and push the image that production runs."""


@command.command("build")
@click.option("--bundle", "-b", required=True, type=click.Path(path_type=Path), help="The bundle that it carries.")
@click.option(
    "--output",
    "-o",
    "target",
    type=click.Path(path_type=Path),
    help="Folder of its records.  [default: BUNDLE.image]",
)
@click.option("--push", is_flag=True, help="Push it to --repository, or to the repository of --env.")
@click.option("--repository", metavar="URL", help="Where to push: an address of ECR, or of any registry.")
@click.option("--base-image", metavar="IMAGE", help="What it is built on.  [default: [image]'s, else python:3.11-slim]")
@click.option(
    "--platform",
    "architectures",
    multiple=True,
    type=click.Choice(_ARCHITECTURES),
    help="A processor to build for; twice for an index of both.  [default: --env's and [image]'s, else this one]",
)
@click.option(
    "--engine", type=click.Choice(_ENGINES), help="What builds it.  [default: [image]'s, else whichever works]"
)
@click.option(
    "--requirements",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A lock with hashes of packages that the bundle requires beside the runtime's; may be repeated.  "
    "[default: [image]'s]",
)
@click.option("--tag", metavar="TAG", help="The image's tag.  [default: of bundle and runtime]")
@click.option("--source", metavar="URL", help="Where the pipeline's sources are: a label.  [default: [image]'s]")
@options.of_project
@click.option("--dry-run", is_flag=True, help="Say what would be built, and build nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout instead of prose.")
def build(  # noqa: PLR0913 - one argument an option
    bundle: Path,
    *,
    target: Path | None,
    push: bool,
    repository: str | None,
    base_image: str | None,
    architectures: tuple[str, ...],
    engine: str | None,
    requirements: tuple[Path, ...],
    tag: str | None,
    source: str | None,
    env: str | None,
    config: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Build the image of a bundle: the runtime, its locked packages and the bundle, on a base image of Python.

    Wheels are fetched beforehand, as pip is set up here; the build itself has no network. The same
    inputs give the same image. What this machine can start of it is tried once, without network and
    read-only, before it is recorded; for another processor it is built, and said not to be tried.
    Inside a project, options that are not given are as [image] of nimbus.toml has them.
    """
    from nimbus.config.image import Image  # noqa: PLC0415 - `--help` needs nothing of it
    from nimbus.engines.orders import Architecture  # noqa: PLC0415 - as above
    from nimbus.image import build as building  # noqa: PLC0415 - `--help` needs nothing of it
    from nimbus.image import record as records  # noqa: PLC0415 - as above

    place = _place(env, config, wanted=push and repository is None)
    project = _project(env, config)
    wanted = project.image if project else Image()
    chosen = architectures or (*(place.architectures if place else ()), *wanted.architectures)
    locks = tuple(Path(project.path(one)) for one in wanted.requirements) if project else ()
    order = building.Order(
        bundle=bundle,
        base_image=base_image or wanted.base,
        architectures=tuple(sorted(set(map(Architecture, chosen)))),
        requirements=requirements or locks,
        tag=tag,
        source=source or wanted.source or "",
    )
    engine = engine or wanted.engine
    for found in assembly.engines():
        version = f" {found.version}" if found.version else ""
        output.say(f"{found.engine}{version}: {'' if found.usable else 'not usable, '}{found.detail}")
    planned = assembly.plan_image(order, engine)
    _say_plan(planned)
    if dry_run:
        if as_json:
            output.print_json({"tag": planned.tag, "labels": dict(planned.context.labels), "built": False})
        else:
            click.echo(planned.tag)
        return
    folder = target or records.folder_of(bundle)
    record = assembly.build_image(planned, folder, engine)
    if push:
        record = assembly.push_image(record, repository or (place.repository if place else ""), folder)
    _show(record, folder, as_json=as_json)


@command.command("push")
@click.argument("built", type=click.Path(path_type=Path))
@click.option("--repository", metavar="URL", help="Where to: an address of ECR, or of any registry.")
@options.of_project
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout instead of prose.")
def push_command(built: Path, *, repository: str | None, env: str | None, config: Path | None, as_json: bool) -> None:
    """Push the image of BUILT, a bundle or the folder of its image's records, and print repository@digest."""
    from nimbus.image import record as records  # noqa: PLC0415 - `--help` needs nothing of it

    place = None if repository else _place(env, config, wanted=True)
    folder = built if (built / records.RECORD).is_file() else records.folder_of(built)
    record = assembly.push_image(assembly.image(built), repository or (place.repository if place else ""), folder)
    _show(record, folder, as_json=as_json)


@command.command("sizes")
@click.argument("built", type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Every part, not only those of half a megabyte and more.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout instead of prose.")
def sizes(built: Path, *, everything: bool, as_json: bool) -> None:
    """Account for every byte of the image of BUILT, a bundle or the folder of its image's records."""
    weighed = assembly.weigh_image(assembly.image(built))
    if as_json:
        from nimbus_runtime.contract import codec  # noqa: PLC0415 - only here

        output.print_json({name: json.loads(codec.encode(sizes)) for name, sizes in weighed.items()})
        return
    for name, one in weighed.items():
        _print_sizes(name, one, 0 if everything else 500_000)


@command.command("scan")
@click.argument("built")
@click.option(
    "--fail-on",
    type=click.Choice(_SEVERITIES),
    help="The threshold, or off.  [default: [image]'s, else high]",
)
@click.option("--wait", "wait", metavar="SECONDS", type=float, default=120.0, show_default=True, help="For a scan.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout instead of prose.")
def scan(built: str, *, fail_on: str | None, wait: float, as_json: bool) -> None:
    """Show what ECR's scan found in the image of BUILT: a bundle, a folder of records, or repository@sha256:….

    Exit code 3 with findings from the threshold up, and where there is no scan; off, always 0.
    """
    from nimbus.config.image import Image  # noqa: PLC0415 - `--help` needs nothing of it

    if fail_on is None:
        project = _project(None, None)
        fail_on = (project.image if project else Image()).fail_on.value
    reference = built if "@sha256:" in built else assembly.image(Path(built)).reference
    if reference is None:
        raise click.UsageError(f"the image of {built} was not pushed yet: nimbus image push {built}")
    verdict = assembly.scan_image(reference, fail_on, wait)
    if as_json:
        grave = [{"name": f.name, "severity": f.severity, "package": f.package, "uri": f.uri} for f in verdict.grave]
        output.print_json(
            {
                "image": reference,
                "status": verdict.status,
                "passed": verdict.passed,
                "threshold": fail_on,
                "findings": grave,
            }
        )
    else:
        for finding in verdict.grave:
            line = f"{finding.severity.value:<14}{finding.name:<20}{finding.package:<20}{finding.uri}"
            click.echo(output.printable(line))
        if not verdict.known:
            output.say(f"{output.bold('No scan to judge by')}: {verdict.status}")
        else:
            which = "" if fail_on == "off" else f" of {fail_on} and worse"
            output.say(f"{verdict.grave_count} findings{which}")
    if not verdict.passed:
        raise click.exceptions.Exit(output.FINDINGS)


class _Place:
    """Where an environment's images go, and what they run on."""

    def __init__(self, repository: str, architecture: str) -> None:
        self.repository = repository
        self.architectures = ("arm64" if architecture.upper() == "ARM64" else "amd64",)


def _place(env: str | None, config: Path | None, *, wanted: bool) -> _Place | None:
    """Return what an environment on AWS says; None where no environment was asked for."""
    if env is None and not wanted:
        return None
    outputs = assembly.environment(env, config=config).outputs
    if outputs is None:
        if wanted:
            raise click.UsageError("a local environment has no repository: name one with --repository, or --env")
        return None
    return _Place(outputs.repository, outputs.architecture)


def _project(env: str | None, config: Path | None) -> Project | None:
    """Return the project that is here; None outside of any, where none was named."""
    from nimbus.config.errors import ConfigNotFoundError  # noqa: PLC0415 - `--help` needs nothing of it

    try:
        return assembly.project(env, config=config)
    except ConfigNotFoundError:
        if env is not None or config is not None:
            raise
        return None


def _say_plan(planned: Planned) -> None:
    base, wheels = planned.base, sum(1 for name in planned.context.files if name.endswith(".whl"))
    output.say(f"  base     {output.printable(base.reference)}, Python {base.python[0]}.{base.python[1]}")
    output.say(f"  wheels   {wheels}, for {', '.join(one.platform for one in planned.architectures)}")
    output.say(f"  bundle   {planned.bundle.digest}")
    output.say(f"  image    {output.printable(planned.tag)}")


def _show(record: ImageRecord, folder: Path, *, as_json: bool) -> None:
    if as_json:
        from nimbus_runtime.contract import codec  # noqa: PLC0415 - only here

        output.print_json({**json.loads(codec.encode(record)), "folder": str(folder)})
        return
    for part in record.parts:
        output.say(f"{output.bold('Built')} {part.architecture.platform}: {part.size / 1e6:.0f} MB, id {part.id[:16]}…")
    if record.untried:
        output.say(f"  not tried here: {', '.join(record.untried)}")
    output.say(f"  records  {folder}")
    click.echo(record.reference or record.tag)


def _print_sizes(architecture: str, sizes: Sizes, least: int) -> None:
    click.echo(f"{architecture:<28}{'files':>8}{'MB':>9}")
    for row in sizes.rows:
        if row.bytes >= least:
            click.echo(f"  {output.printable(row.part):<26}{row.files:>8}{row.bytes / 1e6:>9.1f}")
    small = [row for row in sizes.rows if row.bytes < least]
    if small:
        files, size = sum(row.files for row in small), sum(row.bytes for row in small)
        click.echo(f"  {f'{len(small)} smaller parts':<26}{files:>8}{size / 1e6:>9.1f}")
    click.echo(f"  {'all':<26}{sum(row.files for row in sizes.rows):>8}{sizes.total / 1e6:>9.1f}")
    packed = f"{sizes.zstd / 1e6:.1f} MB in zstd, {sizes.gzip / 1e6:.1f} MB in gzip"
    click.echo(f"  {'without the bundle':<26}{'':>8}{sizes.without_bundle / 1e6:>9.1f}   {packed}")
    click.echo("left out")
    for one in sizes.left_out:
        click.echo(f"  {one.rule:<26}{one.files:>8}{one.bytes / 1e6:>9.1f}   {one.why}")
