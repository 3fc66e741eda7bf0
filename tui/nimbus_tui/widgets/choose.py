"""Asks which of a few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList

from nimbus_tui.plain import middle, plain
from nimbus_tui.widgets.choices import Choices
from nimbus_tui.widgets.dialog import Dialog

_NAME = 40  # cells


class Choose(Dialog[str | None]):
    """A short list, each choice with what it means; answers the chosen key, None where none was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "none", "Cancel"),
        Binding("j", "move('down')", show=False),
        Binding("k", "move('up')", show=False),
    ]

    def __init__(self, title: str, choices: Sequence[tuple[str, str, str]], chosen: str = "") -> None:
        """Take choices: a key, its name, what it means."""
        super().__init__()
        self._title, self._chosen = title, chosen
        self._choices = [(key, middle(plain(name), _NAME), about) for key, name, about in choices]

    def compose(self) -> ComposeResult:
        """Draw the list."""
        room = max((len(name) for _, name, _ in self._choices), default=0)
        padded = [(key, name.ljust(room), about) for key, name, about in self._choices]
        with Vertical(id="dialog", classes="choose") as dialog:
            dialog.border_title = Content(plain(self._title, 120))
            dialog.border_subtitle = Content("enter chooses · esc cancels")
            yield Choices(padded, between="  ")

    def on_mount(self) -> None:
        """Stand on what is chosen already."""
        choices = self.query_one(OptionList)
        keys = [key for key, _, _ in self._choices]
        choices.highlighted = keys.index(self._chosen) if self._chosen in keys else 0
        choices.focus()

    @on(OptionList.OptionSelected)
    def selected(self, event: OptionList.OptionSelected) -> None:
        """Answer."""
        self.dismiss(event.option_id)

    def action_none(self) -> None:
        """Answer that none was chosen."""
        self.dismiss(None)

    def action_move(self, where: str) -> None:
        """Move by the keys of vim."""
        choices = self.query_one(OptionList)
        (choices.action_cursor_down if where == "down" else choices.action_cursor_up)()
