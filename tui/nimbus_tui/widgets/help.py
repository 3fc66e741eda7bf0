"""The keys of the screen that is open, and those that work everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from nimbus_tui.widgets import hints, text
from nimbus_tui.widgets.dialog import Dialog

_MOST = 2  # keys that are named for one action


def keys_of(bindings: Iterable[BindingType], changed: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return keys and what they do, as a user has them set."""
    found = []
    for binding in bindings:
        if isinstance(binding, Binding) and binding.description:
            own = changed.get(binding.id or "", binding.key)
            words = binding.tooltip or binding.description
            found.append((" ".join(hints.shown(own)[:_MOST]), words))
    return found


class Help(Dialog[None]):
    """Lists keys by where they work."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss", "Close"),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
    ]

    def __init__(self, groups: list[tuple[str, str, list[tuple[str, str]]]]) -> None:
        """Take groups: a title, a sentence, keys."""
        super().__init__()
        self._groups = groups

    def compose(self) -> ComposeResult:
        """Draw the groups below each other."""
        with Vertical(id="dialog", classes="help") as dialog:
            dialog.border_title = Content("Keys")
            dialog.border_subtitle = Content("↑ ↓ scroll · esc closes")
            with VerticalScroll(id="dialog-body"):
                room = max(len(key) for _, _, keys in self._groups for key, _ in keys)
                for title, sentence, keys in self._groups:
                    told = [text.toned(title, "bold")]
                    if sentence:
                        told.append(text.toned(sentence, "dim"))
                    told += [
                        text.words(text.toned(f"  {key:<{room}}  ", "note"), text.toned(what)) for key, what in keys
                    ]
                    yield Static(text.lines(told), classes="help-group", markup=False)

    def on_mount(self) -> None:
        """Let the arrows scroll."""
        self.query_one("#dialog-body").focus()

    def action_scroll(self, by: int) -> None:
        """Scroll."""
        self.query_one("#dialog-body").scroll_relative(y=by, animate=False)
