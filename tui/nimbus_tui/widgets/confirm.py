"""Asks before something changes: what would happen, where, and Cancel under the cursor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Static

from nimbus_tui import marks
from nimbus_tui.api.proposals import Proposal
from nimbus_tui.api.questions import Question
from nimbus_tui.api.verbs import because
from nimbus_tui.plain import plain
from nimbus_tui.widgets import text
from nimbus_tui.widgets.dialog import Dialog

_LEAST = 4  # lines of what is proposed that are in sight at once
_SHARE = 92  # percent of a high window that a dialog may take, as nimbus.tcss has it


@dataclass(frozen=True, slots=True)
class Said:
    """What was said to a proposal, and why; `way` is another way to do it that is asked about first."""

    agreed: bool
    reason: str = ""
    way: Question[Proposal] | None = None


class Confirm(Dialog[Said]):
    """Shows a proposal, and answers whether it was agreed to.

    Where a name is to be typed, its first letter begins it, whatever else that key would do.
    """

    AUTO_FOCUS = "#no"  # so that enter alone changes nothing
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer(False)", "Cancel", id="confirm.cancel"),
        Binding("y", "copy", "Copy command", id="confirm.copy"),
        *(
            Binding(f"{key},{key.upper()}", f"way('{key}')", "Another way", show=False, id=f"confirm.{key}")
            for key in "dgo"
        ),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
        Binding("j,down", "scroll(1)", "Scroll", show=False),
        Binding("k,up", "scroll(-1)", "Scroll", show=False),
    ]

    def __init__(self, proposal: Proposal, reason: str = "") -> None:
        """Keep what is proposed, and the reason that was given already."""
        super().__init__()
        self._proposal = proposal
        self._reason = reason
        self._typing = False

    def compose(self) -> ComposeResult:
        """Draw title, facts, differences, a name to type where one is asked for, and the buttons."""
        proposal = self._proposal
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content(plain(proposal.title, 120))
            with VerticalScroll(id="dialog-body", can_focus=False):
                yield Static(id="dialog-text", markup=False)
            if proposal.ways:
                yield Static(id="other", markup=False)
            if proposal.typed:
                yield Static(
                    text.words(
                        text.toned("◈ ", "warn"),
                        text.toned(f"{proposal.typed} is protected. Type its name to go on:"),
                    ),
                    id="typing",
                    markup=False,
                )
                yield Input(
                    placeholder=f"type {plain(proposal.typed, 60)}", id="typed", compact=True, select_on_focus=False
                )
            if proposal.reasoned:
                yield Input(
                    self._reason, placeholder="why (tab comes here; stays in the history)", id="reason", compact=True
                )
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="no", compact=True)
                yield Button(
                    Content(plain(proposal.verb, 40)),
                    id="yes",
                    variant="error" if proposal.dangerous else "primary",
                    compact=True,
                    disabled=bool(proposal.typed),
                )
            yield Static(id="twin", markup=False)

    def _key(self, key: str) -> str:
        """Return the key of a way: a capital where the small one begins the name that is to be typed."""
        shown = self.key(f"confirm.{key}")
        return key.upper() if shown == key and (self._proposal.typed or "").startswith(key) else shown

    def on_key(self, event: events.Key) -> None:
        """Let whoever types the name at once type it where it belongs."""
        typed, letter = self._proposal.typed, event.character
        if typed and letter and event.is_printable and (self._typing or letter == typed[0]):
            event.stop()
            field = self.query_one("#typed", Input)
            self._typing = True  # letters may come faster than the field gets the keys
            self.set_focus(field)
            field.insert_text_at_cursor(letter)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Take letters for keys again once a button has the keys."""
        self._typing = self._typing and not isinstance(event.widget, Button)

    def on_mount(self) -> None:
        """Name the keys as they are set, and fit the differences."""
        for other in self.query("#other").results(Static):
            other.update(text.lines(self._ways()))
        self._draw_command()
        self._draw_keys()
        self.call_after_refresh(self._draw)

    def _ways(self) -> list[Content]:
        return [
            text.words(text.toned(f"{self._key(way.key)} ", "warn"), text.toned(way.words, "dim"))
            for way in self._proposal.ways
        ]

    def _draw_keys(self) -> None:
        """Name as many keys as the frame has room for."""
        copy, cancel = self.key("confirm.copy"), self.key("confirm.cancel")
        told = (f"← → and enter choose · {copy} copies · {cancel} cancels", f"enter chooses · {cancel} cancels")
        dialog = self.query_one("#dialog")
        dialog.border_subtitle = Content(next((hint for hint in told if len(hint) + 4 <= dialog.size.width), told[-1]))

    @property
    def _command(self) -> str:
        return text.command(because(self._proposal.command, self._reason))

    @property
    def _line(self) -> Content:
        return text.words(text.toned("$ ", "dim"), text.toned(self._command, "dim"))

    def _draw_command(self) -> None:
        self.query_one("#twin", Static).update(self._line)
        self.call_after_refresh(self._draw if self._tight else self._fit)

    @property
    def _tight(self) -> bool:
        """Say whether there is room only for what is asked for; the rest scrolls."""
        return self.query_one("#dialog").has_class("-tight")

    def on_resize(self) -> None:
        """Fit the differences again."""
        self.query_one("#dialog").remove_class("-tight")
        self.call_after_refresh(self._draw)
        self.call_after_refresh(self._draw_keys)

    def _draw(self) -> None:
        if not self.query("#dialog-text"):  # it was answered meanwhile
            return
        proposal, width = self._proposal, max(30, self.query_one("#dialog-body").size.width - 2)
        parts = [text.facts(proposal.facts, width, whole=True)] if proposal.facts else []
        if proposal.warning:
            parts.append(text.words(text.toned(f"{marks.LOOK} ", "warn"), text.toned(proposal.warning, "warn")))
        for title, found in proposal.differences:
            parts += [Content(""), text.toned(title, "bold"), text.differences(found, width)]
        if self._tight:
            parts += [Content(""), *self._ways(), Content(""), self._line]
        self.query_one("#dialog-text", Static).update(text.lines(parts))
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        """Scroll what is proposed where the window is low: what is typed and the buttons stay in sight."""
        if not self.query("#dialog-body"):
            return
        dialog, body = self.query_one("#dialog"), self.query_one("#dialog-body")
        others = sum(child.virtual_region_with_margin.height for child in dialog.children if child is not body)
        room = self.size.height if self.has_class("-low") else self.size.height * _SHARE // 100
        left = room - dialog.gutter.height - others
        if left < _LEAST and not self._tight:
            dialog.add_class("-tight")
            self.call_after_refresh(self._draw)
        body.styles.max_height = max(1, left)

    @on(Input.Changed, "#typed")
    def typed(self, event: Input.Changed) -> None:
        """Free the button once the very name stands there."""
        self.query_one("#yes", Button).disabled = event.value != self._proposal.typed

    @on(Input.Changed, "#reason")
    def reasoned(self, event: Input.Changed) -> None:
        """Show the command line with the reason."""
        self._reason = event.value.strip()
        self._draw_command()

    @on(Input.Submitted, "#reason")
    def given(self) -> None:
        """Go on to Cancel: enter alone never agrees."""
        self.query_one("#no").focus()

    @on(Input.Submitted, "#typed")
    def submitted(self) -> None:
        """Go on from the name to the button; enter alone never agrees."""
        button = self.query_one("#yes", Button)
        if not button.disabled:
            button.focus()

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        """Answer."""
        self.dismiss(Said(event.button.id == "yes", self._reason))

    def action_answer(self, answer: bool) -> None:  # noqa: FBT001 - as the binding gives it
        """Answer by a key."""
        self.dismiss(Said(answer, self._reason))

    def action_way(self, key: str) -> None:
        """Ask about another way to do it."""
        for way in self._proposal.ways:
            if way.key == key:
                self.dismiss(Said(agreed=False, reason=self._reason, way=way.question))

    def action_copy(self) -> None:
        """Copy the command line that would do the same."""
        self.app.copy_to_clipboard(self._command)
        self.notify("The command is in the clipboard.", timeout=2)

    def action_scroll(self, by: int) -> None:
        """Scroll what is shown."""
        self.query_one("#dialog-body").scroll_relative(y=by, animate=False)
