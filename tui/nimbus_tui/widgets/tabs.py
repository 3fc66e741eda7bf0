"""The row of screens: a digit and a name each."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static


class TabRow(Static):
    """Shows which screen is open; a click opens another."""

    class Opened(Message):
        """A tab was clicked."""

        def __init__(self, number: int) -> None:
            """Say which, from 0."""
            super().__init__()
            self.number = number

    def __init__(self, names: Sequence[str], short: Sequence[str]) -> None:
        """Name the tabs, at length and in few letters."""
        super().__init__(markup=False, id="tabs")
        self._names, self._short = tuple(names), tuple(short)
        self._open = 0
        self._ends: list[int] = []

    def show(self, number: int) -> None:
        """Mark a tab as the open one."""
        self._open = number
        self._redraw()

    def on_resize(self) -> None:
        """Use the short names where the long ones find no room."""
        self._redraw()

    def on_click(self, event: events.Click) -> None:
        """Open the tab below the pointer."""
        for number, end in enumerate(self._ends):
            if event.x < end:
                self.post_message(self.Opened(number))
                return

    def _redraw(self) -> None:
        width = self.app.size.width - 2
        fitting = (names for names in (self._names, self._short) if sum(len(name) + 4 for name in names) <= width)
        names = next(fitting, tuple(name if n == self._open else "" for n, name in enumerate(self._short)))
        parts, self._ends, at = [], [], 0
        for number, name in enumerate(names):
            is_open = number == self._open
            label = f" {number + 1} {name} " if name else f" {number + 1} "
            parts.append(Content.styled(label, "bold $background on $primary" if is_open else "$dim"))
            at += len(label)
            self._ends.append(at)
        self.update(Content.assemble(*parts))
