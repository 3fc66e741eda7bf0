"""Opens the terminal interface on a project."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from nimbus_runtime.contract.errors import NimbusError, UsageError
from nimbus_tui import keys
from nimbus_tui.api.session import Session
from nimbus_tui.app import NimbusApp


class BrokeDownError(NimbusError):
    """The terminal interface ended by a mistake of its own."""


def open_app(env: str | None, config: Path | None, *, read_only: bool = False, theme: str | None = None) -> None:
    """Show an environment of a project until the user leaves; raise BrokeDownError where it ended otherwise."""
    settings = keys.read(keys.place())
    app = NimbusApp(Session(config, env, read_only), replace(settings, theme=theme or settings.theme))
    if theme is not None and app.theme != theme:
        raise UsageError(
            "there is no such theme", got=theme, expected=", ".join(sorted(app.available_themes)), remedy="name another"
        )
    app.run()
    if app.broke is not None:
        raise _told(app.broke)


def _told(error: Exception) -> BrokeDownError:
    """Return what happened in words; where it happened is put aside.

    What variables held, and what the error says of it, may be somebody's text, and is left out.
    """
    with tempfile.NamedTemporaryFile("w", prefix="nimbus-tui-", suffix=".txt", encoding="utf-8", delete=False) as file:
        file.writelines(_places(error))
    return BrokeDownError(
        "the terminal interface has broken down, by a mistake of its own; what was started from it goes on",
        where=file.name,
        got=type(error).__name__,
        remedy="open it again; where a change was being made, `nimbus history` says whether it is done. "
        "Please report this with that file, which says where the mistake is",
    )


def _places(error: BaseException) -> Iterator[str]:
    """Yield the lines where an error came from, its cause first."""
    cause = error.__cause__ or error.__context__
    if cause is not None:
        yield from _places(cause)
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__qualname__}\n"
