"""`nimbus gate`: may a release be promoted, by limits that were set beforehand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nimbus import assembly, promoting
from nimbus.cli import options, output, shown
from nimbus_runtime.contract.words import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nimbus.promotion.gate import Decision, Rule

_TINTS = {"promote": "green", "hold": "red", "inconclusive": "yellow"}


@click.command("gate")
@click.argument("release")
@options.of_project
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(release: str, env: str | None, config: Path | None, *, as_json: bool) -> None:
    """Decide about RELEASE by the evidence that is kept of it and the limits of [gate] in nimbus.toml.

    Promote, hold or inconclusive: the last where evidence is missing, or where the sample was too
    small to tell the smallest difference that matters; how many documents would do is then said.
    Exit code 3 unless it is promote.
    """
    project = assembly.project(env, config=config)
    decision = promoting.gate(release, assembly.environment(project), project)
    if as_json:
        from nimbus_runtime.contract.codec import plain  # noqa: PLC0415 - not needed for --help

        output.print_json({"gate": plain(decision)})
    else:
        show(decision)
    if decision.verdict.value != "promote":
        raise SystemExit(output.FINDINGS)


def show(decision: Decision) -> None:
    """Write a decision's rules to stdout, those that speak against the release first."""
    order = ("hold", "inconclusive", "promote")
    rules = sorted(decision.rules, key=lambda rule: order.index(rule.verdict.value))
    widths = [max((len(shown.cell(cell)) for cell in column), default=0) for column in _columns(rules)]
    for rule, *cells in zip(rules, *_columns(rules), strict=True):
        line = "  ".join(shown.cell(cell).ljust(width) for cell, width in zip(cells, widths, strict=True))
        tint = _TINTS[rule.verdict.value]
        click.echo(f"{click.style(rule.verdict.value.ljust(12), fg=tint)}  {line}  {shown.cell(rule.why)}")
    for kind in decision.missing:
        click.echo(f"{click.style('missing'.ljust(12), fg='yellow')}  {shown.cell(kind)}")
    output.say(f"{output.bold(decision.verdict.value, _TINTS[decision.verdict.value])}: {shown.cell(decision.release)}")
    if decision.needed is not None:
        output.say(
            f"  about {plural(decision.needed, 'document')} would tell: nimbus shadow … --documents {decision.needed}"
        )


def _columns(rules: Sequence[Rule]) -> list[list[str]]:
    return [[getattr(rule, name) for rule in rules] for name in ("name", "found", "limit")]
