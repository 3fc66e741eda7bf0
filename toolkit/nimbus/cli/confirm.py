"""Asks before something that readers or runs notice is changed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from nimbus.cli import output
from nimbus_runtime.contract.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nimbus.config import Environment


def options(command: Callable[..., object]) -> Callable[..., object]:
    """Add --yes and --confirm, which arrive as `yes` and `confirm`."""
    yes = click.option("--yes", "-y", is_flag=True, help="Do not ask; a protected environment wants --confirm.")
    typed = click.option("--confirm", metavar="NAME", help="The environment's name, instead of typing it when asked.")
    return yes(typed(command))


def confirm(environment: Environment, question: str, *, yes: bool, confirm: str | None) -> bool:
    """Return when it may be done, and say whether somebody was asked; click.Abort where the answer is no.

    A protected environment wants its name typed, by whoever sits there or on the command line.
    """
    return confirm_named(environment.name, question, protected=environment.protected, yes=yes, confirm=confirm)


def confirm_named(name: str, question: str, *, protected: bool, yes: bool, confirm: str | None) -> bool:
    """Ask as `confirm` does, of an environment that may not be made yet."""
    if confirm is not None:
        if confirm != name:
            raise UsageError(
                "--confirm names another environment", got=confirm, expected=name, remedy="see which one is meant"
            )
        return False
    if yes and not protected:
        return False
    if not sys.stdin.isatty():
        raise UsageError(
            f"{name} is protected, and nobody is here to type its name" if yes else "nobody is here to answer",
            where=name,
            expected=f"--confirm {name}" if protected else "--yes",
            remedy="add it if you mean it; --dry-run shows what would be done",
        )
    if protected:
        output.say(f"{name} is protected.")
        if click.prompt(f"Type {name} to {question}", err=True) != name:
            raise click.Abort
    elif not click.confirm(f"{question[0].upper()}{question[1:]} in {name}?", err=True):
        raise click.Abort
    return True
