"""Says that something is being found out, so that keys meant for its answer do nothing else."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from nimbus_tui.widgets import text
from nimbus_tui.widgets.dialog import Dialog


class Waiting(Dialog[None]):
    """Stands where a dialog will; esc gives it up."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", "Give up")]

    def __init__(self) -> None:
        """Wait until somebody has had enough."""
        super().__init__()
        self.left = asyncio.Event()
        self._ended = False

    def compose(self) -> ComposeResult:
        """Draw a sentence."""
        with Vertical(id="dialog", classes="waiting") as dialog:
            dialog.border_subtitle = Content("esc gives up")
            yield Static(text.toned("finding out what it would do …", "dim"), markup=False)

    def action_leave(self) -> None:
        """Let whoever waits know."""
        self.left.set()

    async def end(self) -> None:
        """Go, once no other dialog lies above."""
        self._ended = True
        if self in self.app.screen_stack:
            await self.dismiss()

    def on_screen_resume(self) -> None:
        """Go, where it should have gone while another dialog lay above."""
        if self._ended:
            self.dismiss()
