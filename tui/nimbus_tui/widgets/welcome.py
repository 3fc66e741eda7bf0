"""What is shown where there is no project: how to make one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from nimbus_tui.widgets import text

if TYPE_CHECKING:
    from nimbus_tui.api.session import Session


class Welcome(ModalScreen[None]):
    """Offers the demo, and a project of one's own."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,ctrl+q,ctrl+c,escape", "app.quit", "Quit")]

    def __init__(self, session: Session) -> None:
        """Belong to a session."""
        super().__init__()
        self._session = session

    def compose(self) -> ComposeResult:
        """Draw the offers."""
        offers = (
            ("demo", "Try the demo", "a small pipeline, 600 texts and a nimbus.toml, in ./nimbus-demo"),
            ("init", "Begin a project", "nimbus init asks a few questions and writes nimbus.toml here"),
            ("quit", "Quit", "and go to a folder that has a nimbus.toml, or to one below it"),
        )
        room = max(len(name) for _, name, _ in offers)
        with Vertical(id="dialog", classes="welcome") as dialog:
            dialog.border_title = Content("Welcome to Nimbus")
            yield Static(
                text.lines(
                    [
                        text.toned("Trained spaCy pipelines, into scheduled batch production.", "bold"),
                        text.toned("There is no nimbus.toml in this folder or above it.", "dim"),
                    ]
                ),
                markup=False,
            )
            yield OptionList(
                *(
                    Option(text.words(text.toned(name.ljust(room) + "  ", "bold"), text.toned(about, "dim")), id=key)
                    for key, name, about in offers
                ),
                markup=False,
            )

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
        import subprocess  # noqa: PLC0415 - only where one is begun

        arguments = ["init", "--demo"] if demo else ["init"]
        with self.app.suspend():
            done = subprocess.run([sys.executable, "-m", "nimbus.cli.main", *arguments], check=False)  # noqa: S603 - ours
        del done
        self.dismiss()
