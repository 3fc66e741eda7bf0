"""Terraform's plan as a tree that can be read, applied with its progress; outputs; what was changed behind its back."""

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
from nimbus_tui.api import infrastructure as api
from nimbus_tui.api.questions import Question
from nimbus_tui.api.trouble import Trouble
from nimbus_tui.messages import Propose
from nimbus_tui.plain import middle, plain
from nimbus_tui.polling import Pace
from nimbus_tui.screens.section import Section
from nimbus_tui.widgets import text
from nimbus_tui.widgets.panel import Panel
from nimbus_tui.widgets.table import Cell, Column, Table

_SIGNS = {"create": ("+", "good"), "update": ("~", "warn"), "delete": ("-", "bad"), "replace": ("-/+", "bad")}
_LOOK = 1.0  # seconds between looks at an apply
_WORDS = {
    "create": "It is not there yet.",
    "delete": "It goes: it is described no more.",
    "replace": "It goes, and another takes its place.",
}
_OUTSIDE = "Changed or removed outside of Terraform; applying takes that back."
_COLUMNS = (Column("", 3), Column("resource", 24, grow=1, cut=middle), Column("becomes", 20, rank=1))


class Infrastructure(Section):
    """Shows what an environment on AWS is made of, and what applying would change."""

    FOCUS: ClassVar[str] = "#resources"
    CHANGES: ClassVar[frozenset[str]] = frozenset({"apply", "stop"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "plan", "Plan", tooltip="Have Terraform say what it would change", id="infrastructure.plan"),
        Binding("A", "apply", "Apply", tooltip="Apply what was planned", id="infrastructure.apply"),
        Binding("x", "stop", "Stop applying", show=False, id="infrastructure.stop"),
        Binding("tab", "other", "Plan or outputs", show=False, id="infrastructure.other"),
    ]

    def compose(self) -> ComposeResult:
        """Draw the plan, and what is selected or stands."""
        with Container(classes="split"):
            yield Panel("Plan", Table(_COLUMNS, id="resources"), id="plan-panel", classes="list")
            yield Panel(
                "Outputs",
                VerticalScroll(Static(id="outputs", markup=False), classes="scrolling"),
                id="outputs-panel",
                classes="detail",
            )

    def on_mount(self) -> None:
        """Begin with nothing known."""
        self.pace = Pace(least=15.0, most=120.0)
        self._standing: api.Standing | None = None
        self._plan: api.Plan | None = None
        self._planning = False
        self._unplanned: Trouble | None = None  # why it could not be planned
        self._wanted = ""
        self._applying: api.Applying | None = None
        self._watched = False

    def question(self) -> Question[object]:
        """Ask what stands."""
        return api.WhatStands()

    def show(self, answer: object) -> None:
        """Draw what stands."""
        standing = self._standing = cast("api.Standing", answer)
        outputs, plan = self.query_one("#outputs-panel", Panel), self.query_one("#plan-panel", Panel)
        self._watch()
        if standing.kind != "aws":
            to_do = [f"{{app.environments}} opens {name}, which is on AWS" for name in standing.others[:3]]
            to_do = to_do or ["nimbus infra init --env NAME describes one on AWS, and writes its Terraform"]
            plan.empty(f"{standing.name} is this machine: it needs no infrastructure.", *to_do)
            outputs.ready()
        elif self._plan is None and not self._planning and self._unplanned is None:
            plan.title("Plan")
            self.query_one("#resources", Table).show([], self._row)
            words = "Nothing was planned here yet." if self._applying is None else "What was planned is applied."
            plan.empty(words, "{infrastructure.plan} has Terraform compare what stands with what is described")
            outputs.ready()
        self.fit()

    @property
    def _goes(self) -> bool:
        return self._applying is not None and self._applying.standing == "going"

    def _watch(self) -> None:
        """Look every second at an apply that goes."""
        if api.latest(self.session) is not None and not self._watched:
            self._watched = True
            self.ask(api.HowApplied())

    def _saw(self, found: api.Applying | None) -> None:
        went, self._applying, self._watched = self._goes, found, False
        if self._goes:
            self.set_timer(_LOOK, self._watch)
        elif went:  # a plan of before says nothing any more
            self._plan = None
            self.ask()
        self._list()
        self.fit()

    def heard(self, question: Question[object], answer: object) -> None:
        """Draw a plan."""
        if isinstance(question, api.WhatWouldChange):
            self._planning, self._plan, self._unplanned = False, cast("api.Plan", answer), None
            self._list()
        elif isinstance(question, api.HowApplied):
            self._saw(cast("api.Applying | None", answer))

    def denied(self, question: Question[object], trouble: Trouble) -> None:
        """Say why there is no plan."""
        if isinstance(question, api.HowApplied):
            self._watched = False
            return
        self._planning, self._unplanned = False, trouble
        self.query_one("#plan-panel", Panel).trouble(trouble)

    def refuse(self, trouble: Trouble) -> None:
        """Say why the environment cannot be opened; planning may still be possible."""
        self._watch()
        failure = self._failure()
        if failure:
            width = self.query_one("#outputs-panel", Panel).room
            self.query_one("#outputs-panel", Panel).ready()
            self.query_one("#outputs", Static).update(text.lines([*failure, text.trouble(trouble, width)]))
        else:
            self.query_one("#outputs-panel", Panel).trouble(trouble)
        if self._plan is None and not self._planning and self._unplanned is None:
            self.query_one("#plan-panel", Panel).empty(
                "Nothing was planned here yet.",
                "{infrastructure.plan} has Terraform say what it would make",
                "{infrastructure.apply} applies it",
            )

    def filter(self, text_wanted: str) -> None:
        """Show the resources that contain a text."""
        self._wanted = text_wanted.lower()
        self._list()

    def _list(self) -> None:
        plan, panel = self._plan, self.query_one("#plan-panel", Panel)
        if plan is None:
            return
        when = figures.age(plan.time, self.session.now)
        if not plan.resources:
            self.query_one("#resources", Table).show([], self._row)
            panel.title("Plan")
            panel.empty(
                "Everything is as it is described: nothing was changed behind Terraform's back.", f"planned {when}"
            )
            self.fit()
            return
        panel.ready()
        if self._goes and self._applying is not None:
            done = sum(step.ended for step in self._applying.steps.values())
            took = figures.duration(self.session.now.timestamp() - self._applying.began)
            panel.title("Applying", f"{done} of {len(plan.resources)} · {took}")
        else:
            panel.title("Plan", " · ".join(f"{count} {word}" for word, count in plan.counts if count) + f" · {when}")
        keys: list[str] = []
        for number, item in enumerate(plan.resources):
            if self._wanted in f"{item.module} {item.resource}".lower():
                if f"={item.module}" not in keys:
                    keys.append(f"={item.module}")
                keys.append(str(number))
        table = self.query_one("#resources", Table)
        table.show(keys, self._row)
        if self._goes and table.cursor == 0:  # nobody looks at another one
            table.reach(self._newest(plan))
        self.fit()

    def _newest(self, plan: api.Plan) -> str:
        """Return what an apply has begun last, of what it has not ended."""
        steps = {} if self._applying is None else self._applying.steps
        begun = [address for address, step in steps.items() if not step.ended] or list(steps)
        return next((str(n) for n, item in enumerate(plan.resources) if begun and _address(item) == begun[-1]), "")

    def _row(self, key: str) -> tuple[Cell | str, ...]:
        if key.startswith("=") or self._plan is None:
            return "", Cell(key[1:] or "this configuration", "bold"), ""
        item = self._plan.resources[int(key)]
        sign, tone = _SIGNS.get(item.action, ("?", ""))
        planned = f"{item.action}, outside" if item.outside else item.action
        return Cell(sign, tone), f"  {item.resource}", self._becomes(item) or Cell(planned, tone)

    def _becomes(self, item: api.Resource) -> Cell | None:
        """Return how far an apply is with a resource, None while none goes."""
        if self._applying is None or not self._goes:
            return None
        step = self._applying.steps.get(_address(item))
        if step is None:
            return Cell("waits", "dim")
        took = "" if step.seconds is None else f" {figures.duration(step.seconds)}"
        mark, tone = (
            (marks.FAILED, "bad") if step.failed else (marks.PASSED, "good") if step.ended else (marks.GOES, "name")
        )
        return Cell(f"{mark} {step.words}{took}", tone)

    @on(Table.Highlighted, "#resources")
    def _on_resource(self) -> None:
        self.fit()

    def fit(self) -> None:
        """Draw what is made to fit its panel."""
        panel, key = self.query_one("#outputs-panel", Panel), self.query_one("#resources", Table).key
        width = max(24, panel.room)
        if self._plan is not None and key is not None and not key.startswith("="):
            item = self._plan.resources[int(key)]
            sign, tone = _SIGNS.get(item.action, ("?", ""))
            told = [text.words(text.toned(f"{sign} ", tone), text.toned(item.resource, "bold"))]
            if item.outside:
                told += [Content(""), *text.hanging(_OUTSIDE, width, "! ")]
            elif not item.attributes and item.action in _WORDS:
                told += [Content(""), text.toned(_WORDS[item.action])]
            for name, before, after in item.attributes:
                told += [
                    Content(""),
                    text.toned(name, "dim"),
                    text.words(text.toned("- ", "bad"), text.toned(before)),
                    text.words(text.toned("+ ", "good"), text.toned(after)),
                ]
            panel.title(middle(plain(item.resource), 40))
        elif self._standing is not None:
            standing = self._standing
            facts = [("environment", standing.name), ("kind", standing.kind), ("region", standing.region or "none")]
            told = [*self._failure(), text.facts(facts, width)]
            others = (each for each in standing.outputs if each[0] not in ("root", "region"))
            for name, value in (("root", standing.root), *others):
                told += [text.toned(name, "dim"), *text.indented(value, width)]
            panel.title("Outputs")
        else:
            return
        panel.ready()
        self.query_one("#outputs", Static).update(text.lines(told))

    def _failure(self) -> list[Content]:
        """Return what an apply said that failed."""
        if self._applying is None or self._applying.standing != "failed":
            return []
        said = [text.toned(f"  {line}", "bad") for line in self._applying.said]
        plan, jobs = self.key("infrastructure.plan"), self.key("app.jobs")
        hint = text.words(
            text.toned("→ ", "note"), text.toned(f"{plan} plans what is left; {jobs} shows all that it said")
        )
        return [text.toned(f"{marks.FAILED} The apply was stopped, or failed", "bad"), *said, hint, Content("")]

    def action_other(self) -> None:
        """Go from the plan to the outputs, and back."""
        table = self.query_one("#resources")
        (self.query_one("#outputs-panel .scrolling") if table.has_focus else table).focus()

    def action_plan(self) -> None:
        """Plan now."""
        if self._goes:
            self.notify(f"An apply goes: {self.key('infrastructure.stop')} stops it.", timeout=3)
        elif not self._planning:
            self._planning, self._plan, self._unplanned = True, None, None  # only a plan that is shown is applied
            panel = self.query_one("#plan-panel", Panel)
            panel.title("Plan")
            panel.wait("Terraform plans … {app.back} stops it")
            self.fit()
            self.ask(api.WhatWouldChange())

    def action_apply(self) -> None:
        """Propose to apply what was planned."""
        if self._goes:
            self.notify(f"An apply goes: {self.key('infrastructure.stop')} stops it.", timeout=3)
        elif self._plan is None or not self._plan.resources:
            self.notify(f"There is nothing to apply: {self.key('infrastructure.plan')} plans.", timeout=3)
        else:
            self.post_message(Propose(api.WhatApply(self._plan)))

    def action_stop(self) -> None:
        """Interrupt an apply; what it has made stays, and is gone on with."""
        running = api.latest(self.session)
        if running is None or running.code is not None:
            self.notify("No apply goes.", timeout=2)
        else:
            running.stop()

    def twin(self) -> Sequence[str]:
        """Return what plans the same."""
        return self.session.command("infra", "plan")

    def copied(self) -> str | None:
        """Return the selected resource."""
        key = self.query_one("#resources", Table).key
        return (
            None
            if self._plan is None or key is None or key.startswith("=")
            else self._plan.resources[int(key)].resource
        )


def _address(item: api.Resource) -> str:
    return f"{item.module}.{item.resource}" if item.module else item.resource
