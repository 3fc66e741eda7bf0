"""Each action as the command line that does the same: to learn from, to copy, to put into a script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult

from nimbus_tui.api.log import WhatWasDone
from nimbus_tui.api.questions import Question
from nimbus_tui.screens.section import Section
from nimbus_tui.widgets import text
from nimbus_tui.widgets.panel import Panel
from nimbus_tui.widgets.table import Cell, Column, Table

if TYPE_CHECKING:
    from nimbus_tui.api.session import Logged

_COLUMNS = (
    Column("when", 8, rank=1),
    Column("command", 30, grow=3),
    Column("what came of it", 18, grow=2, rank=2),
)


class CommandLog(Section):
    """What was done from here, as command lines."""

    FOCUS: ClassVar[str] = "#log"

    def compose(self) -> ComposeResult:
        """Draw the list."""
        yield Panel("Command log", Table(_COLUMNS, id="log"))

    def on_mount(self) -> None:
        """Begin with nothing."""
        self._log: dict[str, Logged] = {}
        self._wanted = ""

    def question(self) -> Question[object]:
        """Ask what was done."""
        return WhatWasDone()

    def show(self, answer: object) -> None:
        """List it."""
        log = cast("tuple[Logged, ...]", answer)
        self._log = {str(len(log) - number): item for number, item in enumerate(log)}  # the first ever is 1
        self.filter(self._wanted)

    def filter(self, text_wanted: str) -> None:
        """Show the lines that contain a text."""
        self._wanted = text_wanted
        panel, found = self.query_one(Panel), self._log
        keys = [key for key, item in found.items() if text_wanted.lower() in text.command(item.command).lower()]
        if not found:
            panel.empty(
                "Nothing was done from here yet.",
                "whatever you do appears here as the command line that does the same",
                "{app.copy_command} copies the command of the screen you are on",
            )
        else:
            panel.ready()

        def row(key: str) -> tuple[Cell | str, ...]:
            item = found[key]
            return Cell(item.time[11:19], "dim"), text.command(item.command), Cell(item.outcome, item.tone)

        self.query_one(Table).show(keys, row)

    def twin(self) -> Sequence[str] | None:
        """Return the selected command line."""
        key = self.query_one(Table).key
        return None if key is None else self._log[key].command

    def copied(self) -> str | None:
        """Return the selected command line."""
        line = self.twin()
        return None if line is None else text.command(line)
