"""Features by how far they moved, each with its distribution then and now; the history over runs; baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from nimbus_tui.api import drift as api
from nimbus_tui.api.questions import Question
from nimbus_tui.api.trouble import Trouble
from nimbus_tui.messages import Propose
from nimbus_tui.plain import middle, plain
from nimbus_tui.polling import Pace
from nimbus_tui.screens.drift import drawing
from nimbus_tui.screens.section import Section
from nimbus_tui.widgets import text
from nimbus_tui.widgets.panel import Panel
from nimbus_tui.widgets.table import Column, Table

_COLUMNS = (
    Column("", 1),
    Column("feature", 20, grow=1),
    Column("verdict", 9),
    Column("distance", 8, rank=2),
    Column("changed", 18, grow=1, rank=1),
)
_BASELESS = ("BaselineNotFoundError", "BaselineMismatchError")


class Drift(Section):
    """Says whether what runs read and predict has moved away from the baseline."""

    FOCUS: ClassVar[str] = "#features"
    CHANGES: ClassVar[frozenset[str]] = frozenset({"baseline", "export"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "compare", "Compare", tooltip="Compare the published run now", id="drift.compare"),
        Binding("b", "baseline", "Baseline", tooltip="Make a baseline of the published run", id="drift.baseline"),
        Binding("E", "export(False)", "Export", tooltip="Export a sample to annotate", id="drift.export"),
        Binding("H", "export(True)", "Page", tooltip="Write the report as one HTML page", id="drift.page"),
        Binding("tab", "other", "List or plot", show=False, id="drift.other"),
    ]

    def compose(self) -> ComposeResult:
        """Draw the history, the features, and the one that is selected."""
        yield Panel("History", Static(id="past", markup=False), id="past-panel")
        with Container(classes="split"):
            yield Panel(
                "Features",
                Static(id="verdict", markup=False),
                Table(_COLUMNS, id="features"),
                id="features-panel",
                classes="list",
            )
            yield Panel(
                "Feature",
                VerticalScroll(Static(id="plot", markup=False), classes="scrolling"),
                id="plot-panel",
                classes="detail",
            )

    def on_mount(self) -> None:
        """Begin with nothing known."""
        self.pace = Pace(least=5.0, most=60.0)
        self._past: api.Past | None = None
        self._report: api.Report | None = None
        self._asked_for: tuple[str, ...] = ()
        self._wanted = ""

    def question(self) -> Question[object]:
        """Ask what is recorded."""
        return api.HowItDrifted()

    def show(self, answer: object) -> None:
        """Draw the history; compare when a run or a baseline is new."""
        past = self._past = cast("api.Past", answer)
        features, plot = self.query_one("#features-panel", Panel), self.query_one("#plot-panel", Panel)
        if not past.baselines and self._report is None:
            features.empty(
                "There is nothing to compare runs with yet.",
                "{drift.baseline} makes a baseline of the published run",
                "or: nimbus drift baseline --dev dev.spacy, of a dev set",
            )
            plot.empty("Nothing to show yet.", "the feature that is selected in the list shows here")
        if self._report is None:
            self.fit()
        else:
            self._list()
        newest = (past.points[-1].run if past.points else "", past.baselines[-1].name if past.baselines else "")
        if past.baselines and newest != self._asked_for:
            self._asked_for = newest
            self._compare()

    def _compare(self) -> None:
        features = self.query_one("#features-panel", Panel)
        if self._report is None and not features.has_class("-trouble"):
            features.wait()
        self.ask(api.WhatDrifted())

    def heard(self, question: Question[object], answer: object) -> None:
        """Draw a report."""
        if isinstance(question, api.WhatDrifted):
            self._report = cast("api.Report", answer)
            self._list()

    def denied(self, question: Question[object], trouble: Trouble) -> None:
        """Say why there is no report."""
        if isinstance(question, api.WhatDrifted):
            self._report, self._asked_for = None, ()  # it is asked again when the history is
            if trouble.kind in _BASELESS:  # and a key makes one
                told = f"{self.key('drift.baseline')} makes a baseline of the published run"
                parts = tuple(part for part in trouble.parts if part[0] != "to do")
                trouble = replace(trouble, parts=(*parts, ("to do", told)))
            self.query_one("#features-panel", Panel).trouble(trouble)
            self.query_one("#plot-panel", Panel).unknown()

    def refuse(self, trouble: Trouble) -> None:
        """Say why nothing is known; a report that was made is shown again when the environment answers."""
        self._past = None
        self.query_one("#features-panel", Panel).trouble(trouble)
        self.query_one("#past-panel", Panel).unknown()
        self.query_one("#plot-panel", Panel).unknown()

    def filter(self, text_wanted: str) -> None:
        """Show the features that contain a text."""
        self._wanted = text_wanted.lower()
        self._list()

    def _list(self) -> None:
        report = self._report
        if report is None or self._past is None:
            return
        panel, table = self.query_one("#features-panel", Panel), self.query_one("#features", Table)
        panel.ready()
        found = {item.name: item for item in report.features if self._wanted in item.title.lower()}
        panel.title("Features", f"{len(found)}")
        table.show(list(found), lambda key: drawing.row(found[key]))
        self.fit()

    @on(Table.Highlighted, "#features")
    def _on_feature(self) -> None:
        self.fit()

    def fit(self) -> None:
        """Draw what is made to fit its panel."""
        past = self.query_one("#past-panel", Panel)
        if self._past is None:
            return
        past.ready()
        shown = drawing.history(self._past, max(24, past.room))
        self.query_one("#past", Static).update(shown)
        report = self._report
        if report is None:
            return
        width = max(24, self.query_one("#features-panel", Panel).room)
        brief = self.screen.has_class("-low")
        self.query_one("#verdict", Static).update(drawing.verdict(report, width, brief=brief))
        panel, key = self.query_one("#plot-panel", Panel), self.query_one("#features", Table).key
        chosen = next((item for item in report.features if item.name == key), None)
        if chosen is None:
            panel.empty("No feature is selected.", "↑ and ↓ select one")
            return
        panel.ready()
        panel.title(middle(plain(chosen.title), 40))
        room = max(24, panel.room)
        told = [*drawing.feature(chosen, room, panel.content_size.height), *drawing.drivers(report, room)]
        if brief and report.notes:
            told += [Content(""), text.toned("To know", "bold"), *drawing.notes(report, room)]
        if not past.display:
            told += [Content(""), drawing.history(self._past, room)]
        self.query_one("#plot", Static).update(text.lines(told))

    def action_other(self) -> None:
        """Go from the list to the plot, and back."""
        table = self.query_one("#features")
        (self.query_one("#plot-panel .scrolling") if table.has_focus else table).focus()

    def action_compare(self) -> None:
        """Compare the published run now."""
        self._compare()
        self.notify("Comparing …", timeout=2)

    def action_baseline(self) -> None:
        """Propose to make a baseline."""
        self.post_message(Propose(api.WhatBaseline()))

    def action_export(self, page: bool) -> None:  # noqa: FBT001 - as the binding gives it
        """Propose to write a sample to annotate, or the report as a page."""
        self.post_message(Propose(api.WhatExport(page)))

    def twin(self) -> Sequence[str]:
        """Return what shows the same."""
        return self.session.command("drift", "report")

    def copied(self) -> str | None:
        """Return the verdict, or the selected feature in words."""
        key = self.query_one("#features", Table).key
        found = next((item for item in (self._report.features if self._report else ()) if item.name == key), None)
        return None if found is None else f"{found.title}: {found.level}, {found.change}"
