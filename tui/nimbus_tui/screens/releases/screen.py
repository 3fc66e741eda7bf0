"""The ledger and every release: what was found out about each, how two differ, and the way to make one live."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from nimbus_tui.api import releases as api
from nimbus_tui.api.questions import Question
from nimbus_tui.api.trouble import Trouble
from nimbus_tui.messages import Propose
from nimbus_tui.plain import middle, release
from nimbus_tui.screens.releases import drawing
from nimbus_tui.screens.section import Section
from nimbus_tui.widgets import text
from nimbus_tui.widgets.choose import Choose
from nimbus_tui.widgets.panel import Panel
from nimbus_tui.widgets.table import Column, Table

if TYPE_CHECKING:
    from nimbus.releases.history import Change

_LEDGER = (
    Column("#", 4, right=True, rank=2),
    Column("when", 10),
    Column("what", 8),
    Column("release", 24, grow=2, cut=release),
    Column("by", 8, grow=1, rank=4),
    Column("why", 16, grow=2, rank=5),
)
_RELEASES = (Column("", 1), Column("release", 20, grow=1, cut=release), Column("is", 16, rank=1))


_NAME = 30  # cells


class Releases(Section):
    """What is live, what could be, and the way from one to the other and back."""

    FOCUS: ClassVar[str] = "#ledger"
    CHANGES: ClassVar[frozenset[str]] = frozenset({"deploy", "promote", "back_to", "canary"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("D", "deploy", "Deploy", tooltip="Deploy the pipeline of nimbus.toml", id="releases.deploy"),
        Binding("P", "promote", "Promote", tooltip="Make the selected release live", id="releases.promote"),
        Binding(
            "C",
            "canary",
            "Canary",
            tooltip="Give it a share of the next runs, or none",
            id="releases.canary",
        ),
        Binding("B", "back_to", "Back to", tooltip="Go back to the selected release", id="releases.back_to"),
        Binding("m", "mark", "Compare", tooltip="Mark it, to compare others with it", id="releases.mark"),
        Binding("tab", "other", "Ledger or releases", show=False, id="releases.other"),
    ]

    def compose(self) -> ComposeResult:
        """Draw the two lists, and what is selected."""
        with Container(classes="split"):
            with Container(classes="list -ledger", id="lists"):
                yield Panel("Ledger", Table(_LEDGER, id="ledger", newest=True), id="ledger-panel")
                yield Panel("Releases", Table(_RELEASES, id="names"), id="names-panel")
            yield Panel(
                "Release",
                VerticalScroll(Static(id="release", markup=False), classes="scrolling"),
                id="release-panel",
                classes="detail",
            )

    def on_mount(self) -> None:
        """Begin with nothing known."""
        self._known: api.Releases | None = None
        self._changes: dict[str, Change] = {}
        self._looked = ""  # the release that is beside the lists
        self._shown: object = None
        self._compared: tuple[str, str, object] | None = None
        self._goal = ""  # what to select once it is listed
        self._marked = ""
        self._canary: object = None
        self._wanted = ""

    def question(self) -> Question[object]:
        """Ask which there are."""
        return api.WhichReleases()

    def show(self, answer: object) -> None:
        """Fill the lists."""
        before, looked, self._known = self._known, self._looked, cast("api.Releases", answer)
        self._list()
        self._goal = ""
        if looked and self._looked == looked and (before != self._known or self._shown is None):
            self._inquire()

    def _list(self) -> None:
        known = self._known
        if known is None:
            return
        now, wanted = self.session.now, self._wanted.lower()
        changes = self._changes = {str(change.state.sequence): change for change in known.changes}
        ledger, names = self.query_one("#ledger-panel", Panel), self.query_one("#names-panel", Panel)
        if not changes and not known.names:
            to_do = "{releases.deploy} compiles the pipeline of nimbus.toml, checks it, and makes it live"
            ledger.empty("Nothing was ever live here.", to_do)
            names.empty("No release is registered.", to_do)
            self.query_one("#release-panel", Panel).empty("Nothing to show yet.", to_do)
            for table in self.query(Table):
                table.show([], lambda _key: ())
            self._looked, self._shown = "", None
            return
        keys = [key for key, change in changes.items() if drawing.matches(change, wanted)]
        ledger.ready()
        ledger.title("Ledger", f"{len(keys)} of {len(changes)}" if wanted else "")
        self.query_one("#ledger", Table).show(keys, lambda key: drawing.entry(changes[key], now))
        found = [name for name in drawing.ordered(known) if wanted in name.lower()]
        names.ready()
        names.title("Releases", f"{len(found)} of {len(known.names)}" if wanted else f"{len(found)}")
        self.query_one("#names", Table).show(found, lambda name: drawing.release_row(name, known, self._marked))
        if not changes:
            self.keyed = "#names"
        self._reach()
        self._look()

    def refuse(self, trouble: Trouble) -> None:
        """Say why nothing is listed, and forget what was."""
        self._known, self._looked, self._shown = None, "", None
        self.query_one("#ledger-panel", Panel).trouble(trouble)
        self.query_one("#names-panel", Panel).unknown()
        self.query_one("#release-panel", Panel).unknown()

    def filter(self, text_wanted: str) -> None:
        """List what contains a text."""
        self._wanted = text_wanted
        self._list()

    def look_at(self, key: str) -> None:
        """Select a change by its number, or a release by its name."""
        self.keyed, self._goal = "#ledger" if key.isdigit() else "#names", key
        self._turn_to(self.keyed)
        self.take_keys()
        self._reach()
        self._look()

    def _reach(self) -> None:
        """Select what is to be selected, where it is listed already."""
        table = self.query_one(self.keyed, Table)
        if self._goal in table.keys:
            table.select(self._goal)
            self._goal = ""

    @property
    def _selected(self) -> str:
        """Return the release under the cursor of the list that had the keys last."""
        key = self.query_one(self.keyed, Table).key
        if key is None or self._known is None:
            return ""
        if self.keyed == "#names":
            return key
        return drawing.of(self._changes[key].state) if key in self._changes else ""

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Select in the list that has got the keys, unless they have gone on meanwhile."""
        if event.widget.id in ("ledger", "names") and event.widget is self.screen.focused:
            self.keyed = f"#{event.widget.id}"
            self._look()

    @on(Table.Highlighted)
    def _look(self) -> None:
        """Look at the selected release, of which nothing is known yet: once the cursor rests, where it moved."""
        name = self._selected
        if name == self._looked or self._known is None:
            self.fit()  # another change of the same release
            return
        moved, self._looked, self._shown, self._compared = bool(self._looked), name, None, None
        panel = self.query_one("#release-panel", Panel)
        panel.title(f"Release {middle(name, 40)}".strip())
        if name:
            panel.wait()
            if moved:
                self.at_rest(self._inquire)
            else:
                self._inquire()
        else:
            panel.empty("No release is selected.", "↑ and ↓ select one")

    def _inquire(self) -> None:
        name = self._looked
        if not name:
            return
        self.ask(api.WhatOf(name))
        if self._is_candidate:
            self.ask(api.HowCanary())
        if self._marked and self._marked != name:
            self.ask(api.HowDiffer(self._marked, name))

    @property
    def _is_candidate(self) -> bool:
        """Say whether the release that is beside the lists has its share of the runs now."""
        live = self._known.live if self._known else None
        return live is not None and live.candidate is not None and live.candidate.release == self._looked

    def heard(self, question: Question[object], answer: object) -> None:
        """Draw a release, or how two differ."""
        if isinstance(question, api.WhatOf) and question.name == self._looked:
            self._shown = answer
        elif isinstance(question, api.HowDiffer) and (question.before, question.after) == (self._marked, self._looked):
            self._compared = (question.before, question.after, answer)
        elif isinstance(question, api.HowCanary):
            self._canary = answer
        self.fit()

    def denied(self, question: Question[object], trouble: Trouble) -> None:
        """Say why a release cannot be shown."""
        if isinstance(question, api.WhatOf) and question.name == self._looked:
            self._shown = None
            self.query_one("#release-panel", Panel).trouble(trouble)

    def fit(self) -> None:
        """Draw what is made to fit its panel."""
        if self._shown is None:
            return
        self.query_one("#release-panel", Panel).ready()
        static = self.query_one("#release", Static)
        width = max(24, self.query_one("#release-panel", Panel).room)
        canary = self._canary if self._is_candidate else None
        told = [
            *self._change(width),
            *drawing.canary(canary, self._looked, self.key),
            *drawing.release(self._shown, self.session.now, width),
        ]
        if self._marked and self._compared is not None:
            title = text.toned(f"Against {middle(self._marked, width - 10)}", "bold")
            told = [title, text.differences(self._compared[2], width), Content(""), *told]  # type: ignore[arg-type]
        static.update(text.lines(told))

    def _change(self, width: int) -> list[Content]:
        """Return the change under the cursor of the ledger: the list has no room for why it was made."""
        change = self._changes.get(self.query_one("#ledger", Table).key or "") if self.keyed == "#ledger" else None
        return [] if change is None else drawing.change(change, self.session.now, width)

    def action_other(self) -> None:
        """Go to the other list, and to the text."""
        order = ["#ledger", "#names", "#release-panel .scrolling"]
        at = next((n for n, name in enumerate(order) if self.query_one(name).has_focus), -1)
        wanted = order[(at + 1) % len(order)]
        if wanted in ("#ledger", "#names"):
            self.keyed = wanted
            self._turn_to(wanted)
            self._look()
        self.query_one(wanted).focus()

    def _turn_to(self, table: str) -> None:
        """Where there is room for one list alone, show this one."""
        lists = self.query_one("#lists")
        lists.set_class(table == "#ledger", "-ledger")
        lists.set_class(table == "#names", "-names")

    def action_mark(self) -> None:
        """Mark the selected release; any other that is selected is compared with it."""
        selected = self._selected
        if not selected:
            return
        self._marked = "" if self._marked == selected else selected
        self._compared = None
        self.notify(
            f"Compared with {middle(self._marked, 40)}." if self._marked else "Not compared.", timeout=2, markup=False
        )
        self._list()
        self.fit()

    def action_deploy(self) -> None:
        """Propose to deploy the pipeline of nimbus.toml."""
        self.post_message(Propose(api.WhatDeployment()))

    def action_promote(self) -> None:
        """Propose to make the selected release live."""
        selected = self._selected
        if selected:
            self.post_message(Propose(api.WhatPromotion(selected)))

    def action_canary(self) -> None:
        """Choose which share of the next runs' shards the selected release gets, or that it gets none."""
        live, selected = None if self._known is None else self._known.live, self._selected
        if live is None or not selected:
            return
        choices = [(str(share), f"{share} %", "of the shards of the next runs") for share in (5, 25, 50)]
        choices.append(("100", "100 %", "is the promotion itself"))
        if live.candidate is not None:
            choices.append(("0", "Drop it", f"{release(live.candidate.release, _NAME)} goes; what it published stays"))
        self.app.push_screen(Choose(f"Canary of {middle(selected, 50)}", choices), partial(self._share, selected))

    def _share(self, selected: str, chosen: str | None) -> None:
        if chosen == "0":
            self.post_message(Propose(api.WhatDrop()))
        elif chosen is not None:
            self.post_message(Propose(api.WhatPromotion(selected, int(chosen))))

    def action_back_to(self) -> None:
        """Propose to go back to the selected release and its data."""
        selected = self._selected
        if selected:
            self.post_message(Propose(api.WhatRollback(selected)))

    def twin(self) -> Sequence[str]:
        """Return what shows the same."""
        selected = self._selected
        if self.query_one("#ledger", Table).has_focus or not selected:
            return self.session.command("history")
        return self.session.command("show", selected)

    def copied(self) -> str | None:
        """Return the selected release's name."""
        return self._selected or None
