"""Opens the terminal interface on a project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nimbus_runtime.contract.errors import UsageError
from nimbus_tui import keys
from nimbus_tui.api.session import Session
from nimbus_tui.app import NimbusApp


def open_app(env: str | None, config: Path | None, *, read_only: bool = False, theme: str | None = None) -> None:
    """Show an environment of a project until the user leaves."""
    settings = keys.read(keys.place())
    app = NimbusApp(Session(config, env, read_only), replace(settings, theme=theme or settings.theme))
    if theme is not None and app.theme != theme:
        raise UsageError(
            "there is no such theme", got=theme, expected=", ".join(sorted(app.available_themes)), remedy="name another"
        )
    app.run()
