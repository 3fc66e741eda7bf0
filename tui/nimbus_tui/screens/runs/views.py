"""Sides of the selected run that are lists: its shards, what it set aside, what its tasks said."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from textual.widget import Widget
from textual.widgets import Static

from nimbus_tui.api import runs as api
from nimbus_tui.api.questions import Question
from nimbus_tui.api.session import Session
from nimbus_tui.plain import middle, release
from nimbus_tui.screens.runs import drawing
from nimbus_tui.widgets.panel import Panel
from nimbus_tui.widgets.table import Column, Table

if TYPE_CHECKING:
    from nimbus.executions import Line
    from nimbus.runs.shards import Shards

_FIRST = 100  # shards that are looked at before it is known which are in sight


class View(Panel):
    """A list about one run, with a filter of its own."""

    KEY: ClassVar[str]
    TITLE: ClassVar[str]
    COLUMNS: ClassVar[Sequence[Column]]
    ASKS: ClassVar[type[Question[object]]]
    live = True
    """Whether it is asked again while the run goes."""

    def __init__(self, *above: Widget) -> None:
        """Begin with no run."""
        super().__init__(self.TITLE, *above, Table(self.COLUMNS, id=self.KEY), id=f"{self.KEY}-panel")
        self.wanted = ""
        self.run = ""
        self.forget()

    @property
    def table(self) -> Table:
        """Return its list."""
        return self.query_one(Table)

    def of(self, run: str) -> None:
        """Be about a run from now on; nothing is known yet of another than before."""
        if run != self.run or not self.has_class("-ready"):
            self.run = run
            self.forget()
            self.table.show([], lambda _key: ())
            self.wait()

    @property
    def named(self) -> str:
        """Return what it is about, for its frame."""
        return f"{self.TITLE} of run {middle(self.run, 40)}"

    def filter(self, wanted: str) -> None:
        """Show what contains a text."""
        self.wanted = wanted.lower()
        if self.has_class("-ready"):
            self.draw()

    @abstractmethod
    def question(self) -> Question[object]:
        """Return what is asked about the run."""

    @abstractmethod
    def forget(self) -> None:
        """Know nothing."""

    @abstractmethod
    def heard(self, answer: object) -> None:
        """Take an answer about the run."""

    @abstractmethod
    def draw(self) -> None:
        """Show what is known."""

    @abstractmethod
    def twin(self, session: Session) -> Sequence[str]:
        """Return the command line that shows the same."""

    @abstractmethod
    def copied(self) -> str | None:
        """Return what the copy key takes."""

    def counted(self, found: int, of: int, beside: str = "") -> None:
        """Say in the frame how many there are, and how many of how many where they are filtered."""
        self.title(self.named, (f"{found:,} of {of:,}" if self.wanted else f"{found:,}") + beside)


class ShardsView(View):
    """Which shards are done, and what each came to."""

    KEY = "shards"
    TITLE = "Shards"
    COLUMNS = (
        Column("", 1),
        Column("shard", 7, right=True),
        Column("input", 16, grow=1, cut=middle),
        Column("part", 19, rank=3, cut=drawing.part),
        Column("documents", 9, right=True),
        Column("docs/s", 7, right=True, rank=1),
        Column("set aside", 9, right=True, rank=2),
        Column("took", 7, right=True, rank=4),
        Column("release", 16, grow=1, rank=5, cut=release),
    )
    ASKS = api.WhichShards

    def __init__(self) -> None:
        """Have a line above that is the whole run."""
        super().__init__(Static(id="map", markup=False))

    def forget(self) -> None:
        """Know nothing."""
        self._found: Shards | None = None

    def question(self) -> api.WhichShards:
        """Ask about the shards in sight; those that were done already say nothing new."""
        if self._found is None:
            return api.WhichShards(self.run, tuple(range(_FIRST)))
        known = self._found.known
        unknown = (n for n in map(int, self.table.visible_keys) if n not in known or known[n].seconds is None)
        return api.WhichShards(self.run, tuple(unknown))

    def heard(self, answer: object) -> None:
        """Keep what was known of the others."""
        found, before = cast("Shards", answer), self._found
        self._found = found if before is None else replace(found, known={**before.known, **found.known})
        self.draw()

    def draw(self) -> None:
        """Show the line and the list."""
        found = self._found
        if found is None:
            return
        self.ready()
        self.title(self.named, f"{len(found.done):,} of {found.count:,} done")
        self.query_one("#map", Static).update(drawing.shard_map(found, max(10, self.room)))
        keys = [str(n) for n in range(found.count) if not self.wanted or self.wanted in str(n)]
        self.table.show(keys, lambda key: drawing.shard(found, int(key)))

    def on_resize(self) -> None:
        """Fit the line again."""
        if self.has_class("-ready"):
            self.draw()

    def twin(self, session: Session) -> Sequence[str]:
        """Return what lists them."""
        return session.command("runs", self.run, "--shards")

    def copied(self) -> str | None:
        """Return the selected number."""
        return self.table.key


class AsideView(View):
    """Documents that were quarantined: by id and reason, never with their text."""

    KEY = "aside"
    TITLE = "Set aside"
    COLUMNS = (
        Column("id", 24, grow=1),
        Column("reason", 14),
        Column("input", 14, grow=1, rank=2, cut=middle),
        Column("at", 10, right=True, rank=3),
        Column("detail", 30, grow=2, rank=1),
    )
    ASKS = api.WhatWasSetAside
    live = False  # they are read when they are asked for

    def forget(self) -> None:
        """Know nothing."""
        self._found: tuple[api.SetAside, ...] = ()

    def question(self) -> api.WhatWasSetAside:
        """Ask which there are."""
        return api.WhatWasSetAside(self.run)

    def heard(self, answer: object) -> None:
        """Take them all."""
        self._found = cast("tuple[api.SetAside, ...]", answer)
        self.draw()

    def draw(self) -> None:
        """List them."""
        found, wanted = self._found, self.wanted
        keys = [str(n) for n, item in enumerate(found) if wanted in f"{item.id} {item.reason}".lower()]
        self.table.show(keys, lambda key: drawing.aside(found[int(key)]))
        self.counted(len(keys), len(found))
        if found:
            self.ready()
        else:
            self.empty(
                "No document of this run was set aside.",
                "of a run that goes, more may follow: {runs.aside} asks again",
            )

    def twin(self, session: Session) -> Sequence[str]:
        """Return what shows the run."""
        return session.command("runs", self.run)

    def copied(self) -> str | None:
        """Return the selected id."""
        key = self.table.key
        return None if key is None else self._found[int(key)].id


class LogsView(View):
    """What the run's tasks said."""

    KEY = "logs"
    TITLE = "Logs"
    COLUMNS = (Column("when", 8, rank=1), Column("who", 10, rank=2), Column("said", 30, grow=1))
    ASKS = api.WhatWasSaid

    def forget(self) -> None:
        """Know nothing."""
        self._found: tuple[Line, ...] = ()

    def question(self) -> api.WhatWasSaid:
        """Ask what was said until now."""
        return api.WhatWasSaid(self.run)

    def heard(self, answer: object) -> None:
        """Take the lines until now."""
        self._found = cast("tuple[Line, ...]", answer)
        self.draw()

    def draw(self) -> None:
        """List them, and stay at their end while they are followed."""
        found = self._found
        keys = [str(n) for n, line in enumerate(found) if self.wanted in line.text.lower()]
        self.table.show(keys, lambda key: drawing.line(found[int(key)]))
        self.counted(len(keys), len(found), " · following" if self.live else "")
        if found:
            self.ready()
        else:
            self.empty("Nothing was said yet.", "{runs.logs} asks again")
        if self.live and not self.table.has_focus:
            self.table.action_to(-1)

    def twin(self, session: Session) -> Sequence[str]:
        """Return what prints them."""
        return session.command("logs", self.run)

    def copied(self) -> str | None:
        """Return the selected line."""
        key = self.table.key
        return None if key is None else self._found[int(key)].text
