"""The app: what surrounds the screens, and the keys that work on all of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Input, Label

from nimbus_tui import keys, palette
from nimbus_tui.answering import Answering
from nimbus_tui.api import heavy
from nimbus_tui.api.glance import WhichEnvironments
from nimbus_tui.api.releases import WhatRollback
from nimbus_tui.api.session import Session
from nimbus_tui.messages import Go
from nimbus_tui.screens import ENTRIES
from nimbus_tui.screens.section import Section
from nimbus_tui.screens.sections import Sections
from nimbus_tui.themes import THEMES
from nimbus_tui.widgets.choose import Choose
from nimbus_tui.widgets.filter import Filter
from nimbus_tui.widgets.help import Help, keys_of
from nimbus_tui.widgets.keyline import KeyLine
from nimbus_tui.widgets.status import StatusLine
from nimbus_tui.widgets.table import Table
from nimbus_tui.widgets.tabs import TabRow
from nimbus_tui.widgets.welcome import Welcome

_OPENING = [
    Binding(str(number + 1), f"open({number})", f"Open {entry.name}", show=False, id=f"app.open_{entry.folder}")
    for number, entry in enumerate(ENTRIES)
]


class NimbusApp(Answering):
    """The terminal interface of one project."""

    TITLE = "nimbus"
    CSS_PATH = "nimbus.tcss"
    AUTO_FOCUS = None  # or the first keys would go into the filter, which is not in sight
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-medium"), (150, "-wide")]  # noqa: RUF012 - as Textual has it
    VERTICAL_BREAKPOINTS = [(0, "-low"), (34, "-high")]  # noqa: RUF012 - as above
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", tooltip="Filter the list", id="app.filter"),
        Binding("colon", "command_palette", "Actions", key_display=":", tooltip="Any action by name", id="app.palette"),
        Binding("R", "rollback", "Roll back", key_display="R", tooltip="Roll back release and data", id="app.rollback"),
        Binding("question_mark", "help", "Help", key_display="?", tooltip="These keys", id="app.help"),
        Binding("u", "undo", "Undo the last change", show=False, id="app.undo"),
        Binding("r", "refresh", "Refresh now", show=False, id="app.refresh"),
        Binding("z", "freeze", "Pause refreshing, or go on", show=False, id="app.freeze"),
        Binding("e", "environments", "Another environment", show=False, id="app.environments"),
        Binding("v", "jobs", "What was started", show=False, id="app.jobs"),
        Binding("c", "copy", "Copy what is selected", show=False, id="app.copy"),
        Binding("y", "copy_twin", "Copy the command line of this screen", show=False, id="app.copy_command"),
        Binding("t", "theme", "Next theme", show=False, id="app.theme"),
        *_OPENING,
        Binding("right_square_bracket", "turn(1)", "Next screen", show=False, id="app.next"),
        Binding("left_square_bracket", "turn(-1)", "Previous screen", show=False, id="app.previous"),
        Binding("escape", "back", "Back", show=False, id="app.back"),
        Binding("ctrl+z", "suspend_process", "To the shell; fg comes back", show=False, id="app.suspend"),
        Binding("q,ctrl+c,ctrl+q", "leave", "Quit", show=False, id="app.quit"),
    ]

    def __init__(self, session: Session, settings: keys.Settings | None = None) -> None:
        """Show a session's project."""
        super().__init__()
        self.session = session
        self.settings = settings or keys.Settings()
        for theme in THEMES:
            self.register_theme(theme)
        wanted = self.settings.theme
        self.theme = wanted if wanted in self.available_themes else THEMES[0].name
        self.set_keymap(self.settings.keys)
        self.status, self.sections, self.filter = StatusLine(session), Sections(session), Filter()

    def compose(self) -> ComposeResult:
        """Draw what surrounds the screens."""
        yield self.status
        yield TabRow([entry.name for entry in ENTRIES], [entry.short for entry in ENTRIES])
        yield self.sections
        with Horizontal(id="filter-line"):
            yield Label("/", markup=False)
            yield self.filter
        yield KeyLine()

    def on_mount(self) -> None:
        """Open the first screen."""
        self.app_resume_signal.subscribe(self, self._back_from_the_shell)
        self.call_after_refresh(self._open_first)

    def _back_from_the_shell(self, app: object) -> None:
        """Draw everything again: the terminal has forgotten what stood there."""
        del app
        for screen in self.screen_stack:
            for widget in (screen, *screen.walk_children()):
                widget.refresh()

    @property
    def section(self) -> Section | None:
        """Return the screen that is open."""
        return self.sections.current

    def everything_changed(self) -> None:
        """Have the first line and the open screen ask again."""
        self.status.hurry()
        self.sections.changed()

    @on(StatusLine.Lost)
    def _lost(self, event: StatusLine.Lost) -> None:
        if event.trouble.kind == "ConfigNotFoundError" and not isinstance(self.screen, Welcome):
            self.push_screen(Welcome(read_only=self.session.read_only), self._begun)

    def _begun(self, begun: Path | bool | None) -> None:  # noqa: FBT001 - a dialog's answer
        if isinstance(begun, Path):
            self.session.begin(begun)
        if begun:
            self.everything_changed()

    # Screens.

    async def _open_first(self) -> None:
        if self.sections.entry is None:  # a key may have been faster
            await self.action_open(0)

    async def action_open(self, number: int) -> None:
        """Open a screen."""
        if len(self.screen_stack) == 1 or self.sections.entry is None:  # not from a dialog
            self._shut_filter()
            await self.sections.open(number)

    @on(Sections.Opened)
    def _opened(self, event: Sections.Opened) -> None:
        self.screen_stack[0].query_one(TabRow).show(event.number)

    @on(TabRow.Opened)
    async def _tab(self, event: TabRow.Opened) -> None:
        await self.action_open(event.number)

    @on(Go)
    async def _go(self, event: Go) -> None:
        await self.action_open([entry.folder for entry in ENTRIES].index(event.section))
        if event.key and self.section is not None:
            self.section.look_at(event.key)

    async def action_turn(self, by: int) -> None:
        """Open the next screen, or the one before."""
        await self.action_open((max(0, self.sections.number) + by) % len(ENTRIES))

    def action_refresh(self) -> None:
        """Ask again now."""
        self.everything_changed()

    def action_freeze(self) -> None:
        """Stop asking by itself, or begin again."""
        frozen = not self.status.frozen
        self.status.freeze(frozen=frozen)
        self.sections.freeze(frozen=frozen)
        if not frozen:
            self.everything_changed()

    # Filtering.

    def action_filter(self) -> None:
        """Ask for a text that rows must contain."""
        if self.section is not None and self.section.filtering():
            self.filter.value = ""
        self.filter.open()

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        if self.section is not None and self.filter.is_open and event.value == self.filter.value:
            self.section.filter(event.value)

    def _shut_filter(self) -> None:
        """Filter nothing any more, before another screen is open."""
        if self.filter.is_open and self.section is not None:
            self.section.filter("")
        self.filter.shut()

    @on(Input.Submitted, "#filter")
    def _filtered(self) -> None:
        if self.section is not None:
            self.section.take_keys()

    async def action_back(self) -> None:
        """Leave the filter, or what the screen has opened; stop what it is waiting for. What popped up goes."""
        self.clear_notifications()
        if self.filter.is_open:
            self._shut_filter()
            self._filtered()
            return
        if self.section is None or (self.section.query(".-loading") and heavy.stop(self.session)):
            return
        self.section.back()

    @property
    def broke(self) -> Exception | None:
        """Return the mistake that has ended the app, if one has."""
        return self._exception

    def _fatal_error(self) -> None:
        """Leave without Textual's traceback, which shows what variables held: whoever opened the app finds words."""
        self._close_messages_no_wait()

    def on_unmount(self) -> None:
        """Leave nothing behind that nobody waits for any more."""
        heavy.stop(self.session)
        for running in self.session.running:
            running.forget()

    # What works everywhere.

    def action_rollback(self) -> None:
        """Propose to go back to the previous release and its data."""
        self.propose(WhatRollback())

    def action_help(self) -> None:
        """List the keys."""
        changed = self.settings.keys
        groups = [
            ("Everywhere", "", keys_of([key for key in self.BINDINGS if key not in _OPENING], changed)),
            ("Screens", "A click on a name opens it, too.", keys_of(_OPENING, changed)),
            ("In lists", "A second click opens a row, too.", keys_of(Table.BINDINGS, changed)),
        ]
        if self.section is not None and self.sections.entry is not None:
            sentence = (self.section.__doc__ or "").split("\n", maxsplit=1)[0]
            groups.insert(0, (self.sections.entry.name, sentence, keys_of(self.section.BINDINGS, changed)))
        self.push_screen(Help(groups))

    def action_environments(self) -> None:
        """Choose another environment of the project."""
        self.run_worker(self._choose_environment(), group="environments", exclusive=True, exit_on_error=False)

    async def _choose_environment(self) -> None:
        found = await self.found(WhichEnvironments())
        if found is not None:
            choices = [(name, name, about) for name, about in found.choices]
            self.push_screen(Choose("Environments", choices, found.shown), partial(self._switch, found.shown))

    async def _switch(self, shown: str, name: str | None) -> None:
        if name is not None and name != shown and self.leave_changes():
            heavy.stop(self.session)
            self.session.switch(name)
            self.status.forget()
            self.status.hurry()
            self._shut_filter()
            await self.sections.forget()

    def action_copy(self) -> None:
        """Copy what the screen has selected."""
        self.copied(self.section.copied() if self.section else None, "Copied.")

    def action_copy_twin(self) -> None:
        """Copy the command line that shows what the screen does."""
        line = self.section.twin() if self.section else None
        self.copy_command(None if line is None else tuple(line))

    def action_theme(self) -> None:
        """Take the next of Nimbus's themes, and keep it."""
        names = [theme.name for theme in THEMES]
        self.theme = names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else names[0]
        try:
            keys.write_theme(keys.place(), self.theme)
        except OSError:
            self.notify("The theme could not be kept for the next time.", severity="warning")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out changes where nothing may be changed."""
        if action in ("rollback", "undo") and self.session.read_only:
            return None
        return super().check_action(action, parameters)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every key of the open screen and of the app as an action with a name."""
        del screen
        holders = [self.section, self] if self.section is not None else [self]
        yield from palette.commands(self, holders, self.settings.keys)
        for theme in THEMES:
            yield SystemCommand(
                f"Theme {theme.name}", "Change the colours", lambda n=theme.name: setattr(self, "theme", n)
            )
