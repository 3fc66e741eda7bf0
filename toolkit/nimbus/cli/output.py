"""What the verbs share in speaking: errors and prose to stderr, data to stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nimbus_runtime.contract.errors import NimbusError

FINDINGS = 3  # the exit code of what is done, with something to look at


def colour() -> bool:
    """Say whether stderr takes colour: a terminal, and neither NO_COLOR nor a dumb one."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def print_error(error: NimbusError) -> None:
    """Write a failure in words: what happened first, then each part on a line of its own."""
    say(f"{bold('Error:', 'red')} {printable(error.what)}")
    for name, value in error.parts():
        say(f"  {name + ':':<10}{printable(value)}")


def say(line: str) -> None:
    """Write a line of prose to stderr."""
    click.echo(line, err=True, color=colour())


def bold(text: str, tint: str | None = None) -> str:
    """Return text in bold; colour is stripped on the way out where it is not wanted."""
    return click.style(text, bold=True, fg=tint)


def print_json(value: dict[str, object]) -> None:
    """Write one JSON object to stdout, with the schema's version."""
    click.echo(json.dumps({"schema_version": 1, **value}, ensure_ascii=False))


@contextmanager
def counting(what: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Draw how much is done of a number of steps, on a terminal alone; the drawing goes when it is done."""
    drawn = not quiet and sys.stderr.isatty() and not os.environ.get("CI")

    def advance(done: int, of: int) -> None:
        if drawn:
            sys.stderr.write(f"\r\033[K{what}: {done} of {of}")
            sys.stderr.flush()

    try:
        yield advance
    finally:
        if drawn:
            sys.stderr.write("\r\033[K")


def printable(text: str) -> str:
    """Escape what could steer a terminal: names of files and ids come from outside."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def print_line(text: str) -> None:
    """Write one line of data to stdout."""
    click.echo(printable(text))
