"""The app: what surrounds the screens, and the keys that work on all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Footer, Input

from nimbus_tui import keys
from nimbus_tui.answering import Answering
from nimbus_tui.api import heavy
from nimbus_tui.api.glance import Glance, LookAround
from nimbus_tui.api.releases import WhatRollback
from nimbus_tui.api.session import Session
from nimbus_tui.messages import Answered, Ask, Changed, Go, Refused
from nimbus_tui.polling import Pace
from nimbus_tui.screens import ENTRIES
from nimbus_tui.screens.section import Section
from nimbus_tui.themes import THEMES
from nimbus_tui.widgets.choose import Choose
from nimbus_tui.widgets.help import Help, keys_of
from nimbus_tui.widgets.status import StatusLine, freshness
from nimbus_tui.widgets.table import Table
from nimbus_tui.widgets.tabs import TabRow
from nimbus_tui.widgets.welcome import Welcome

_OPENING = [
    Binding(str(number + 1), f"open({number})", entry.name, show=False, id=f"app.open_{entry.folder}")
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
        Binding("question_mark", "help", "Help", key_display="?", id="app.help"),
        Binding("colon", "command_palette", "Actions", key_display=":", id="app.palette"),
        Binding("slash", "filter", "Filter", key_display="/", id="app.filter"),
        Binding("R", "rollback", "Roll back", key_display="R", id="app.rollback"),
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
        Binding("q,ctrl+q,ctrl+c", "leave", "Quit", show=False, id="app.quit"),
    ]

    def __init__(self, session: Session, settings: keys.Settings | None = None) -> None:
        """Show a session's project."""
        super().__init__()
        self.session = session
        self.settings = settings or keys.Settings()
        self._pace = Pace(least=3.0, most=20.0)
        self._glance: Glance | None = None
        self._timer: Timer | None = None
        self._open = -1  # none yet
        self._frozen = False
        for theme in THEMES:
            self.register_theme(theme)
        wanted = self.settings.theme
        self.theme = wanted if wanted in self.available_themes else THEMES[0].name
        self.set_keymap(self.settings.keys)

    def compose(self) -> ComposeResult:
        """Draw what surrounds the screens."""
        yield StatusLine()
        yield TabRow([entry.name for entry in ENTRIES], [entry.short for entry in ENTRIES])
        yield Container(id="sections")
        yield Input(id="filter", placeholder="filter …", compact=True, disabled=True)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Open the first screen, and look around."""
        self.app_resume_signal.subscribe(self, self._back_from_the_shell)
        self.call_after_refresh(self._open_first)
        self._look()

    # Looking around: what the first line says, whatever screen is open.

    def _look(self) -> None:
        self.post_message(Ask(self, LookAround()))

    @on(Answered)
    def _looked(self, event: Answered) -> None:
        changed, self._glance = event.answer != self._glance, event.answer  # type: ignore[assignment]
        self._draw_status(self._pace.after(changed=changed))

    @on(Refused)
    def _lost(self, event: Refused) -> None:
        self._glance = None
        if event.trouble.kind == "ConfigNotFoundError" and not isinstance(self.screen, Welcome):
            self.push_screen(Welcome(), self._begun)
        self._draw_status(self._pace.after(failed=True))

    def _begun(self, begun: bool | None) -> None:  # noqa: FBT001 - a dialog's answer
        if begun:
            self.everything_changed()

    def _draw_status(self, seconds: float | None = None) -> None:
        going = sum(running.code is None for running in self.session.running)
        beside = [f"⚙ {going}" if going else "", "read-only" if self.session.read_only else ""]
        beside.append(freshness(seconds, frozen=self._frozen))
        told = "  ".join(part for part in beside if part)
        self.screen_stack[0].query_one(StatusLine).show(self._glance, self.session.now, told)
        if self._timer is not None:
            self._timer.stop()
        self._timer = None if self._frozen else self.set_timer(seconds or self._pace.least, self._look)

    def everything_changed(self) -> None:
        """Have the first line and the open screen ask again."""
        self._pace.hurry()
        self._look()
        if self.section is not None:
            self.section.post_message(Changed())

    # Screens.

    @property
    def section(self) -> Section | None:
        """Return the screen that is open."""
        if self._open < 0:
            return None
        found = self.screen_stack[0].query(f"#section-{ENTRIES[self._open].folder}")
        return found.first(Section) if found else None

    def _back_from_the_shell(self, app: object) -> None:
        """Draw everything again: the terminal has forgotten what stood there."""
        del app
        for screen in self.screen_stack:
            for widget in (screen, *screen.walk_children()):
                widget.refresh()

    async def _open_first(self) -> None:
        if self._open < 0:  # a key may have been faster
            await self._show(0)

    async def action_open(self, number: int) -> None:
        """Open a screen, made now if it was not open before."""
        if len(self.screen_stack) == 1:  # not from a dialog
            await self._show(number)

    async def _show(self, number: int) -> None:
        base = self.screen_stack[0]
        self._hide_filter()
        if self.section is not None:
            self.section.display = False
            self.section.close()
        self._open = number
        if self.section is None:
            entry = ENTRIES[number]
            made = entry.load()(self.session, id=f"section-{entry.folder}")
            made.frozen = self._frozen
            await base.query_one("#sections").mount(made)
        base.query_one(TabRow).show(self._open)
        section = self.section
        if section is not None:
            section.display = True
            section.open()

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
        await self.action_open((max(0, self._open) + by) % len(ENTRIES))

    def action_refresh(self) -> None:
        """Ask again now."""
        self.everything_changed()

    def action_freeze(self) -> None:
        """Stop asking by itself, or begin again."""
        self._frozen = not self._frozen
        for section in self.screen_stack[0].query(Section):
            section.frozen = self._frozen
        self._draw_status()
        if not self._frozen:
            self.everything_changed()

    # Filtering.

    def action_filter(self) -> None:
        """Ask for a text that rows must contain."""
        field = self.screen_stack[0].query_one("#filter", Input)
        field.add_class("-open")
        field.disabled = False
        field.focus()

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        if self.section is not None:
            self.section.filter(event.value)

    @on(Input.Submitted, "#filter")
    def _filtered(self) -> None:
        if self.section is not None:
            tables = self.section.query(Table)
            (tables.first() if tables else self.section).focus()

    def _hide_filter(self) -> None:
        field = self.screen_stack[0].query_one("#filter", Input)
        field.remove_class("-open")
        field.disabled = True
        field.value = ""

    async def action_back(self) -> None:
        """Leave the filter, or stop what the screen is waiting for."""
        if self.screen_stack[0].query_one("#filter").has_class("-open"):
            self._hide_filter()
            self._filtered()
        else:
            heavy.stop(self.session)

    def on_unmount(self) -> None:
        """Leave nothing behind that nobody waits for any more."""
        heavy.stop(self.session)

    # What works everywhere.

    def action_rollback(self) -> None:
        """Propose to go back to the previous release and its data."""
        self.propose(WhatRollback())

    def action_help(self) -> None:
        """List the keys."""
        changed = self.settings.keys
        groups = [("Everywhere", "", keys_of(self.BINDINGS, changed))]
        groups.append(("In tables", "", keys_of(Table.BINDINGS, changed)))
        if self.section is not None:
            title, sentence = ENTRIES[self._open].name, (self.section.__doc__ or "").split("\n", maxsplit=1)[0]
            groups.insert(0, (title, sentence, keys_of(self.section.BINDINGS, changed)))
        self.push_screen(Help(groups))

    def action_environments(self) -> None:
        """Choose another environment of the project."""
        glance = self._glance
        if glance is not None:
            choices = [(name, name, about) for name, about in glance.environments]
            self.push_screen(Choose("Environments", choices, glance.environment), self._switch)

    async def _switch(self, name: str | None) -> None:
        if name is not None and self._glance is not None and name != self._glance.environment:
            heavy.stop(self.session)
            self.session.switch(name)
            self._undo = None
            await self.screen_stack[0].query(Section).remove()
            self._glance = None
            self._draw_status()
            self.everything_changed()
            await self.action_open(self._open)

    def action_jobs(self) -> None:
        """Choose one of the verbs that were started, to see what it says."""
        if not self.session.running:
            self.notify("Nothing was started from here yet.", timeout=3)
            return
        choices = [
            (str(number), running.verb.title, "goes" if running.code is None else f"ended with code {running.code}")
            for number, running in enumerate(self.session.running)
        ]
        self.push_screen(Choose("Started from here", choices[::-1]), self._follow_chosen)

    def _follow_chosen(self, number: str | None) -> None:
        if number is not None:
            self.follow(self.session.running[int(number)])

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

    def action_leave(self) -> None:
        """Quit; what was started goes on or is stopped, as is chosen."""
        going = [running for running in self.session.running if running.code is None]
        if not going:
            self.exit()
            return
        named = ", ".join(running.verb.title for running in going)
        choices = [
            ("stay", "Stay", "and watch it"),
            ("leave", "Leave it going", "it ends by itself; what it does is kept"),
            ("stop", "Stop it", "as Ctrl-C does: start it again later, and it goes on"),
        ]
        self.push_screen(Choose(f"Still going: {named}", choices), self._leave)

    def _leave(self, chosen: str | None) -> None:
        if chosen == "stop":
            for running in self.session.running:
                running.stop()
        if chosen in ("leave", "stop"):
            self.exit()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave keys of screens alone while a dialog is open; grey out changes where nothing may be changed."""
        if action in ("rollback", "undo") and self.session.read_only:
            return None
        return super().check_action(action, parameters)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every key of the app and of the open screen as an action with a name."""
        holders = [(self, self.BINDINGS), *([(self.section, self.section.BINDINGS)] if self.section else [])]
        for holder, bindings in holders:
            for binding in bindings:
                if isinstance(binding, Binding) and binding.description and binding.action != "command_palette":
                    shown = keys_of([binding], self.settings.keys)[0][0]

                    async def run(holder: object = holder, action: str = binding.action) -> None:
                        await self.run_action(action, holder)  # type: ignore[arg-type]

                    if holder is None or holder.check_action(binding.action.partition("(")[0], ()):
                        yield SystemCommand(binding.description, f"key {shown}", run)
        for theme in THEMES:
            yield SystemCommand(
                f"Theme {theme.name}", "Change the colours", lambda n=theme.name: setattr(self, "theme", n)
            )
        del screen
