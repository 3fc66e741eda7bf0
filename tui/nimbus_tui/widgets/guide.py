"""What to do about something, to be read: a section of the runbook."""

from __future__ import annotations

import re
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from nimbus_tui.plain import plain
from nimbus_tui.widgets import text

_STEP = re.compile(r"\d+\. |- ")


class Guide(ModalScreen[bool]):
    """Shows a section; answers whether to go where it is about."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "dismiss(True)", "Go there"),
        Binding("escape,q", "dismiss(False)", "Close"),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
    ]

    def __init__(self, title: str, section: str, where: str) -> None:
        """Take a title, the section in Markdown, and the name of the screen that enter opens."""
        super().__init__()
        self._title, self._section, self._where = title, section, where

    def compose(self) -> ComposeResult:
        """Draw its paragraphs and steps."""
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content(plain(self._title, 120))
            dialog.border_subtitle = Content(f"enter opens {self._where} · esc closes")
            with VerticalScroll(id="dialog-body", can_focus=False):
                yield Static(text.lines(map(_inked, paragraphs(self._section))), id="dialog-text", markup=False)

    def action_scroll(self, by: int) -> None:
        """Scroll."""
        self.query_one("#dialog-body").scroll_relative(y=by, animate=False)


def paragraphs(section: str) -> list[str]:
    """Return each paragraph and each step on a line of its own, however long, with an empty one between paragraphs."""
    told: list[str] = []
    for line in section.splitlines():
        if told and told[-1] and line.strip() and not _STEP.match(line):
            told[-1] += f" {line.strip()}"
        else:
            told.append(line.strip())
    return told


def _inked(line: str) -> Content:
    """Return a line with what stands between backquotes in another ink."""
    parts = plain(line).split("`")
    return text.words(*(text.toned(part, "name" if number % 2 else "") for number, part in enumerate(parts)))
