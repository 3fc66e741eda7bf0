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
    Column("is", 12),
    Column("documents", 10, right=True, rank=1),
    Column("docs/s", 7, right=True, rank=4),
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
        self._looking = False
        self._tried: set[str] = set()  # runs that were looked at since the list was asked for
        self._goal = ""  # what to select once it is listed
        self._meant: View | None = None  # what a filter is for; None: the list

    # The list.

    def question(self) -> Question[object]:
        """Ask which runs there are, and how those in sight are."""
        return api.WhichRuns(self._in_sight)

    def show(self, answer: object) -> None:
        """Fill the list; ask about what is in sight and not known yet."""
        went = drawing.goes(self._selected)
        self._listed = cast("api.Listed", answer)
        self._known.update(self._listed.known)
        self._tried.clear()
        self._list()
        self._goal = ""
        self.fit()
        view, goes = self._open, drawing.goes(self._selected)
        if view is not None and view.run and ((goes and view.live) or (went and not goes)):
            self.ask(view.question())

    def _list(self) -> None:
        listed = self._listed
        if listed is None:
            return
        panel, table = self.query_one("#runs-list", Panel), self.query_one("#runs", Table)
        if not listed.keys:
            table.show([], lambda _key: ())
            self._run = None
            panel.empty(
                "No run yet.",
                "{runs.start} starts one of what is live",
                "{releases.deploy} on Releases deploys something first",
            )
            self.query_one("#details-panel", Panel).empty(
                "Nothing to show yet.", "the run that is selected in the list shows here"
            )
            return
        wanted, now = self._wanted.lower(), self.session.now
        keys: Sequence[str] = listed.keys
        if wanted:
            keys = [key for key in keys if wanted in drawing.searched(key, self._known.get(key))]
        panel.ready()
        paused = "schedule paused · " if listed.paused else ""
        panel.title("Runs", f"{paused}{len(keys):,} of {len(listed.keys):,}" if wanted else f"{paused}{len(keys):,}")
        table.show(keys, lambda key: drawing.row(key, self._known.get(key), now))
        if self._goal in keys:
            table.select(self._goal)
            self._goal = ""
        self.call_after_refresh(self._look_further)  # by then it has its size
        self._select()

    def _look_further(self) -> None:
        """Ask about rows in sight that nobody has looked at; about those in sight by then, once that is answered."""
        going = tuple(key for key, run in self._known.items() if drawing.goes(run) and run.run)
        self._in_sight = going[:20]
        looked_at = self._tried.union(self._known)
        unknown = tuple(key for key in self.query_one("#runs", Table).visible_keys if key not in looked_at)
        if unknown and not self._looking:
            self._looking = True
            self._tried.update(unknown)
            self.ask(api.WhichRuns(unknown, latest=1))

    def refuse(self, trouble: Trouble) -> None:
        """Say why no run is listed."""
        self.query_one("#runs-list", Panel).trouble(trouble)
        self.query_one("#details-panel", Panel).unknown()

    def filtering(self) -> bool:
        """Have what is typed filter the list that has the keys, and no other any more."""
        before, self._meant = self._meant, self._open if self._in_view else None
        if self._meant is before:
            return False
        if before is None:
            self._wanted = ""
            self._list()
        else:
            before.filter("")
        return True

    def filter(self, text_wanted: str) -> None:
        """Show what contains a text: of the list that a filter is for."""
        if self._meant is not None:
            self._meant.filter(text_wanted)
        else:
            self._wanted = text_wanted
            self._list()

    def take_keys(self) -> None:
        """Give the keys to the list that is filtered, or that of runs."""
        view = self._meant
        if view is not None and view is self._open and view.has_class("-ready"):
            view.table.focus()
        else:
            super().take_keys()

    def look_at(self, key: str) -> None:
        """Select a run."""
        self._goal = key
        self._list()

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

    @property
    def _key(self) -> str | None:
        """Return the run under the cursor."""
        return self.query_one("#runs", Table).key

    @on(Table.Highlighted, "#runs")
    def _on_run(self) -> None:
        self._select()
        self._look_further()

    def _select(self) -> None:
        if self._key != self._run:
            self._run = self._key
            self._open_view()
            self.at_rest(self._inquire)
        self.fit()

    def _open_view(self) -> None:
        view = self._open
        if view is not None:
            view.of(self._run or "")
            if self._run is None:
                view.empty("No run is selected.")

    def _inquire(self) -> None:
        view = self._open
        if view is not None and view.run:
            self.ask(view.question())
        self._have_it_quoted()

    def _have_it_quoted(self) -> None:
        """Ask what the run should cost, once for each way that it stands."""
        run, key = self._selected, self._run
        if run is None or key is None or self.resting:
            return
        if run.release and run.documents and (key, run.standing) != self._quoted_for:
            self._quoted_for = (key, run.standing)
            self.ask(api.WhatQuoted(run.release))

    def fit(self) -> None:
        """Draw what is made to fit its panel."""
        run, key = self._selected, self._run
        panel = self.query_one("#details-panel", Panel)
        if key is None:
            if self._listed is not None and self._listed.keys:
                panel.title("Run")
                panel.empty("No run is selected.")
            return
        panel.title(f"Run {middle(key, 40)}")
        if run is None:
            panel.wait()
            return
        panel.ready()
        width = max(24, panel.room)
        self._have_it_quoted()
        price = (self._listed.price, self._listed.currency) if self._listed else (None, "")
        quoted = self._quoted.get(run.release)
        shown = text.lines(drawing.details(run, self.session.now, width, self.key, price, quoted))
        self.query_one("#run", Static).update(shown)

    def heard(self, question: Question[object], answer: object) -> None:
        """Draw what was looked at further."""
        if isinstance(question, api.WhichRuns):
            self._known.update(cast("api.Listed", answer).known)
            self._looking = self._looking and question.latest != 1
            self._look_further()
            self.query_one("#runs", Table).redraw()
            self.fit()
        elif isinstance(question, api.WhatQuoted):
            self._quoted[question.release] = cast("api.Quoted | None", answer)
            self.fit()
        else:
            for view in self._views:
                if isinstance(question, view.ASKS) and question.run == view.run:  # type: ignore[attr-defined]
                    view.heard(answer)

    def denied(self, question: Question[object], trouble: Trouble) -> None:
        """Say why a view has nothing; a quote that nobody knows is left out."""
        for view in self._views:
            if isinstance(question, view.ASKS):
                if question.run == view.run:  # type: ignore[attr-defined]
                    view.trouble(trouble)
                return
        if isinstance(question, api.WhichRuns):
            self._looking = self._looking and question.latest != 1
        if not isinstance(question, api.WhatQuoted):
            super().denied(question, trouble)

    @on(Table.Highlighted, "#shards")
    def _on_shard(self) -> None:
        if self.query_one(ShardsView).question().looked_at:
            self.at_rest(self._inquire)

    # Keys.

    @property
    def _in_view(self) -> bool:
        return not self.query_one("#runs", Table).has_focus and self._view != "details"

    @property
    def _is_alone(self) -> bool:
        """Say whether a side of the run has the window for itself: there is no room for the list beside it."""
        return self.has_class("-tiny") and self._view != "details"

    def action_view(self, view: str) -> None:
        """Show another side of the selected run."""
        self._view = view
        self.query_one(ContentSwitcher).current = f"{view}-panel"
        self.query_one(".split").set_class(view != "details", "-below")
        self._open_view()
        self._inquire()
        if self._is_alone and self._open is not None:
            self.call_after_refresh(self._open.table.focus)

    def action_other(self) -> None:
        """Go from the list to the view, and back."""
        if self.query_one("#runs", Table).has_focus:
            view = self._open
            (self.query_one("#details-panel .scrolling") if view is None else view.table).focus()
        elif self._is_alone:
            self.back()
        else:
            self.query_one("#runs").focus()

    @on(Table.Chosen, "#runs")
    def _opened(self) -> None:
        self.action_other()

    def action_follow(self) -> None:
        """Keep at the end of the logs, or stay where one is."""
        logs = self.query_one(LogsView)
        logs.live = self._view != logs.KEY or not logs.live
        self.action_view("logs")

    def action_start(self) -> None:
        """Propose to start a run."""
        self.post_message(Propose(api.WhatStart()))

    def action_cancel(self) -> None:
        """Propose to stop the selected run."""
        if self._key:
            self.post_message(Propose(api.WhatCancel(self._key)))

    def action_redrive(self) -> None:
        """Propose to do what is missing of the selected run."""
        if self._key:
            self.post_message(Propose(api.WhatRedrive(self._key)))

    def action_pause(self) -> None:
        """Propose to pause the schedule, or to let it go on."""
        if self._listed is not None:
            self.post_message(Propose(api.WhatPause(not self._listed.paused)))

    def back(self) -> None:
        """Close the view that was opened: the details are beside the list again."""
        if self._view != "details":
            self.action_view("details")
            self.call_after_refresh(self.take_keys)  # by then the list is in sight
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
