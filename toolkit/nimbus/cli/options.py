"""The options that verbs of a project share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., object])


def of_project(command: Command) -> Command:
    """Add --env and --config, which arrive as `env` and `config`: which environment of which nimbus.toml.

    --set goes before whatever the file says, for this call.
    """
    for option in (
        click.option(
            "--set",
            "flags",
            metavar="KEY=VALUE",
            multiple=True,
            expose_value=False,
            callback=_set,
            help="Another value than nimbus.toml's, such as input.text_field=body; may be repeated.",
        ),
        click.option(
            "--config",
            type=click.Path(path_type=Path),
            help="The project's file.  [default: nimbus.toml here or above]",
        ),
        click.option("--env", "-e", metavar="NAME", help="The environment.  [default: local; NIMBUS_ENV]"),
    ):
        command = option(command)
    return command


def _set(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> None:
    """Keep what was set for whoever reads the project."""
    for value in values:
        if "=" not in value:
            raise click.BadParameter(f"{value!r} is not KEY=VALUE, such as input.text_field=body", ctx, param)
    if values:
        from nimbus.config.load import FLAGS  # noqa: PLC0415 - most calls set nothing

        token = FLAGS.set({key.strip(): text for key, _, text in (value.partition("=") for value in values)})
        ctx.call_on_close(lambda: FLAGS.reset(token))


def time(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """Read a time, in UTC where it does not say."""
    if value is None:
        return None
    try:
        given = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a time; write 2026-11-22T02:00:00Z", ctx, param) from None
    return (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC)
