"""The first line: where one is, what is live, and whether all is well."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from nimbus_tui import figures
from nimbus_tui.plain import middle, plain
from nimbus_tui.widgets import text

if TYPE_CHECKING:
    from nimbus_tui.api.glance import Glance

MARKS = {"good": "●", "warn": "▲", "bad": "✗", "dim": "○"}


class StatusLine(Static):
    """Project, environment, region, live release and their health; never more than one line."""

    def __init__(self) -> None:
        """Start with nothing known."""
        super().__init__(markup=False, id="status")
        self._glance: Glance | None = None
        self._now: datetime | None = None
        self._beside = ""

    def show(self, glance: Glance | None, now: datetime, beside: str) -> None:
        """Draw what is known; `beside` stands at the right."""
        self._glance, self._now, self._beside = glance, now, beside
        self.refresh(layout=False)
        self.update(self._line(max(20, self.app.size.width - 2)))

    def on_resize(self) -> None:
        """Fit the line again."""
        self.update(self._line(max(20, self.app.size.width - 2)))

    def _line(self, width: int) -> Content:
        glance = self._glance
        right = text.toned(self._beside, "dim")
        if glance is None:
            return self._spread(text.toned("nimbus", "name"), right, width)
        where = [text.toned("nimbus ", "name"), text.toned(glance.pipeline, "bold"), text.toned(" in ", "dim")]
        where.append(text.toned(glance.environment, "note"))
        if glance.region:
            where.append(text.toned(f" {glance.region}", "dim"))
        if glance.protected:
            where.append(text.toned(" ⚿ protected" if width >= 110 else " ⚿", "warn"))
        used = text.words(*where).cell_length + right.cell_length + 4
        mark = text.words("  ", text.toned(f"{MARKS[glance.health]} ", glance.health))
        room = width - used - 4
        if glance.live is None:
            told = plain(glance.summary) if glance.health == "bad" else "nothing live yet"
            live = text.toned(middle(told, max(6, room)), glance.health)
        else:
            state = "" if glance.summary == "healthy" or room < 44 else f" · {plain(glance.summary)}"
            live = text.words(
                text.toned(middle(plain(glance.live.release), max(6, room - len(state))), "bold"),
                text.toned(state, glance.health),
            )
        return self._spread(text.words(*where, mark, live), right, width)

    @staticmethod
    def _spread(left: Content, right: Content, width: int) -> Content:
        gap = width - left.cell_length - right.cell_length
        return text.words(left, " " * gap, right) if gap > 0 else left


def freshness(seconds: float | None, *, frozen: bool) -> str:
    """Say how the screen is kept up to date."""
    if frozen:
        return "‖ paused"
    return "" if seconds is None else f"↻ {figures.duration(seconds).replace('.0', '')}"
