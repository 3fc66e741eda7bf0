"""The screens, one folder each. A folder's `SCREEN` is imported when it is first opened."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nimbus_tui.screens.section import Section


@dataclass(frozen=True, slots=True)
class Entry:
    """A screen by its folder, with its name at length and in few letters."""

    folder: str
    name: str
    short: str

    def load(self) -> type[Section]:
        """Import the screen."""
        screen: type[Section] = importlib.import_module(f"nimbus_tui.screens.{self.folder}").SCREEN
        return screen


ENTRIES = (
    Entry("overview", "Overview", "Overview"),
    Entry("releases", "Releases", "Releases"),
    Entry("runs", "Runs", "Runs"),
    Entry("drift", "Drift", "Drift"),
    Entry("loadtests", "Load tests", "Load"),
    Entry("infrastructure", "Infrastructure", "Infra"),
    Entry("preflight", "Preflight", "Checks"),
    Entry("commandlog", "Command log", "Log"),
)
