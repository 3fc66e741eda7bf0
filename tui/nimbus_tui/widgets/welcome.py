"""What is shown where there is no project: how to make one."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from nimbus_tui.api.beginning import BeginDemo, begin_here
from nimbus_tui.messages import Answered, Ask, Refused
from nimbus_tui.widgets import hints, text
from nimbus_tui.widgets.choices import Choices
from nimbus_tui.widgets.dialog import Dialog


class Welcome(Dialog[Path | bool]):
    """Offers the demo, and a project of one's own; answers the demo's file, or that one was begun here."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,escape", "app.leave", "Quit")]

    def __init__(self, *, read_only: bool = False) -> None:
        """Offer what writes something, or only to quit."""
        super().__init__()
        self._read_only = read_only

    def compose(self) -> ComposeResult:
        """Draw the offers."""
        offers = (
            ("demo", "Try the demo", "a small pipeline, 600 texts and a nimbus.toml, in ./nimbus-demo"),
            ("init", "Begin a project", "nimbus init asks a few questions and writes nimbus.toml here"),
            ("quit", "Quit", "and go to a folder that has a nimbus.toml, or to one below it"),
        )
        with Vertical(id="dialog", classes="welcome") as dialog:
            dialog.border_title = Content("Welcome to Nimbus")
            dialog.border_subtitle = Content("enter chooses · q quits")
            yield Static(
                text.lines(
                    [
                        text.toned("Trained spaCy pipelines, into scheduled batch production.", "bold"),
                        text.toned("There is no nimbus.toml in this folder or above it.", "dim"),
                    ]
                ),
                markup=False,
            )
            yield Choices(offers[-1:] if self._read_only else offers, between="\n  ")

    def on_mount(self) -> None:
        """Stand on the demo."""
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        """Do what was chosen."""
        if event.option_id == "quit":
            self.app.exit()
            return
        self._begin(event.option_id == "demo")

    def _begin(self, demo: bool) -> None:  # noqa: FBT001 - two ways
        if demo:
            self.post_message(Ask(self, BeginDemo(Path.cwd() / "nimbus-demo")))
            return
        with self.app.suspend():
            begin_here()
        self.dismiss(result=True)

    @on(Answered)
    def _begun(self, event: Answered) -> None:
        self.notify(
            f"The demo's project stands in ./nimbus-demo: {hints.key(self, 'overview.deploy')} deploys it.", timeout=10
        )
        self.dismiss(cast("Path", event.answer))

    @on(Refused)
    def _not_begun(self, event: Refused) -> None:
        self.notify(event.trouble.what, severity="error", markup=False)
