"""`nimbus show`: a release, what was found out about it, and how it differs from what is live."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nimbus import assembly, releasing
from nimbus.cli import options, output, shown
from nimbus_runtime.contract import codec

if TYPE_CHECKING:
    from nimbus.releases.show import Shown

_LABELS_SHOWN = 12


@click.command("show")
@click.argument("release", required=False)
@options.of_project
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of prose.")
def command(release: str | None, env: str | None, config: Path | None, *, as_json: bool) -> None:
    """Show RELEASE, or the live one: bundle, image, settings, evidence, and its difference from what is live."""
    environment = assembly.environment(env, config=config)
    found = releasing.show(environment, release)
    if as_json:
        output.print_json({"environment": environment.name, **_json(found)})
    else:
        _print(found, environment.root)


def _print(found: Shown, root: str) -> None:
    release = found.release
    role = f" ({found.role})" if found.role else ""
    click.echo(f"release     {shown.cell(release.release)}{role}")
    click.echo(f"pipeline    {shown.cell(release.pipeline)} {shown.cell(release.pipeline_version)}")
    click.echo(f"bundle      {release.bundle_digest}")
    for name, value in (
        ("kept in", release.bundle),
        ("image", release.image),
        *(("sbom", f"{root}/{place}, sha256:{digest}") for place, digest in release.sboms.items()),
        ("task", release.task_definition),
        ("precision", release.precision),
        ("size", f"{release.size / 1e6:.1f} MB" if release.size else None),
    ):
        if value:
            click.echo(f"{name:<11} {shown.cell(value)}")
    for component, labels in release.labels.items():
        more = f" and {len(labels) - _LABELS_SHOWN} more" if len(labels) > _LABELS_SHOWN else ""
        click.echo(f"labels      {shown.cell(component)}: {shown.cell(', '.join(labels[:_LABELS_SHOWN]))}{more}")
    if release.job is not None:
        for name, value in json.loads(codec.encode(release.job)).items():
            click.echo(f"setting     {name} = {shown.cell(json.dumps(value, ensure_ascii=False))}")
    click.echo(f"can run     {'yes' if found.lacks is None else f'no: {shown.cell(found.lacks)} is gone'}")
    for time in found.live_since:
        click.echo(f"went live   {shown.moment(time)}")
    if found.dataset is not None:
        counts = found.dataset.counts
        click.echo(f"dataset     {found.dataset.run}: {counts.scored:,} scored, {counts.quarantined:,} quarantined")
    for item in found.evidence:
        click.echo(f"evidence    {item.kind}: {item.outcome}, {shown.moment(item.time)} by {shown.cell(item.actor)}")
    if found.against_live:
        output.say("against what is live")
        shown.differences(found.against_live)


def _json(found: Shown) -> dict[str, object]:
    return {
        "release": json.loads(codec.encode(found.release)),
        "role": found.role,
        "runnable": found.lacks is None,
        "lacks": found.lacks,
        "live_since": list(found.live_since),
        "dataset": None if found.dataset is None else found.dataset.run,
        "evidence": [json.loads(codec.encode(item)) for item in found.evidence],
        "against_live": shown.as_json(found.against_live),
    }
