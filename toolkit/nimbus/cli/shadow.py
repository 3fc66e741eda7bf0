"""`nimbus shadow`: what a candidate would change on live's real inputs, before anybody is affected."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nimbus import assembly, promoting
from nimbus.cli import options, output, shown
from nimbus_runtime.contract.words import percent, plural

if TYPE_CHECKING:
    from nimbus.promotion.report import Component, Shadow, Share

_CELLS = 8
_PARTS = 3


@click.command("shadow")
@click.argument("candidate", metavar="BUNDLE_OR_RELEASE")
@options.of_project
@click.option("--live", type=click.Path(path_type=Path), help="Live's bundle, where it is not found by itself.")
@click.option("--documents", "-n", type=click.IntRange(20), help="Documents to score.  [default: nimbus.toml's]")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Worker processes of each.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(  # noqa: PLR0913, PLR0917 - one argument an option
    candidate: str,
    env: str | None,
    config: Path | None,
    live: Path | None,
    documents: int | None,
    workers: int,
    *,
    as_json: bool,
) -> None:
    """Let BUNDLE_OR_RELEASE score a sample of the inputs of the last published run, beside live.

    Nothing is published. Both score the same documents in the same batches, in turn, where live's
    bundle is on this machine; otherwise what live has published stands for it. The sample is
    stratified by input, length and live's label, and the same each time. What was found is kept as
    evidence of the release, which `nimbus gate` judges by. Documents are shown by id only.
    """
    project = assembly.project(env, config=config)
    environment = assembly.environment(project)
    with output.counting("scoring the sample", quiet=as_json) as advance:
        found, kept = promoting.shadow(
            candidate, environment, project, live=live, documents=documents, workers=workers, advance=advance
        )
    if as_json:
        from nimbus_runtime.contract.codec import plain  # noqa: PLC0415 - not needed for --help

        output.print_json({"kept": kept, "shadow": plain(found)})
        return
    show(found)
    if not kept:
        output.say("No release of this bundle is registered, so this was not kept as evidence.")


def show(found: Shadow) -> None:
    """Write a shadow's figures to stdout."""
    sample = f"{found.sampled:,} of {plural(found.documents, 'document')}"
    source = f"run {found.run}" if found.run else "the inputs as they are now"
    click.echo(output.bold(f"{found.candidate} beside {found.live}"))
    click.echo(f"  sample      {sample} of {source}, {found.strata:,} strata; nothing published")
    click.echo(f"  changed     {share_of(found.changed)} of the documents in any way")
    if found.repeated is not None and found.repeated.count:
        click.echo(f"  live itself {share_of(found.repeated)} otherwise than it published")
    for component in found.components:
        _show_component(component)
    for spans in found.entities:
        click.echo(
            f"  {spans.kind} spans   {spans.exact:,} the same, {spans.label:,} with another label, "
            f"{spans.partial:,} with other ends, {spans.missing:,} missing, "
            f"{spans.extra:,} new; F1 {spans.agreement:.4f}"
        )
    for shift in found.shifts:
        figures = f"{shift.live:.4f} → {shift.candidate:.4f}"
        reach = f"{shift.difference:+.4f} ({shift.low:+.4f} to {shift.high:+.4f})"
        click.echo(f"  {shown.cell(shift.name):<24} {figures}, {reach}")
    _show_costs(found)
    for note in found.notes:
        click.echo(f"  note        {shown.cell(note)}")


def _show_component(component: Component) -> None:
    click.echo(f"  {component.name:<11} {share_of(component.changed)}, {component.changed.of:,} × {component.unit}")  # noqa: RUF001 - a sign
    for kind, parts in (("label", component.labels), ("where", component.segments)):
        worst = sorted((p for p in parts if p.changed.count), key=lambda p: -p.changed.share)[:_PARTS]
        for part in worst:
            name = shown.cell(part.name)
            click.echo(
                f"    {kind}  {name:<24} {share_of(part.changed)}, {part.changed.count:,} of {part.changed.of:,}"
            )
    for cell in [cell for cell in component.matrix if cell.live != cell.candidate or cell.examples][:_CELLS]:
        said = f"{shown.cell(cell.live)} → {shown.cell(cell.candidate)}"
        ids = ", ".join(map(shown.cell, cell.examples))
        click.echo(f"    flips  {said:<24} {cell.count:,}, such as {ids}")


def _show_costs(found: Shadow) -> None:
    from nimbus.cli.progress import duration  # noqa: PLC0415 - not needed for --help

    speed, failures, projected = found.speed, found.failures, found.projection
    click.echo(f"  failing     {failures.candidate:,}, live {failures.live:,}")
    for reason, count in failures.reasons.items():
        click.echo(f"    {reason} {count:,}")
    if failures.examples:
        click.echo(f"    such as {', '.join(map(shown.cell, failures.examples))}")
    reach = "" if speed.low is None or speed.high is None else f" ({speed.low:.2f} to {speed.high:.2f})"
    where = "" if speed.same_machine else "; live's time is its run's"
    click.echo(
        f"  time        {speed.ratio:.2f} times live's{reach}, {speed.documents_a_second:,.1f} documents/s{where}"
    )
    if found.memory_candidate:
        beside = f", live {found.memory_live / 2**20:,.0f} MiB" if found.memory_live else ""
        click.echo(f"  memory      {found.memory_candidate / 2**20:,.0f} MiB a worker{beside}")
    currency = shown.cell(projected.currency)
    cost = "" if projected.candidate_cost is None else f", {projected.candidate_cost:.2f} {currency}"
    before = "" if projected.live_cost is None else f", {projected.live_cost:.2f} {currency}"
    click.echo(
        f"  next run    {plural(projected.documents, 'document')} on "
        f"{plural(projected.workers, 'process', 'processes')}: "
        f"{duration(projected.candidate_seconds)}{cost}; with live {duration(projected.live_seconds)}{before}"
    )


def share_of(share: Share) -> str:
    """Return a share with its interval."""
    return f"{percent(share.share)} ({percent(share.low)} to {percent(share.high)})"
