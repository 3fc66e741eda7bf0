"""Runs as they go: progress and speed, documents that were set aside, logs; and what may be done with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import ContentSwitcher, Static

from nimbus_tui.api import runs as api
from nimbus_tui.api.questions import Question
from nimbus_tui.api.trouble import Trouble
from nimbus_tui.messages import Propose
from nimbus_tui.plain import middle, release
from nimbus_tui.polling import Pace
from nimbus_tui.screens.runs import drawing
from nimbus_tui.screens.runs.views import AsideView, LogsView, ShardsView, View
from nimbus_tui.screens.section import Section
from nimbus_tui.widgets import text
from nimbus_tui.widgets.panel import Panel
from nimbus_tui.widgets.table import Column, Table

if TYPE_CHECKING:
    from nimbus.runs.overview import Overview

_RUNS = (
    Column("", 1),
    Column("run", 23, cut=middle),
    Column("is", 11),
    Column("documents", 11, right=True, rank=1),
    Column("a second", 8, right=True, rank=4),
    Column("set aside", 9, right=True, rank=3),
    Column("began", 10, rank=2),
    Column("release", 16, grow=2, rank=5, cut=release),
)


class Runs(Section):
    """Every run of the environment, and what became of it."""

    FOCUS: ClassVar[str] = "#runs"
    CHANGES: ClassVar[frozenset[str]] = frozenset({"start", "cancel", "redrive", "pause"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("S", "start", "Start", tooltip="Start a run of what is live", id="runs.start"),
        Binding("x", "cancel", "Cancel", tooltip="Stop the selected run; what is committed stays", id="runs.cancel"),
        Binding("w", "redrive", "Redrive", tooltip="Do what is missing of the selected run", id="runs.redrive"),
        Binding("p", "pause", "Pause", tooltip="Pause the schedule, or let it go on", id="runs.pause"),
        Binding("i", "view('details')", "Details of the selected run", show=False, id="runs.details"),
        Binding("s", "view('shards')", "Shards", tooltip="Every shard of the selected run", id="runs.shards"),
        Binding("o", "view('aside')", "Aside", tooltip="Documents that were set aside, and why", id="runs.aside"),
        Binding("l", "view('logs')", "Logs", tooltip="What the tasks of the selected run said", id="runs.logs"),
        Binding("f", "follow", "Follow logs, or not", show=False, id="runs.follow"),
        Binding("tab", "other", "List or view", show=False, id="runs.other"),
    ]

    def compose(self) -> ComposeResult:
        """Draw the list, and the views of what is selected."""
        with Container(classes="split"):
            yield Panel("Runs", Table(_RUNS, id="runs"), id="runs-list", classes="list")
            with ContentSwitcher(id="views", classes="detail", initial="details-panel"):
                yield Panel(
                    "Run",
                    VerticalScroll(Static(id="run", markup=False), classes="scrolling"),
                    id="details-panel",
                )
                yield from (ShardsView(), AsideView(), LogsView())

    def on_mount(self) -> None:
        """Begin with nothing known."""
        self.pace = Pace(least=1.5, most=20.0)
        self._listed: api.Listed | None = None
        self._known: dict[str, Overview] = {}
        self._run: str | None = None
        self._view = "details"
        self._wanted = ""
        self._quoted: dict[str, api.Quoted | None] = {}
        self._quoted_for: tuple[str, str] = ("", "")
        self._in_sight: tuple[str, ...] = ()

    # The list.

    def question(self) -> Question[object]:
        """Ask which runs there are, and how those in sight are."""
        return api.WhichRuns(self._in_sight)

    def show(self, answer: object) -> None:
        """Fill the list; ask about what is in sight and not known yet."""
        went = drawing.goes(self._selected)
        self._listed = cast("api.Listed", answer)
        self._known.update(self._listed.known)
        self._list()
        self._draw()
        view, goes = self._open, drawing.goes(self._selected)
        if view is not None and ((goes and view.live) or (went and not goes)):
            self.ask(view.question())

    def _list(self) -> None:
        listed = self._listed
        if listed is None:
            return
        panel, table = self.query_one("#runs-list", Panel), self.query_one("#runs", Table)
        if not listed.keys:
            panel.empty("No run yet.", "S starts one of what is live", "D on Releases deploys something first")
            self.query_one("#details-panel", Panel).empty("Nothing to show yet.")
            return
        wanted, now = self._wanted.lower(), self.session.now
        keys: Sequence[str] = listed.keys
        if wanted:
            keys = [key for key in keys if wanted in drawing.searched(key, self._known.get(key))]
        panel.ready()
        paused = "schedule paused · " if listed.paused else ""
        panel.title("Runs", f"{paused}{len(keys):,} of {len(listed.keys):,}" if wanted else f"{paused}{len(keys):,}")
        table.show(keys, lambda key: drawing.row(key, self._known.get(key), now))
        self._look_further()
        if self._run is None and table.key is not None:
            self._select(table.key)

    def _look_further(self) -> None:
        """Ask about rows in sight that nobody has looked at."""
        unknown = tuple(key for key in self.query_one("#runs", Table).visible_keys if key not in self._known)
        going = tuple(key for key, run in self._known.items() if drawing.goes(run) and run.run)
        if unknown:
            self.ask(api.WhichRuns(unknown, latest=1))
        self._in_sight = going[:20]

    def refuse(self, trouble: Trouble) -> None:
        """Say why no run is listed."""
        self.query_one("#runs-list", Panel).trouble(trouble)
        self.query_one("#details-panel", Panel).empty("Not known.")

    def filter(self, text_wanted: str) -> None:
        """Show what contains a text: of the list that had the keys last."""
        view = self._open
        if view is not None and self._in_view:
            view.filter(text_wanted)
        else:
            self._wanted = text_wanted
            self._list()

    def look_at(self, key: str) -> None:
        """Select a run."""
        self.query_one("#runs", Table).select(key)
        self._select(key)

    # What is selected.

    @property
    def _selected(self) -> Overview | None:
        return self._known.get(self._run or "")

    @property
    def _views(self) -> tuple[View, ...]:
        return self.query_one(ShardsView), self.query_one(AsideView), self.query_one(LogsView)

    @property
    def _open(self) -> View | None:
        """Return the side of the run that is open, None for its details."""
        return next((view for view in self._views if self._view == view.KEY), None)

    @on(Table.Highlighted, "#runs")
    def _on_run(self, event: Table.Highlighted) -> None:
        self._select(event.key)
        self._look_further()

    def _select(self, key: str) -> None:
        if key != self._run:
            self._run = key
            self._open_view()
        self._draw()

    def _open_view(self) -> None:
        view = self._open
        if view is not None and self._run is not None:
            view.of(self._run)
            self.ask(view.question())

    def _draw(self) -> None:
        run, key = self._selected, self._run
        if key is None:
            return
        panel = self.query_one("#details-panel", Panel)
        panel.title(f"Run {middle(key, 40)}")
        if run is None:
            panel.wait()
            return
        panel.ready()
        width = max(24, panel.content_size.width - 1)
        if run.release and run.documents and (key, run.standing) != self._quoted_for:
            self._quoted_for = (key, run.standing)
            self.ask(api.WhatQuoted(run.release))
        price = (self._listed.price, self._listed.currency) if self._listed else (None, "")
        quoted = self._quoted.get(run.release)
        shown = text.lines(drawing.details(run, self.session.now, width, price, quoted))
        self.query_one("#run", Static).update(shown)

    def heard(self, question: Question[object], answer: object) -> None:
        """Draw what was looked at further."""
        if isinstance(question, api.WhichRuns):
            self._known.update(cast("api.Listed", answer).known)
            self.query_one("#runs", Table).redraw()
            self._draw()
        elif isinstance(question, api.WhatQuoted):
            self._quoted[question.release] = cast("api.Quoted | None", answer)
            self._draw()
        else:
            for view in self._views:
                if isinstance(question, view.ASKS) and question.run == view.run:  # type: ignore[attr-defined]
                    view.heard(answer)

    def denied(self, question: Question[object], trouble: Trouble) -> None:
        """Say why a view has nothing; a quote that nobody knows is left out."""
        for view in self._views:
            if isinstance(question, view.ASKS):
                view.trouble(trouble)
                return
        if not isinstance(question, api.WhatQuoted):
            super().denied(question, trouble)

    @on(Table.Highlighted, "#shards")
    def _on_shard(self) -> None:
        self.ask(self.query_one(ShardsView).question())

    def on_resize(self) -> None:
        """Fit the text again."""
        self.call_after_refresh(self._draw)

    # Keys.

    @property
    def _in_view(self) -> bool:
        return not self.query_one("#runs", Table).has_focus and self._view != "details"

    def action_view(self, view: str) -> None:
        """Show another side of the selected run."""
        self._view = view
        self.query_one(ContentSwitcher).current = f"{view}-panel"
        self.query_one(".split").set_class(view != "details", "-below")
        self._open_view()
        self.call_after_refresh(self._draw)  # it has another width now

    def action_other(self) -> None:
        """Go from the list to the view, and back."""
        if self.query_one("#runs", Table).has_focus:
            view = self._open
            (self.query_one("#details-panel .scrolling") if view is None else view.table).focus()
        else:
            self.query_one("#runs").focus()

    @on(Table.Chosen, "#runs")
    def _opened(self) -> None:
        self.action_other()

    def action_follow(self) -> None:
        """Keep at the end of the logs, or stay where one is."""
        logs = self.query_one(LogsView)
        logs.live = not logs.live
        self.action_view("logs")

    def action_start(self) -> None:
        """Propose to start a run."""
        self.post_message(Propose(api.WhatStart()))

    def action_cancel(self) -> None:
        """Propose to stop the selected run."""
        if self._run:
            self.post_message(Propose(api.WhatCancel(self._run)))

    def action_redrive(self) -> None:
        """Propose to do what is missing of the selected run."""
        if self._run:
            self.post_message(Propose(api.WhatRedrive(self._run)))

    def action_pause(self) -> None:
        """Propose to pause the schedule, or to let it go on."""
        if self._listed is not None:
            self.post_message(Propose(api.WhatPause(not self._listed.paused)))

    def back(self) -> None:
        """Close the view that was opened: the details are beside the list again."""
        if self._view != "details":
            self.action_view("details")
        super().back()

    def twin(self) -> Sequence[str]:
        """Return what shows the same."""
        view = self._open
        if self._run and view is not None:
            return view.twin(self.session)
        return self.session.command("runs", *((self._run,) if self._run and self._in_view else ()))

    def copied(self) -> str | None:
        """Return the selected run, or what its open side has selected."""
        view = self._open
        return view.copied() if view is not None and self._in_view else self._run
