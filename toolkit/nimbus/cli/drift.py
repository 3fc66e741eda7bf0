"""`nimbus drift`: did documents or predictions change, by how much, since when, and what to do about it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nimbus import drifting
from nimbus.cli import options, output
from nimbus_runtime.contract.words import plural

if TYPE_CHECKING:
    from nimbus.drift.report import Report
    from nimbus_runtime.contract.drift import Baseline

_ID = 60  # characters of an id that are shown
_WIDTH = 120  # where nobody says how wide it is
_TINTS = {"none": "green", "visible": "yellow", "material": "red", "insufficient data": "white"}
_FOLDER = click.argument("folder", metavar="[DIR]", required=False)
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of prose.")


@click.group("drift")
def command() -> None:
    """Compare runs with a baseline: whether documents or predictions have changed, and whether it matters.

    DIR is what `nimbus run` wrote to; without it, an environment of the project (--env).
    """


@command.command("report")
@_FOLDER
@options.of_project
@click.option("--run", help="A finished run, instead of the published one.")
@click.option("--last", type=click.IntRange(1, 100), default=1, show_default=True, help="So many runs, taken together.")
@click.option("--baseline", help="What to compare with, by name.  [default: the newest of the run's bundle]")
@click.option("--engine", type=click.Choice(["numpy", "alibi"]), help="Whose tests.  [default: numpy]")
@click.option("--html", "page", type=click.Path(path_type=Path), help="Write one HTML file that needs no network.")
@_JSON
def report(  # noqa: PLR0913, PLR0917 - one argument an option
    folder: str | None,
    env: str | None,
    config: Path | None,
    run: str | None,
    last: int,
    baseline: str | None,
    engine: str | None,
    page: Path | None,
    *,
    as_json: bool,
) -> None:
    """Say whether a run's documents drifted: none, visible, material, or insufficient data.

    Exit code 3 where the drift is material.
    """
    if run is not None and last > 1:
        raise click.UsageError("--run and --last exclude each other.")
    place = drifting.root(folder, env, config)
    if (engine or place.settings.engine) == "alibi":
        from nimbus.adapters.alibi import LICENCE  # noqa: PLC0415 - not needed for --help

        output.say(f"Note: {LICENCE}")
    found = drifting.report(place, run=run, last=last, baseline=baseline, engine=engine)
    if page is not None:
        drifting.write_page(found, page)
        output.say(f"Wrote {page}.")
    if as_json:
        from nimbus_runtime.contract import codec  # noqa: PLC0415 - not needed for --help

        output.print_json(dict(codec.plain(found)))  # type: ignore[call-overload]
    else:
        _print(found)
    if found.verdict.value == "material":
        raise SystemExit(output.FINDINGS)


def _print(found: Report) -> None:
    from rich.console import Console  # noqa: PLC0415 - not needed for --help
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from nimbus.drift import words  # noqa: PLC0415

    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    comparison = found.comparison
    console.print(Text(output.printable(found.summary), style=f"bold {_TINTS[found.verdict.value]}"))
    since = f"; since run {found.since}" if found.since and found.since != comparison.runs[-1] else ""
    runs = comparison.runs[-1] if len(comparison.runs) == 1 else f"{comparison.runs[0]} to {comparison.runs[-1]}"
    console.print(
        Text(
            output.printable(
                f"Run {runs}, {plural(comparison.current, 'document')}, against baseline {comparison.baseline}, "
                f"{comparison.reference:,}{since}"
            )
        )
    )
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("feature", "verdict", "change", "effect", "p (Holm)"):
        table.add_column(name, overflow="fold")
    for each in comparison.findings:
        if each.level.value != "none":
            table.add_row(
                Text(output.printable(words.title(each.feature))),
                Text(each.level.value, style=_TINTS[each.level.value]),
                Text(output.printable(found.changes[each.feature])),
                words.effect(each),
                words.p_value(each.adjusted),
            )
    if table.row_count:
        console.print(table)
    same = [words.title(each.feature) for each in comparison.findings if each.level.value == "none"]
    if same:
        console.print(Text(output.printable(f"Not drifted: {', '.join(same)}.")))
    if found.drivers:
        console.print(Text("Documents that drive it", style="bold"))
        for driver in found.drivers[:5]:
            name = output.printable(driver.id if len(driver.id) <= _ID else f"{driver.id[: _ID - 1]}…")
            console.print(Text(f"  {name}  {output.printable('; '.join(driver.reasons))}"))
    for line in (*found.advice, *found.notes):
        console.print(Text(output.printable(f"- {line}")))


@command.command("history")
@_FOLDER
@options.of_project
@click.option("--last", type=click.IntRange(1, 1000), default=30, show_default=True, help="So many runs.")
@_JSON
def history(folder: str | None, env: str | None, config: Path | None, last: int, *, as_json: bool) -> None:
    """List how far each run was from its baseline, as it was found when the run ended."""
    points = drifting.history(drifting.root(folder, env, config), last)
    if as_json:
        from nimbus_runtime.contract import codec  # noqa: PLC0415 - not needed for --help

        output.print_json({"runs": codec.plain(points)})
        return
    before = None
    for point in points:
        if point.release != before:
            output.say(f"release {output.printable(point.release)}")
        before = point.release
        line = f"{point.run}  {point.scheduled_time[:10]}  {point.ratio:5.2f}  {point.level.value}  {point.baseline}"
        click.echo(output.printable(line))
    if not points:
        output.say("Nothing is recorded yet: runs are compared once their release has a baseline.")


@command.command("baseline")
@_FOLDER
@options.of_project
@click.option("--run", "runs", multiple=True, metavar="NAME", help="A run, or a range FIRST..LAST; may be repeated.")
@click.option("--last", type=click.IntRange(1, 100), default=1, show_default=True, help="The last so many runs.")
@click.option("--dev", type=click.Path(path_type=Path), help="A dev set, to be scored now: .spacy, .jsonl, .csv …")
@click.option("--bundle", "-b", type=click.Path(path_type=Path), help="For --dev.  [default: the published run's]")
@click.option("--name", help="What it is called.  [default: the time]")
@click.option("--list", "as_list", is_flag=True, help="List the baselines that there are.")
@_JSON
def baseline(  # noqa: PLR0913, PLR0917 - one argument an option
    folder: str | None,
    env: str | None,
    config: Path | None,
    runs: tuple[str, ...],
    last: int,
    dev: Path | None,
    bundle: Path | None,
    name: str | None,
    *,
    as_list: bool,
    as_json: bool,
) -> None:
    """Keep what runs of this release are compared with: documents of runs that were well, or a dev set.

    Baselines do not change. The newest of a release is the one that its runs are compared with.
    """
    if sum(map(bool, (runs, last > 1, dev))) > 1:
        raise click.UsageError("--run, --last and --dev exclude each other.")
    place = drifting.root(folder, env, config)
    if as_list:
        found = drifting.baselines(place)
    else:
        found = [drifting.make_baseline(place, name, runs=runs, last=last, dev=dev, bundle=bundle)]
    if as_json:
        rows = [_as_json(each) for each in found]
        output.print_json({"baselines": rows} if as_list else rows[0])
        return
    for each in found:
        origin = "dev set" if each.source.value == "dev" else plural(len(each.parts), "run")
        documents = sum(part.sample.rows for part in each.parts)
        click.echo(
            output.printable(
                f"{each.name}  {each.created[:10]}  {plural(documents, 'document')} of {origin}  {each.release}"
            )
        )


def _as_json(each: Baseline) -> dict[str, object]:
    return {
        "name": each.name,
        "release": each.release,
        "source": each.source.value,
        "created": each.created,
        "runs": [part.run for part in each.parts if part.run is not None],
        "documents": sum(part.sample.rows for part in each.parts),
    }


@command.command("export")
@_FOLDER
@options.of_project
@click.option("--to", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The JSON lines to write.")
@click.option("--run", help="A finished run, instead of the published one.")
@click.option("--baseline", help="What to compare with, by name.")
@click.option("--tool", type=click.Choice(["prodigy", "doccano"]), default="prodigy", show_default=True)
@click.option("--task", type=click.Choice(["ents", "cats"]), help="What to correct.  [default: ents, if there are any]")
@click.option("--size", type=click.IntRange(1, 50_000), default=200, show_default=True, help="How many documents.")
@click.option("--input", "inputs", multiple=True, metavar="PATH", help="Where the inputs lie now; may be repeated.")
@click.option("--replace", is_flag=True, help="Write a file anew that exists.")
@_JSON
def export(  # noqa: PLR0913, PLR0917 - one argument an option
    folder: str | None,
    env: str | None,
    config: Path | None,
    to: Path,
    run: str | None,
    baseline: str | None,
    tool: str,
    task: str | None,
    size: int,
    inputs: tuple[str, ...],
    *,
    replace: bool,
    as_json: bool,
) -> None:
    """Write documents to annotate, with their texts and what was predicted: half of them drive the drift.

    The texts are read from the run's inputs, here, and checked against what was scored. FILE holds
    texts; nothing else does.
    """
    written = drifting.export(
        drifting.root(folder, env, config),
        to,
        run=run,
        baseline=baseline,
        tool=tool,
        task=task,
        size=size,
        inputs=inputs,
        replace=replace,
    )
    lost = f"; {written.missing:,} are no longer in the inputs" if written.missing else ""
    if written.missing and written.unread:
        lost += f", of which {len(written.unread):,} cannot be read: {output.printable(', '.join(written.unread[:5]))}"
    output.say(f"Wrote {plural(written.documents, 'document')}{lost}.")
    if as_json:
        output.print_json(
            {
                "target": str(to),
                "documents": written.documents,
                "missing": written.missing,
                "unread_inputs": list(written.unread),
            }
        )
    else:
        click.echo(to)
