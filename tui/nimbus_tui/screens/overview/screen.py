"""What is live, how its runs went, what comes next, and what needs attention in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from nimbus_tui import marks
from nimbus_tui.api.overview import HowItIs, State, WhatToDo
from nimbus_tui.api.questions import Question
from nimbus_tui.api.releases import WhatDeployment
from nimbus_tui.api.runs import WhatStart
from nimbus_tui.api.trouble import Trouble
from nimbus_tui.messages import Propose
from nimbus_tui.screens import ENTRIES
from nimbus_tui.screens.overview import drawing
from nimbus_tui.screens.section import Section
from nimbus_tui.widgets import hints
from nimbus_tui.widgets.guide import Guide
from nimbus_tui.widgets.panel import Panel
from nimbus_tui.widgets.status import MARKS
from nimbus_tui.widgets.table import Cell, Column, Table

_COLUMNS = (
    Column("#", 4, right=True, rank=3),
    Column("when", 10, rank=2),
    Column("what", 8),
    Column("by", 10, rank=4),
    Column("changed", 16, grow=1, cut=drawing.changed),
)


class Overview(Section):
    """How the pipeline is, at a glance."""

    FOCUS: ClassVar[str] = "#changes"
    CHANGES: ClassVar[frozenset[str]] = frozenset({"deploy", "start"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("D", "deploy", "Deploy", tooltip="Deploy the pipeline of nimbus.toml", id="overview.deploy"),
        Binding("S", "start", "Start a run", tooltip="Start a run of what is live", id="overview.start"),
        Binding("tab", "other", "Changes or what needs attention", show=False, id="overview.other"),
    ]

    def compose(self) -> ComposeResult:
        """Draw four panels and the ledger's end."""
        with Horizontal(id="overview-top"):
            yield Panel("Live", Static(id="live", markup=False), id="live-panel")
            yield Panel("Runs", Static(id="last-runs", markup=False), id="runs-panel")
        todo = [Column("", 1), Column("what", 20, grow=1)]
        yield Panel("Needs attention", Table(todo, id="attention", header=False), id="todo-panel")
        yield Panel("Latest changes", Table(_COLUMNS, id="changes", newest=True), id="changes-panel")

    def on_mount(self) -> None:
        """Begin with nothing known."""
        self._state: State | None = None

    def question(self) -> Question[object]:
        """Ask how it is."""
        return HowItIs()

    def show(self, answer: object) -> None:
        """Fill the panels."""
        state = self._state = cast("State", answer)
        self._attention(state)
        if state.live is None:
            self.query_one("#live-panel", Panel).empty(
                "Nothing is deployed here yet.",
                "{overview.deploy} compiles the pipeline of nimbus.toml, checks it, and makes it live",
                "{app.open_preflight} shows beforehand whether that could succeed",
            )
            self.query_one("#changes-panel", Panel).empty(
                "What is live has never changed.", "every deployment, promotion, rollback and published run shows here"
            )
        else:
            self.query_one("#live-panel", Panel).ready()
            self.query_one("#changes-panel", Panel).ready()
            changes = {str(change.state.sequence): change for change in state.changes}
            now = self.session.now
            self.query_one("#changes", Table).show(list(changes), lambda key: drawing.change(changes[key], now))
        self.fit()

    def _attention(self, state: State) -> None:
        panel = self.query_one("#todo-panel", Panel)
        to_do = f"{self.key('overview.other')} comes here · {self.key('table.open')} opens" if state.attention else ""
        panel.title("Needs attention", to_do)
        self.set_class(not state.attention, "-calm")
        self.keyed = "#attention" if state.attention and self.has_class("-tiny") else self.FOCUS
        if not state.attention:
            panel.empty("All is well.")
            return
        panel.ready()
        found = {str(number): item for number, item in enumerate(state.attention)}

        def row(key: str) -> tuple[Cell, Cell]:
            tone = found[key].tone
            return Cell(MARKS.get(tone, marks.NOTED), tone), Cell(hints.told(self, found[key].sentence), "")

        self.query_one("#attention", Table).show(list(found), row)

    def fit(self) -> None:
        """Draw what is made to fit its panel."""
        state = self._state
        if state is None:
            return
        now = self.session.now
        if state.live is not None:
            width = max(24, self.query_one("#live-panel", Panel).room)
            self.query_one("#live", Static).update(drawing.live(state, now, width))
        panel = self.query_one("#runs-panel", Panel)
        if not state.runs and state.timing is None:
            panel.empty(
                "No run yet.", "{overview.start} starts one", "[schedule] in nimbus.toml says when they are due"
            )
        else:
            panel.ready()
            width = max(24, panel.room)
            self.query_one("#last-runs", Static).update(drawing.runs(state, now, width))

    def refuse(self, trouble: Trouble) -> None:
        """Say in each panel why it is empty, once in full."""
        self._state = None
        self.query_one("#todo-panel", Panel).trouble(trouble)
        for name in ("live", "runs", "changes"):
            self.query_one(f"#{name}-panel", Panel).unknown()

    @on(Table.Chosen, "#attention")
    def _chosen(self, event: Table.Chosen) -> None:
        if self._state is None:
            return
        item = self._state.attention[int(event.key)]
        if item.alarm:
            self.ask(WhatToDo(item.alarm))
        else:
            self.go(item.section, item.key)

    def heard(self, question: Question[object], answer: object) -> None:
        """Show what to do about an alarm, and go where it is about after that."""
        alarm = cast("WhatToDo", question).alarm
        item = next((each for each in self._state.attention if each.alarm == alarm), None) if self._state else None
        if item is not None:
            entry = next(entry for entry in ENTRIES if entry.folder == item.section)
            guide = Guide(f"Alarm {alarm}: what to do", str(answer), entry.name)
            self.app.push_screen(guide, lambda agreed: self.go(item.section) if agreed else None)

    @on(Table.Chosen, "#changes")
    def _change(self, event: Table.Chosen) -> None:
        self.go("releases", event.key)

    def action_other(self) -> None:
        """Go from the changes to what needs attention, and back."""
        changes, todo = self.query_one("#changes"), self.query_one("#attention")
        (todo if changes.has_focus and self._state is not None and self._state.attention else changes).focus()

    def action_deploy(self) -> None:
        """Propose to deploy the pipeline of nimbus.toml."""
        self.post_message(Propose(WhatDeployment()))

    def action_start(self) -> None:
        """Propose to start a run."""
        self.post_message(Propose(WhatStart()))

    def twin(self) -> Sequence[str]:
        """Return what shows the live release."""
        return self.session.command("show")

    def copied(self) -> str | None:
        """Return the live release's name."""
        live = None if self._state is None else self._state.live
        return None if live is None else live.release
