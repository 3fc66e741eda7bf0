"""The first line: where one is, what is live, and whether all is well."""

from __future__ import annotations

from typing import cast

from textual import on
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from nimbus_tui import marks
from nimbus_tui.api.glance import Glance, LookAround
from nimbus_tui.api.session import Session
from nimbus_tui.api.trouble import Trouble
from nimbus_tui.messages import Answered, Ask, Refused
from nimbus_tui.plain import middle, plain, release
from nimbus_tui.polling import Pace
from nimbus_tui.widgets import text

_WIDE = 110  # columns from which it says what it need not
_NARROW = 60  # columns below which it says only where one is, and what is live
_NAME = 24  # cells of a pipeline, of an environment
_LEAST = 10  # of a release's name
MARKS = {"good": marks.LIVE, "warn": marks.LOOK, "bad": marks.FAILED, "dim": marks.BESIDE}


class StatusLine(Static):
    """Project, environment, region, live release and their health; never more than one line."""

    class Lost(Message):
        """What is in sight could not be found out."""

        def __init__(self, trouble: Trouble) -> None:
            """Say why."""
            super().__init__()
            self.trouble = trouble

    def __init__(self, session: Session) -> None:
        """Start with nothing known."""
        super().__init__(markup=False, id="status")
        self.session = session
        self.glance: Glance | None = None
        self.frozen = False
        self._pace = Pace(least=3.0, most=20.0)
        self._wait: float | None = None  # seconds until it asks again
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        """Look around at once."""
        self._look()

    def on_resize(self) -> None:
        """Fit the line again."""
        self._draw()

    def hurry(self) -> None:
        """Look around now, because somebody did something."""
        self._pace.hurry()
        self.post_message(Ask(self, LookAround(), anew=True))

    def forget(self) -> None:
        """Know nothing any more: it is another environment."""
        self.glance = None
        self._draw()

    def freeze(self, *, frozen: bool) -> None:
        """Look around no more by itself, or again."""
        self.frozen = frozen
        self._again(self._pace.least)

    def _look(self) -> None:
        self.post_message(Ask(self, LookAround()))

    @on(Answered)
    def _answered(self, event: Answered) -> None:
        found = cast("Glance", event.answer)
        changed, self.glance = found != self.glance, found
        self._again(self._pace.after(changed=changed))

    @on(Refused)
    def _refused(self, event: Refused) -> None:
        self.glance = None
        self._again(self._pace.after(failed=True))
        self.post_message(self.Lost(event.trouble))

    def _again(self, seconds: float) -> None:
        self._wait = seconds
        if self._timer is not None:
            self._timer.stop()
        self._timer = None if self.frozen else self.set_timer(seconds, self._look)
        self._draw()

    def _draw(self) -> None:
        self.update(self._line(max(20, self.app.size.width - 2)))

    def _beside(self) -> str:
        going = sum(running.code is None for running in self.session.running)
        parts = [f"⚙ {going}" if going else "", "read-only" if self.session.read_only else ""]
        parts.append(_freshness(self._wait, frozen=self.frozen))
        return "  ".join(part for part in parts if part)

    def _line(self, width: int) -> Content:
        glance = self.glance
        right = text.toned(self._beside() if width >= _NARROW else "", "dim")
        if glance is None:
            return self._spread(text.toned("nimbus", "name"), right, width)
        wide = width >= _WIDE
        where = [text.toned("nimbus ", "name")] if wide else []
        if width >= _NARROW:
            where += [text.toned(middle(plain(glance.pipeline), _NAME), "bold"), text.toned(" in ", "dim")]
        where.append(text.toned(middle(plain(glance.environment), _NAME), "note"))
        if glance.region and width >= _NARROW:
            where.append(text.toned(f" {middle(plain(glance.region), _NAME)}", "dim"))
        if glance.protected:
            where.append(text.toned(" ◈ protected" if wide else " ◈", "warn"))
        mark = text.words("  ", text.toned(f"{MARKS[glance.health]} ", glance.health))
        room = width - text.words(*where, mark).cell_length - right.cell_length - 2
        if glance.live is None:
            told = plain(glance.summary) if glance.health == "bad" else "nothing live yet"
            live = text.toned(middle(told, max(6, room)), glance.health)
        else:
            state = "" if glance.summary == "healthy" else f" · {plain(glance.summary)}"
            name = plain(glance.live.release)
            if len(name) + len(state) > room:
                state = state if room - len(state) >= _LEAST else ""
            live = text.words(
                text.toned(release(name, max(6, room - len(state))), "bold"), text.toned(state, glance.health)
            )
        return self._spread(text.words(*where, mark, live), right, width)

    @staticmethod
    def _spread(left: Content, right: Content, width: int) -> Content:
        gap = width - left.cell_length - right.cell_length
        return text.words(left, " " * gap, right) if gap > 0 else left


def _freshness(seconds: float | None, *, frozen: bool) -> str:
    """Say how the screen is kept up to date."""
    if frozen:
        return "‖ paused"
    return "" if seconds is None else f"↻ {seconds:.0f} s"
