"""A line that asks for a text which rows must contain; in sight only while it is wanted."""

from __future__ import annotations

from textual.widgets import Input


class Filter(Input):
    """What is typed filters at once; enter goes to the rows, esc shows all of them again."""

    def __init__(self) -> None:
        """Be out of sight, and out of the way of keys."""
        super().__init__(id="filter", placeholder="filter …", compact=True, disabled=True)

    @property
    def is_open(self) -> bool:
        """Say whether it is in sight."""
        return not self.disabled

    def open(self) -> None:
        """Come into sight and take the keys."""
        self.disabled = False
        self._line_shown()
        self.focus()

    def shut(self) -> None:
        """Go out of sight, and filter nothing."""
        self.disabled = True
        self._line_shown()
        self.value = ""

    def _line_shown(self) -> None:
        """Show the line that it stands in, or hide it."""
        if self.parent is not None:
            self.query_ancestor("#filter-line").set_class(self.is_open, "-open")
