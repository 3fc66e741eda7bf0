"""What a screen's folder says of itself, before the screen is imported."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nimbus_tui.screens.section import Section


@dataclass(frozen=True, slots=True)
class Entry:
    """A screen: its place in the row of tabs, its folder, its name at length and in few letters, and its class."""

    place: int
    folder: str
    name: str
    short: str
    screen: str

    def load(self) -> type[Section]:
        """Import the screen."""
        made: type[Section] = pkgutil.resolve_name(f"{__package__}.{self.folder}.screen:{self.screen}")
        return made
