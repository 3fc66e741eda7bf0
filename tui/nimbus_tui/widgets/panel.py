"""A framed part of a screen, which is loading, empty, in trouble, or shows what it holds."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from nimbus_tui import marks
from nimbus_tui.api.trouble import Trouble
from nimbus_tui.messages import Refit
from nimbus_tui.plain import plain
from nimbus_tui.widgets import hints, text

_TITLE = 200  # characters


class Panel(Vertical):
    """Shows its children, or one text instead of them."""

    def __init__(self, title: str, *held: Widget, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        """Start loading."""
        super().__init__(id=id, classes=f"panel -loading {classes or ''}")
        self._held = held
        self._trouble: Trouble | None = None
        self._width = 0
        self._missing: tuple[str, tuple[str, ...]] = ("", ())
        self.border_title = Content(title)
        self._note = Static(text.toned("loading …", "dim"), classes="note", markup=False)

    def compose(self) -> ComposeResult:
        """Draw the children and the text that stands for them."""
        yield from self._held
        yield self._note

    @property
    def room(self) -> int:
        """Return the cells that a line of text has: between margins, and beside a bar where it scrolls."""
        return self.content_size.width - (3 if self.query(".scrolling") else 2)

    def ready(self) -> None:
        """Show the children."""
        self._state("-ready")

    def wait(self, words: str = "loading …") -> None:
        """Say that something is on its way."""
        self._state("-loading", text.toned(hints.told(self, words), "dim"))

    def empty(self, what: str, *to_do: str) -> None:
        """Say that there is nothing, and what to do about it."""
        self._missing = (what, to_do)
        told = [text.toned(hints.told(self, what), "bold")]
        for line in to_do:
            told += text.hanging(hints.told(self, line), self.content_size.width - 2)
        self._state("-empty", text.lines(told))

    def unknown(self) -> None:
        """Say that nothing is known, and where it stands why."""
        self.empty("Not known.", f"the panel with {marks.FAILED} says why", "{app.refresh} asks again")

    def trouble(self, found: Trouble) -> None:
        """Say why nothing can be shown."""
        self._trouble = found
        self.border_subtitle = ""
        self._state("-trouble", text.trouble(found, self.content_size.width - 2))

    def on_resize(self) -> None:
        """Fit what it says again, and have fitted what it holds."""
        width, self._width = self._width, self.content_size.width
        if width == self._width:
            return
        self.post_message(Refit())
        if self._trouble is not None and self.has_class("-trouble"):
            self.trouble(self._trouble)
        elif self.has_class("-empty"):
            self.empty(self._missing[0], *self._missing[1])

    def title(self, title: str, beside: str = "") -> None:
        """Set what stands in the frame, above and below."""
        self.border_title = Content(plain(title, _TITLE))
        self.border_subtitle = Content(plain(beside, _TITLE))

    def _state(self, name: str, note: Content | None = None) -> None:
        for other in ("-ready", "-loading", "-empty", "-trouble"):
            self.set_class(other == name, other)
        if note is not None:
            self._note.update(note)
