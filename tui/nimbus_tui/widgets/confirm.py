"""Asks before something changes: what would happen, where, and Cancel under the cursor."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from nimbus_tui.api.proposals import Proposal
from nimbus_tui.plain import plain
from nimbus_tui.widgets import text


class Confirm(ModalScreen[bool | None]):
    """Shows a proposal, and answers whether it was agreed to; None asks for the other way to do it."""

    AUTO_FOCUS = "#no"  # so that enter alone changes nothing
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer(False)", "Cancel", id="confirm.cancel"),
        Binding("y", "copy", "Copy command", id="confirm.copy"),
        Binding("d", "other", "The other way", show=False, id="confirm.other"),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
        Binding("j,down", "scroll(1)", "Scroll", show=False),
        Binding("k,up", "scroll(-1)", "Scroll", show=False),
    ]

    def __init__(self, proposal: Proposal) -> None:
        """Keep what is proposed."""
        super().__init__()
        self._proposal = proposal

    def compose(self) -> ComposeResult:
        """Draw title, facts, differences, a name to type where one is asked for, and the buttons."""
        proposal = self._proposal
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content(plain(proposal.title, 120))
            with VerticalScroll(id="dialog-body", can_focus=False):
                yield Static(id="dialog-text", markup=False)
            if proposal.other:
                hint = text.words(text.toned("d ", "warn"), text.toned(proposal.other[0], "dim"))
                yield Static(hint, id="other", markup=False)
            if proposal.typed:
                yield Static(
                    text.words(
                        text.toned("⚿ ", "warn"),
                        text.toned(f"{proposal.typed} is protected. Type its name to go on:"),
                    ),
                    markup=False,
                )
                yield Input(placeholder=plain(proposal.typed, 60), id="typed", compact=True)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="no", compact=True)
                yield Button(
                    plain(proposal.verb, 40),
                    id="yes",
                    variant="error" if proposal.dangerous else "primary",
                    compact=True,
                    disabled=bool(proposal.typed),
                )
            yield Static(
                text.words(text.toned("$ ", "dim"), text.toned(text.command(proposal.command), "dim")),
                id="twin",
                markup=False,
            )

    def on_mount(self) -> None:
        """Fit the differences."""
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        """Fit the differences again."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        proposal, width = self._proposal, max(30, self.query_one("#dialog-body").size.width - 2)
        parts = [text.facts(proposal.facts, width)] if proposal.facts else []
        if proposal.warning:
            parts.append(text.words(text.toned("▲ ", "warn"), text.toned(proposal.warning, "warn")))
        for title, found in proposal.differences:
            parts += [Content(""), text.toned(title, "bold"), text.differences(found, width)]
        self.query_one("#dialog-text", Static).update(text.lines(parts))

    @on(Input.Changed, "#typed")
    def typed(self, event: Input.Changed) -> None:
        """Free the button once the very name stands there."""
        self.query_one("#yes", Button).disabled = event.value != self._proposal.typed

    @on(Input.Submitted, "#typed")
    def submitted(self) -> None:
        """Go on from the name to the button; enter alone never agrees."""
        button = self.query_one("#yes", Button)
        if not button.disabled:
            button.focus()

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        """Answer."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:  # noqa: FBT001 - as the binding gives it
        """Answer by a key."""
        self.dismiss(answer)

    def action_other(self) -> None:
        """Ask for the other way to do it."""
        if self._proposal.other is not None:
            self.dismiss(None)

    def action_copy(self) -> None:
        """Copy the command line that would do the same."""
        self.app.copy_to_clipboard(text.command(self._proposal.command))
        self.notify("The command is in the clipboard.", timeout=2)

    def action_scroll(self, by: int) -> None:
        """Scroll what is shown."""
        self.query_one("#dialog-body").scroll_relative(y=by, animate=False)
