"""What a verb says while it goes, and how it ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from nimbus_tui import figures, marks
from nimbus_tui.plain import plain
from nimbus_tui.widgets import text
from nimbus_tui.widgets.dialog import Dialog

if TYPE_CHECKING:
    from nimbus_tui.api.verbs import Running

_SHOWN = 2_000  # lines, the last
_TONES = (("error", "bad"), ("failed", "bad"), ("skipped", "dim"), ("done", "good"), ("ok", "good"))


class Following(Dialog[None]):
    """Follows a verb; closing this leaves the verb alone."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close; it goes on", id="follow.close"),
        Binding("x", "stop", "Stop it", id="follow.stop"),
        Binding("c", "copy", "Copy", id="follow.copy"),
        Binding("y", "copy_command", "Copy the command", id="follow.copy_command"),
        Binding("R", "app.rollback", "Roll back", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
    ]

    def __init__(self, running: Running) -> None:
        """Follow a verb that was started."""
        super().__init__()
        self.running = running

    def compose(self) -> ComposeResult:
        """Draw its words, how it stands, and its command line."""
        with Vertical(id="dialog", classes="following") as dialog:
            dialog.border_title = Content(plain(self.running.verb.title, 120))
            with VerticalScroll(id="dialog-body"):
                yield Static(id="words", markup=False)
            yield Static(id="standing", markup=False)
            line = text.command(self.running.verb.command)
            yield Static(text.words(text.toned("$ ", "dim"), text.toned(line, "dim")), id="twin", markup=False)

    def on_mount(self) -> None:
        """Count the seconds."""
        self.query_one("#dialog-body").focus()
        self.draw()
        self.set_interval(1.0, self._stand)

    def draw(self) -> None:
        """Draw what was said so far, and stay at its end."""
        body = self.query_one("#dialog-body", VerticalScroll)
        at_end = body.scroll_offset.y >= body.max_scroll_y - 1
        said = [_line(line) for line in self.running.lines[-_SHOWN:]]
        silent = "nothing was said yet …" if self.running.code is None else "it had nothing to say"
        self.query_one("#words", Static).update(text.lines(said or [text.toned(silent, "dim")]))
        self._stand()
        if at_end:
            body.scroll_end(animate=False)

    def _stand(self) -> None:
        running, close = self.running, self.key("follow.close")
        if running.code is None:
            told = text.toned(f"{marks.GOES} going for {figures.duration(time.time() - running.began)}", "name")
            hint = f"   {self.key('follow.stop')} stops it · {close} closes this, and it goes on"
        elif running.failed:
            words, tone = running.outcome
            told, hint = (
                text.toned(f"{marks.FAILED if tone == 'bad' else marks.STOPPED} {words}", tone),
                f"   {close} closes",
            )
            hint += f" · {self.key('follow.copy')} copies"
        else:
            findings = running.code != 0
            words = f"{marks.LOOK} done, with findings" if findings else f"{marks.PASSED} done"
            told = text.toned(words, "warn" if findings else "good")
            hint = f"   {close} closes"
        self.query_one("#standing", Static).update(text.words(told, text.toned(hint, "dim")))

    def action_stop(self) -> None:
        """Interrupt it: what it has done stays, and starting it again goes on."""
        self.running.stop()

    def action_copy(self) -> None:
        """Copy what it said."""
        self.app.copy_to_clipboard("\n".join(map(plain, self.running.lines)))
        self.notify("Its words are in the clipboard.", timeout=2)

    def action_copy_command(self) -> None:
        """Copy its command line."""
        self.app.copy_to_clipboard(text.command(self.running.verb.command))
        self.notify("The command is in the clipboard.", timeout=2)

    def action_scroll(self, by: int) -> None:
        """Scroll."""
        self.query_one("#dialog-body").scroll_relative(y=by, animate=False)


def _line(line: str) -> Content:
    low = line.lower()
    tone = next(
        (tone for word, tone in _TONES if word in low.replace(",", " ").split() or low.startswith(f"{word}:")), ""
    )
    return text.toned(line, tone)
