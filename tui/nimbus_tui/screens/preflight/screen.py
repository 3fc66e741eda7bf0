"""Every check of a deployment as a tree: what was found, and what to do where it failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from nimbus_tui import figures, marks
from nimbus_tui.api import preflight as api
from nimbus_tui.api.questions import Question
from nimbus_tui.api.releases import WhatDeployment
from nimbus_tui.api.trouble import Trouble
from nimbus_tui.messages import Propose
from nimbus_tui.screens.section import Section
from nimbus_tui.widgets import text
from nimbus_tui.widgets.panel import Panel
from nimbus_tui.widgets.table import Cell, Column, Table

_MARKS = {"ok": (marks.PASSED, "good"), "failed": (marks.FAILED, "bad"), "skipped": (marks.BESIDE, "dim")}
_UNKNOWN = (marks.UNKNOWN, "")
_COLUMNS = (Column("check", 26, grow=1), Column("is", 9), Column("found", 16, grow=2, rank=1))


class Preflight(Section):
    """Says whether the pipeline could be deployed here, and would run."""

    FOCUS: ClassVar[str] = "#checks"
    CHANGES: ClassVar[frozenset[str]] = frozenset({"deploy"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "check", "Check", tooltip="Check now whether it could be deployed", id="preflight.check"),
        Binding("D", "deploy", "Deploy", tooltip="Deploy the pipeline of nimbus.toml", id="preflight.deploy"),
    ]

    def compose(self) -> ComposeResult:
        """Draw the tree, and what is selected in it."""
        with Container(classes="split"):
            yield Panel("Preflight", Table(_COLUMNS, id="checks"), id="checks-panel", classes="list")
            yield Panel(
                "Check",
                VerticalScroll(Static(id="check", markup=False), classes="scrolling"),
                id="check-panel",
                classes="detail",
            )

    def on_mount(self) -> None:
        """Begin with nothing known."""
        self._checked: api.Checked | None = None
        self._listed: api.Checked | None = None
        self._checking = False
        self._wanted = ""

    def question(self) -> Question[object] | None:
        """Ask what was found last, until it is checked anew."""
        fresh = self._checking or (self._checked is not None and not self._checked.release)
        return None if fresh else api.WhatWasChecked()

    def show(self, answer: object) -> None:
        """Draw what was found when the live release was deployed."""
        if self.question() is not None:  # what was found now is newer
            self._checked = cast("api.Checked | None", answer)
            self._list()

    def heard(self, question: Question[object], answer: object) -> None:
        """Draw what was found now."""
        if isinstance(question, api.CouldItBeDeployed):
            self._checking = False
            self._checked = cast("api.Checked", answer)
            self._list()

    def refuse(self, trouble: Trouble) -> None:
        """Say why nothing is known."""
        if self._checking:
            return
        self._checked = self._listed = None
        self.query_one("#checks-panel", Panel).trouble(trouble)
        self.query_one("#check-panel", Panel).unknown()

    def denied(self, question: Question[object], trouble: Trouble) -> None:
        """Say why it cannot be checked."""
        if isinstance(question, api.CouldItBeDeployed):
            self._checking = False
            self.refuse(trouble)

    def filter(self, text_wanted: str) -> None:
        """Show the checks that contain a text."""
        self._wanted = text_wanted.lower()
        self._list()

    def _list(self) -> None:
        panel, found = self.query_one("#checks-panel", Panel), self._checked
        if self._checking:
            return
        if found is None:
            self.query_one("#checks", Table).show([], self._row)
            panel.empty(
                "Nothing was checked here yet.", "{preflight.check} checks now; the pipeline is compiled if it must be"
            )
            self.query_one("#check-panel", Panel).empty(
                "Nothing to show yet.", "the check that is selected in the list shows here"
            )
            return
        counts = " · ".join(f"{count} {name}" for name in _MARKS if (count := found.count(name)))
        when = figures.age(found.time, self.session.now)
        panel.ready()
        panel.title("Preflight", f"{counts} · {'of the live release, ' if found.release else ''}{when}")
        keys: list[str] = []
        for number, check in enumerate(found.checks):
            if self._wanted in f"{check.subject} {check.name} {check.found}".lower():
                if f"={check.subject}" not in keys:
                    keys.append(f"={check.subject}")
                keys.append(str(number))
        table = self.query_one("#checks", Table)
        table.show(keys, self._row)
        failed = next((str(n) for n, check in enumerate(found.checks) if check.status == "failed"), None)
        if failed is not None and found != self._listed:
            table.select(failed)
        self._listed = found
        self.fit()

    def _row(self, key: str) -> tuple[Cell | str, ...]:
        found = self._checked
        if key.startswith("=") or found is None:
            return Cell(key[1:], "bold"), "", ""
        check = found.checks[int(key)]
        mark, tone = _MARKS.get(check.status, _UNKNOWN)
        return f"  {check.name}", Cell(f"{mark} {check.status}", tone), Cell(check.found, "dim")

    @on(Table.Highlighted, "#checks")
    def _on_check(self) -> None:
        self.fit()

    def fit(self) -> None:
        """Draw the check that is selected, or the checks of a subject."""
        panel, key = self.query_one("#check-panel", Panel), self.query_one("#checks", Table).key
        if key is None or self._checked is None or self._checking:
            return
        panel.ready()
        width, told = max(24, panel.room), []
        if key.startswith("="):
            panel.title(key[1:])
            for check in (each for each in self._checked.checks if each.subject == key[1:]):
                mark, tone = _MARKS.get(check.status, _UNKNOWN)
                told.append(text.words(text.toned(f"{mark} ", tone), text.toned(check.name)))
                told += text.indented(check.found, width, "dim") if check.found else []
        else:
            check = self._checked.checks[int(key)]
            mark, tone = _MARKS.get(check.status, _UNKNOWN)
            panel.title(check.name)
            told = [
                text.words(text.toned(f"{mark} {check.status}", tone)),
                Content(""),
                text.toned(check.found),
            ]
            if check.remedy and check.status != "ok":
                told += [Content(""), *text.hanging(check.remedy, width)]
        self.query_one("#check", Static).update(text.lines(told))

    def action_check(self) -> None:
        """Check now."""
        if not self._checking:
            self._checking = True
            self.query_one("#checks-panel", Panel).wait("checking … {app.back} stops it")
            self.query_one("#check-panel", Panel).empty("Checking …", "the pipeline is compiled if it must be")
            self.ask(api.CouldItBeDeployed())
            self.focus()

    def action_deploy(self) -> None:
        """Propose to deploy the pipeline of nimbus.toml."""
        self.post_message(Propose(WhatDeployment()))

    def twin(self) -> Sequence[str]:
        """Return what checks the same."""
        return self.session.command("preflight")

    def copied(self) -> str | None:
        """Return the selected check in words."""
        key = self.query_one("#checks", Table).key
        if key is None or key.startswith("=") or self._checked is None:
            return None
        check = self._checked.checks[int(key)]
        return f"{check.subject}: {check.name}: {check.status}: {check.found} {check.remedy}".strip()
