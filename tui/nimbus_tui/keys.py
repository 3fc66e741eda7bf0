"""What a user has set: theme and keys, in tui.toml below the folder of settings.

theme = "nimbus-light"
[keys]
"app.rollback" = "ctrl+r"
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from nimbus_runtime.contract.errors import UsageError


@dataclass(frozen=True, slots=True)
class Settings:
    """A user's theme, and keys by the ids of what they do."""

    theme: str | None = None
    keys: dict[str, str] = field(default_factory=dict)


def place() -> Path:
    """Return where the settings of this user stand."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "nimbus" / "tui.toml"


def read(file: Path) -> Settings:
    """Return what a user has set; nothing where there is no file."""
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:
        raise _refused(file, str(error), "TOML") from None
    theme, keys = found.get("theme"), found.get("keys", {})
    if theme is not None and not isinstance(theme, str):
        raise _refused(file, f"theme = {theme!r}", "the name of a theme")
    if not isinstance(keys, dict) or not all(isinstance(key, str) for key in keys.values()):
        raise _refused(file, "[keys]", '"what.it.does" = "key"')
    if keys:
        from nimbus_tui import keymap  # noqa: PLC0415 - which loads every screen

        if wrong := keymap.wrong(keys):
            raise _refused(file, *wrong)
    return Settings(theme, dict(keys))


def write_theme(file: Path, theme: str) -> None:
    """Keep a theme for the next time; whatever else stands in the file stays."""
    before = file.read_text("utf-8").splitlines() if file.is_file() else []
    kept = [line for line in before if line.partition("=")[0].strip() != "theme"]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([f'theme = "{theme}"', *kept]) + "\n", "utf-8")


def _refused(file: Path, got: str, expected: str) -> UsageError:
    return UsageError(
        "the settings of the terminal interface cannot be read",
        where=str(file),
        got=got,
        expected=expected,
        remedy="mend the file, or remove it",
    )
