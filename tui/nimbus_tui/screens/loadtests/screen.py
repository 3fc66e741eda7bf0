"""Profiles to start, the test that goes with its latencies, and what earlier ones of each release came to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Static

from nimbus_tui.api import loadtests as api
from nimbus_tui.api.questions import Question
from nimbus_tui.api.trouble import Trouble
from nimbus_tui.messages import Propose
from nimbus_tui.plain import middle, plain, release
from nimbus_tui.polling import Pace
from nimbus_tui.screens.loadtests import drawing
from nimbus_tui.screens.section import Section
from nimbus_tui.widgets.panel import Panel
from nimbus_tui.widgets.table import Column, Table

_PROFILES = (
    Column("", 1),
    Column("profile", 8, grow=1),
    Column("shape", 6, rank=2),
    Column("rate", 9, rank=1),
    Column("takes", 6, right=True, rank=3),
)
_RESULTS = (
    Column("", 1),
    Column("release", 18, grow=1, cut=release),
    Column("profile", 8, rank=4),
    Column("is", 7),
    Column("docs/s", 7, right=True),
    Column("p50", 8, right=True, rank=5),
    Column("p95", 8, right=True),
    Column("p99", 8, right=True, rank=2),
    Column("failed", 7, right=True, rank=3),
    Column("memory", 8, right=True, rank=6),
    Column("when", 10, rank=1),
)


class LoadTests(Section):
    """Says what a release stands, before it is released."""

    FOCUS: ClassVar[str] = "#profiles"
    CHANGES: ClassVar[frozenset[str]] = frozenset({"start", "stop"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("S", "start", "Start", tooltip="Start the selected profile", id="loadtests.start"),
        Binding("x", "stop", "Stop", tooltip="Stop the test that goes", id="loadtests.stop"),
        Binding("m", "mark", "Compare", tooltip="Mark a result, to compare others with it", id="loadtests.mark"),
        Binding("tab", "other", "Profiles or results", show=False, id="loadtests.other"),
    ]

    def compose(self) -> ComposeResult:
        """Draw profiles, the test that goes, and results."""
        with Container(id="load-top"):
            yield Panel("Profiles", Table(_PROFILES, id="profiles"), id="profiles-panel")
            yield Panel("Now", Static(id="going", markup=False), id="going-panel")
        yield Panel("Results by release", Table(_RESULTS, id="results"), id="results-panel")

    def on_mount(self) -> None:
        """Begin with nothing known."""
        self.pace = Pace(least=1.0, most=15.0)
        self._known: api.Known | None = None
        self._past: dict[str, api.Result] = {}
        self._wanted = ""
        self._marked: api.Result | None = None

    def question(self) -> Question[object]:
        """Ask how it goes."""
        return api.HowLoadTests()

    def show(self, answer: object) -> None:
        """Draw it."""
        known = self._known = cast("api.Known", answer)
        self.set_class(known.going == "going", "-goes")
        profiles = {item.name: item for item in known.profiles}
        panel = self.query_one("#profiles-panel", Panel)
        panel.ready()
        self.query_one("#profiles", Table).show(list(profiles), lambda key: drawing.profile(profiles[key]))
        self._list()

    def _list(self) -> None:
        known = self._known
        if known is None:
            return
        panel, now = self.query_one("#results-panel", Panel), self.session.now
        past = self._past = {f"{item.release} {item.time}": item for item in known.past}
        keys = [
            key for key, item in past.items() if self._wanted in f"{item.release} {item.profile} {item.outcome}".lower()
        ]
        self.query_one("#results", Table).show(keys, lambda key: drawing.result(past[key], now, self._marked))
        panel.title("Results by release", drawing.limits(known) if past else "")
        if past:
            panel.ready()
        else:
            panel.empty("No load test is kept of any release yet.", "{loadtests.start} starts the selected profile")
        self.fit()

    def fit(self) -> None:
        """Draw what is made to fit its panel."""
        known, panel = self._known, self.query_one("#going-panel", Panel)
        if known is None:
            return
        height, selected = panel.content_size.height, self._selected
        if self._marked is not None and selected is not None and selected != self._marked:
            panel.title("Compared", "the selected one against the marked one")
            shown = drawing.comparison(self._marked, selected, max(20, panel.room))
        elif selected is not None:
            panel.title(f"Result of {release(plain(selected.release), 40)}")
            shown = drawing.account(selected, max(20, panel.room), self.key("loadtests.mark"))
        else:
            panel.title("Now")
            if known.going is None:
                panel.empty("Nothing was started yet.", "{loadtests.start} starts the selected profile")
                return
            shown = drawing.going(known, max(20, panel.room), height)
        panel.ready()
        self.query_one("#going", Static).update(shown)

    @property
    def _selected(self) -> api.Result | None:
        """Return the selected result, while results have the keys."""
        table = self.query_one("#results", Table)
        return self._past.get(table.key or "") if table.has_focus else None

    @on(Table.Highlighted, "#results")
    def _on_result(self) -> None:
        self.fit()

    def on_descendant_focus(self) -> None:
        """Compare while results have the keys, and show the test that goes otherwise."""
        self.fit()

    def action_mark(self) -> None:
        """Mark the selected result; any other that is selected is compared with it."""
        selected = self._selected
        if selected is None:
            other, mark = self.key("loadtests.other"), self.key("loadtests.mark")
            self.notify(f"{other} goes to the results: {mark} marks one there.", timeout=3)
            return
        self._marked = None if selected == self._marked else selected
        told = f"Compared with {middle(self._marked.release, 40)}." if self._marked else "Not compared."
        self.notify(told, timeout=2, markup=False)
        self._list()

    def refuse(self, trouble: Trouble) -> None:
        """Say why nothing is known."""
        self.query_one("#going-panel", Panel).trouble(trouble)
        self.query_one("#profiles-panel", Panel).unknown()
        self.query_one("#results-panel", Panel).unknown()

    def filter(self, text_wanted: str) -> None:
        """Show the results that contain a text."""
        self._wanted = text_wanted.lower()
        self._list()

    @on(Table.Chosen, "#profiles")
    def _chosen(self) -> None:
        self.action_start()

    @on(Table.Chosen, "#results")
    def _to_release(self, event: Table.Chosen) -> None:
        found = self._past.get(event.key)
        if found is not None:
            self.go("releases", found.release)

    def action_other(self) -> None:
        """Go from the profiles to the results, and back."""
        profiles, results = self.query_one("#profiles"), self.query_one("#results")
        (results if profiles.has_focus and results.display else profiles).focus()

    def action_start(self) -> None:
        """Propose to start the selected profile."""
        key = self.query_one("#profiles", Table).key
        if key is not None:
            self.pace.hurry()
            self.post_message(Propose(api.WhatLoadTest(key)))

    def action_stop(self) -> None:
        """Stop the test that goes."""
        running = api.latest(self.session)
        if running is None or running.code is not None:
            self.notify("No load test goes.", timeout=2)
        else:
            running.stop()

    def twin(self) -> Sequence[str]:
        """Return what starts the same."""
        key = self.query_one("#profiles", Table).key
        return self.session.command("loadtest", *(("--profile", key) if key else ()))

    def copied(self) -> str | None:
        """Return what the selected result says."""
        found = self._past.get(self.query_one("#results", Table).key or "")
        return None if found is None else found.words
