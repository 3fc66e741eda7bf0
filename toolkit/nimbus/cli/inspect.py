"""`nimbus inspect`: what a pipeline or a bundle holds, and what would compile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nimbus import assembly
from nimbus.cli import output

if TYPE_CHECKING:
    from nimbus.compile.inspect import Description, Part

_LABELS_SHOWN = 8


@click.command("inspect")
@click.argument("named", metavar="PIPELINE|BUNDLE")
@click.option(
    "--code",
    "code",
    multiple=True,
    metavar="FILE.py",
    type=click.Path(path_type=Path),
    help="Import this file's components and functions; may be repeated.",
)
@click.option(
    "--allow",
    "allow",
    multiple=True,
    metavar="PACKAGE",
    help="Let components of this installed package be used; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def command(named: str, *, code: tuple[Path, ...], allow: tuple[str, ...], as_json: bool) -> None:
    """Show the components of PIPELINE or BUNDLE, and of a pipeline whether each would compile.

    Leaves with exit code 3 where something would not.
    """
    description = assembly.inspect(named, code=code, allow=allow)
    if as_json:
        output.print_json(_json(description))
    else:
        _print(description)
    if not description.compiles:
        raise SystemExit(output.FINDINGS)


def _print(description: Description) -> None:
    heading = f"{description.kind} {description.name} {description.version} ({description.lang})"
    click.echo(f"{_cell(heading)}, {_size(description.size)}")
    if description.digest is not None:
        click.echo(f"digest     {description.digest}")
        click.echo(f"precision  {description.precision}")
        click.echo(f"gives      {', '.join(description.annotations)}")
        click.echo(f"requires   {_cell(', '.join(f'{n} {v}' for n, v in description.requires.items()))}")
        if description.code:
            click.echo(f"code       {_cell(', '.join(description.code))}")
    rows = [("component", "factory", "size", "", "labels")]
    rows += [(_cell(p.name), _cell(p.factory), _size(p.size), p.outcome, _labels(p)) for p in description.parts]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    click.echo()
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True)]
        click.echo("  ".join([*cells, row[4]]).rstrip())
    for part in description.parts:
        if part.refusal is not None:
            click.echo(f"\n{_cell(part.name)}: {output.printable(part.refusal.what)}")
            for name, value in part.refusal.parts():
                click.echo(f"  {name + ':':<10}{output.printable(value)}")


def _cell(text: str) -> str:
    """Return a text that stays on its line."""
    return output.printable(text).replace("\n", "\\n")


def _labels(part: Part) -> str:
    shown = ", ".join(map(_cell, part.labels[:_LABELS_SHOWN]))
    more = len(part.labels) - _LABELS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def _json(description: Description) -> dict[str, object]:
    return {
        "kind": description.kind,
        "name": description.name,
        "version": description.version,
        "lang": description.lang,
        "size": description.size,
        "digest": description.digest,
        "precision": description.precision,
        "annotations": list(description.annotations),
        "requires": dict(description.requires),
        "code": list(description.code),
        "compiles": description.compiles,
        "components": [
            {
                "name": part.name,
                "factory": part.factory,
                "outcome": part.outcome,
                "labels": list(part.labels),
                "size": part.size,
                "refusal": None if part.refusal is None else part.refusal.to_json(),
            }
            for part in description.parts
        ],
    }
