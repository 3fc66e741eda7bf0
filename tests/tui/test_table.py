"""Rules of the table: it draws what is in sight, however much there is."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from collections.abc import Callable

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from nimbus_tui.themes import DARK
from nimbus_tui.widgets.table import Cell, Column, Table
from tests.tui.driving import PATIENCE

ROWS = 100_000


class Holding(App[None]):
    """Holds a table."""

    def __init__(self) -> None:
        """Count what is drawn."""
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name
        self.drawn = 0

    def compose(self) -> ComposeResult:
        """Draw it."""
        yield Table([Column("", 1), Column("name", 10, grow=1), Column("size", 12, right=True, rank=1)])

    def draw(self, key: str) -> tuple[Cell | str, ...]:
        """Draw a row."""
        self.drawn += 1
        return Cell("●", "good"), f"run {key}", Cell("[red]1[/]", "dim")


def lines(app: App[None]) -> list[str]:
    """Return what is on the screen."""
    return [strip.text for strip in app.screen._compositor.render_strips(app.size)]  # noqa: SLF001 - nothing else tells


async def eventually(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, pilot.app.screen
        await pilot.pause(0.02)


def test_a_hundred_thousand_rows_cost_what_is_in_sight() -> None:
    """Shown, scrolled from end to end and by keys, a few thousand rows are ever drawn."""

    async def go() -> None:
        app = Holding()
        async with app.run_test(size=(60, 20)) as pilot:
            table = app.query_one(Table)
            table.show([str(number) for number in range(ROWS)], app.draw)
            await eventually(pilot, lambda: "run 0" in lines(app)[1] and "[red]1[/]" in lines(app)[1])
            await eventually(pilot, lambda: table.has_focus)  # or nobody gets the key
            await pilot.press("G")
            await eventually(pilot, lambda: any(f"run {ROWS - 1}" in line for line in lines(app)))
            await pilot.press("k", "k", "pageup", "g", "j")
            await eventually(pilot, lambda: table.key == "1")
            table.select("50000")
            await eventually(pilot, lambda: any("run 50000" in line for line in lines(app)))
            assert app.drawn < 2_000

    asyncio.run(go())


def test_the_cursor_stays_on_its_row() -> None:
    """Rows that come and go before it do not move it; where it goes itself, its place stays."""

    async def go() -> None:
        app = Holding()
        async with app.run_test(size=(60, 20)) as pilot:
            table = app.query_one(Table)
            table.show(["a", "b", "c"], app.draw)
            await pilot.press("j")
            table.show(["new", "a", "b", "c"], app.draw)
            assert table.key == "b"
            table.show(["new", "a", "c"], app.draw)
            assert table.key == "c"
            table.show([], app.draw)
            assert table.key is None

    asyncio.run(go())


def test_a_narrow_table_leaves_out_what_matters_least() -> None:
    """The columns of the highest rank go first, and no line is wider than the window."""

    async def go() -> None:
        app = Holding()
        async with app.run_test(size=(18, 6)):
            app.query_one(Table).show(["x"], app.draw)
            assert "size" not in lines(app)[0]
            assert "name" in lines(app)[0]

    asyncio.run(go())


def test_showing_again_and_again_keeps_no_memory() -> None:
    """Eight hours of refreshing every two seconds, in small: what is held does not grow with how often."""

    async def go() -> None:
        app = Holding()
        async with app.run_test(size=(60, 20)) as pilot:
            table, keys = app.query_one(Table), [str(number) for number in range(1_000)]

            async def refresh(times: int) -> int:
                for _ in range(times):
                    table.show(list(keys), app.draw)
                    await pilot.pause()
                return tracemalloc.get_traced_memory()[0]

            tracemalloc.start()
            await refresh(100)
            first = await refresh(100)
            last = await refresh(300)
            tracemalloc.stop()
            assert last - first < 300_000

    asyncio.run(go())
