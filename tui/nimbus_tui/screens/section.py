"""What every screen has: a question that is asked again while it is in sight, keys, and its command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual import on
from textual.containers import Container
from textual.timer import Timer

from nimbus_tui.api.questions import Question
from nimbus_tui.api.session import Session
from nimbus_tui.api.trouble import Trouble
from nimbus_tui.messages import Answered, Ask, Changed, Go, Refit, Refused
from nimbus_tui.polling import Pace
from nimbus_tui.widgets import hints
from nimbus_tui.widgets.panel import Panel

_REST = 0.15  # seconds that the cursor rests before more is asked about what it is on
_LITTLE = 10  # lines in which a list and what is selected in it have no room


class Section(Container, can_focus=True):
    """A screen's body. It draws what it is told and asks for more; it reads nothing itself."""

    FOCUS: ClassVar[str] = "Table"
    """Selects what gets the keys when the screen is opened."""
    CHANGES: ClassVar[frozenset[str]] = frozenset()
    """Actions that change something: not there when nothing may be changed."""

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002
        """Belong to a session, of which only the values are used."""
        super().__init__(id=id, classes="section")
        self.session = session
        self.pace = Pace()
        self.frozen = False
        self._timer: Timer | None = None
        self._answers: dict[object, object] = {}
        self._posed: Question[object] | None = None  # the screen's own, as it was asked last
        self._moves = 0
        self._resting: Timer | None = None
        self.keyed = self.FOCUS
        """Selects what gets the keys when they are given back."""

    # What a screen says of itself.

    def question(self) -> Question[object] | None:
        """Return what is asked again and again."""
        return None

    def show(self, answer: object) -> None:
        """Draw the answer."""

    def refuse(self, trouble: Trouble) -> None:
        """Say in the first panel why there is none, and in the others that nothing is known."""
        for number, panel in enumerate(self.query(Panel)):
            if number == 0:
                panel.trouble(trouble)
            else:
                panel.unknown()

    def heard(self, question: Question[object], answer: object) -> None:
        """Draw the answer to a question that was asked once."""

    def denied(self, question: Question[object], trouble: Trouble) -> None:
        """Draw why a question that was asked once has no answer."""
        del question
        self.notify(trouble.what, severity="error", markup=False)

    def filtering(self) -> bool:
        """Remember which list a filter is for that is about to be typed; say whether it is another than before."""
        return False

    def filter(self, text: str) -> None:
        """Show only what contains a text."""

    def fit(self) -> None:
        """Draw again what is made to fit its panel."""

    def look_at(self, key: str) -> None:
        """Bring something into sight, by its name."""

    def back(self) -> None:
        """Leave what was opened within the screen; the list gets the keys again."""
        self.take_keys()

    def twin(self) -> Sequence[str] | None:
        """Return the command line that shows the same."""
        return None

    def copied(self) -> str | None:
        """Return what the copy key takes."""
        return None

    def on_resize(self) -> None:
        """Leave the room to the list, where there is little."""
        self.set_class(self.size.height < _LITTLE, "-tiny")

    @on(Refit)
    def _refit(self, event: Refit) -> None:
        event.stop()
        self.fit()

    # How it is kept up to date.

    def open(self) -> None:
        """Be in sight from now on."""
        self.pace.hurry()
        self.ask()
        self.call_after_refresh(self.take_keys)

    def close(self) -> None:
        """Be out of sight from now on; ask nothing more."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def ask(self, question: Question[object] | None = None, *, anew: bool = False) -> None:
        """Ask once, or the question of the screen; `anew` where an answer on its way may be out of date."""
        wanted = question or self.question()
        if question is None:
            self._posed = wanted
        if wanted is not None:
            self.post_message(Ask(self, wanted, anew=anew))

    @property
    def resting(self) -> bool:
        """Say whether something is still to be asked about what the cursor is on."""
        return self._resting is not None

    def at_rest(self, inquire: Callable[[], None]) -> None:
        """Ask more about what is selected once the cursor rests: it may be on its way through very many."""
        if self._resting is not None:
            self._resting.stop()
        self._moves += 1
        self._resting = self.set_timer(_REST, partial(self._rested, self._moves, inquire))

    def _rested(self, moves: int, inquire: Callable[[], None]) -> None:
        if moves == self._moves:  # or it has gone on meanwhile
            self._resting = None
            inquire()

    @on(Answered)
    def _answered(self, event: Answered) -> None:
        self.call_after_refresh(self._keep_focus)
        if event.question != self._posed:
            self.heard(event.question, event.answer)
            return
        changed = self._answers.get(event.question) != event.answer
        self._answers = {event.question: event.answer}
        self.show(event.answer)
        self._again(self.pace.after(changed=changed))

    @on(Refused)
    def _refused(self, event: Refused) -> None:
        self.call_after_refresh(self._keep_focus)
        if event.question != self._posed:
            self.denied(event.question, event.trouble)
            return
        self._answers = {}
        self.refuse(event.trouble)
        self._again(self.pace.after(failed=True))

    @on(Changed)
    def _changed(self) -> None:
        self.pace.hurry()
        self.ask(anew=True)

    def key(self, name: str) -> str:
        """Return the key of an action as it is set."""
        return hints.key(self, name)

    def go(self, section: str, key: str = "") -> None:
        """Send the user to another screen."""
        self.post_message(Go(section, key))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what changes something where nothing may be changed."""
        del parameters
        return None if self.session.read_only and action in self.CHANGES else True

    def _again(self, seconds: float) -> None:
        self.close()
        if self.display and not self.frozen:
            self._timer = self.set_timer(seconds, self.ask)

    def take_keys(self) -> None:
        """Give the keys to what the screen names; to the screen itself, where that is not in sight."""
        found = [
            widget for widget in self.query(self.keyed) if all(each.display for each in widget.ancestors_with_self)
        ]
        (found[0] if found else self).focus()

    def _keep_focus(self) -> None:
        """Take the keys back when what had them has gone out of sight."""
        if self.display and self.screen.focused in (None, self):
            self.take_keys()

    def on_descendant_blur(self) -> None:
        """Take the keys at once when nothing has them any more."""
        if self.display and self.screen.focused is None:
            self.focus()
