"""`nimbus tui`: the terminal interface."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from nimbus.cli import options
from nimbus_runtime.contract.errors import UsageError


@click.command("tui")
@options.of_project
@click.option("--read-only", is_flag=True, help="Show everything, change nothing.")
@click.option("--theme", help="Its colours: nimbus-dark, nimbus-light, nimbus-contrast, or one of Textual's.")
def command(
    env: str | None = None, config: Path | None = None, *, read_only: bool = False, theme: str | None = None
) -> None:
    """Open the terminal interface: releases, runs, drift, load tests, infrastructure, rollback by one key.

    Everything it does is also a command; y copies it. ? lists the keys.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):  # it draws on stderr, so that stdout stays data's
        raise UsageError(
            "the terminal interface needs a terminal",
            got="a pipe or a file",
            remedy="start it from a terminal; `nimbus --help` lists the commands for scripts",
        )
    from nimbus_tui.opening import open_app  # noqa: PLC0415 - not needed for --help

    open_app(env, config, read_only=read_only, theme=theme)
