"""`nimbus preflight`: whether a deployment could succeed, before anything is changed."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import click

from nimbus import assembly, deploying
from nimbus.cli import options, output, shown
from nimbus.releases.preflight import Check, Report, Status

_TINTS = {Status.OK: "green", Status.FAILED: "red", Status.SKIPPED: "yellow"}


@click.command("preflight")
@options.of_project
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a tree.")
def command(env: str | None, config: Path | None, *, as_json: bool) -> None:
    """Check whether the pipeline could be deployed and run: OK, FAILED or SKIPPED each, with what to do.

    The pipeline is compiled if it must be; nothing else is written. Leaves with exit code 1 where a check failed.
    """
    project = assembly.project(env, config=config)
    report = deploying.preflight(assembly.environment(project), project)
    if as_json:
        output.print_json({"environment": project.environment, "outcome": report.outcome, "checks": as_list(report)})
    else:
        for line in tree(report):
            click.echo(line)
    if report.failed:
        raise SystemExit(1)


def tree(report: Report) -> list[str]:
    """Return a report as lines: subjects, the checks of each, and what to do about those that failed."""
    lines = []
    for subject, checks in groupby(report.checks, key=lambda check: check.subject):
        lines.append(subject)
        lines += [line for check in checks for line in _lines(check)]
    failed, skipped = len(report.failed), sum(check.status is Status.SKIPPED for check in report.checks)
    lines.append(f"{len(report.checks) - failed - skipped} ok, {failed} failed, {skipped} skipped")
    return lines


def as_list(report: Report) -> list[dict[str, str]]:
    """Return a report for a program."""
    return [
        {
            "subject": check.subject,
            "check": check.name,
            "status": check.status.value,
            "found": check.found,
            "remedy": check.remedy,
        }
        for check in report.checks
    ]


def _lines(check: Check) -> list[str]:
    word = output.bold(check.status.value.upper().ljust(7), _TINTS[check.status])
    lines = [f"  {word}  {check.name}: {shown.cell(check.found)}"]
    if check.status is Status.FAILED:
        lines.append(f"           to do: {shown.cell(check.remedy)}")
    return lines
