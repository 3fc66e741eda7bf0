"""A table that draws only the lines in sight, so that a hundred thousand rows cost what twenty do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from nimbus_tui.plain import fit, plain

_GAP = 2
_MARGIN = 1  # on the right, as there is one on the left
_NONE = "Nothing contains this: esc shows all."


@dataclass(frozen=True, slots=True)
class Cell:
    """A text and its tone: good, warn, bad, dim, name, note or none."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `grow` shares what is left over; where room is short, what has the highest `rank` goes first."""

    title: str
    width: int
    grow: int = 0
    right: bool = False
    rank: int = 0
    cut: Callable[[str, int], str] | None = None  # how what is too long gets short; None: its end goes


Draw = Callable[[str], Sequence[Cell | str]]


class Table(ScrollView, can_focus=True):
    """Rows by their keys. `draw` makes the cells of a row when it comes into sight."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--cursor",
        "table--cursor-blurred",
        *(f"table--{tone}" for tone in ("good", "warn", "bad", "dim", "name", "note", "bold")),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="table.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="table.down"),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False, id="table.page_up"),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False, id="table.page_down"),
        Binding("home,g", "to(0)", "First", show=False, id="table.first"),
        Binding("end,G", "to(-1)", "Last", show=False, id="table.last"),
        Binding("enter", "choose", "Open", show=False, id="table.open"),
    ]
    cursor: reactive[int] = reactive(0)

    class Highlighted(Message):
        """The cursor stands on another row."""

        def __init__(self, table: Table, key: str) -> None:
            """Say which."""
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> Table:
            """Return the table."""
            return self.table

    class Chosen(Highlighted):
        """A row was opened, by enter or a second click."""

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        id: str | None = None,  # noqa: A002
        header: bool = True,
        newest: bool = False,
    ) -> None:
        """Start empty; without a header, rows begin at the first line.

        Where the `newest` row is the first, a cursor that stands on the first stays there when another comes.
        """
        super().__init__(id=id)
        self._newest = newest
        self._head = int(header)
        self._columns = tuple(columns)
        self._keys: Sequence[str] = ()
        self._draw: Draw = lambda _key: ()

    @property
    def key(self) -> str | None:
        """Return the key of the row under the cursor."""
        return self._keys[self.cursor] if 0 <= self.cursor < len(self._keys) else None

    @property
    def keys(self) -> Sequence[str]:
        """Return the keys of all rows."""
        return self._keys

    @property
    def visible_keys(self) -> list[str]:
        """Return the keys of the rows in sight, and of a page more on either side."""
        height = max(1, self.size.height - self._head)
        first = max(0, round(self.scroll_offset.y) - height)
        return list(self._keys[first : first + 3 * height])

    def show(self, keys: Sequence[str], draw: Draw) -> None:
        """Show these rows. The cursor stays on its key; where that is gone, on its place."""
        held = self.key
        self._keys, self._draw = keys, draw
        self.virtual_size = Size(self.size.width, len(keys) + self._head)
        stays = self._newest and self.cursor == 0
        if held is not None and not stays and (not 0 <= self.cursor < len(keys) or keys[self.cursor] != held):
            try:
                self.cursor = keys.index(held)
            except ValueError:
                self.cursor = min(self.cursor, max(0, len(keys) - 1))
        self.refresh(layout=self.styles.auto_dimensions)
        if self.key != held and self.key is not None:
            self.post_message(self.Highlighted(self, self.key))

    def select(self, key: str) -> None:
        """Move the cursor to a row."""
        if key in self._keys:
            self.cursor = self._keys.index(key)

    def reach(self, key: str) -> None:
        """Bring a row into sight; the cursor stays where it is."""
        if key in self._keys:
            self._into_sight(self._keys.index(key))

    def _into_sight(self, row: int | None = None) -> None:
        """Scroll to a row, to the cursor's where none is named; without room yet, what gives it does so again."""
        if not self.size.height:
            return
        shown = Region(0, self.cursor if row is None else row, 1, 1 + self._head)
        self.scroll_to_region(shown, animate=False, force=True)

    def redraw(self) -> None:
        """Draw the rows in sight again: what they show has changed."""
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the lines that all rows take, for tables that are as high as what they hold."""
        del container, viewport, width
        return len(self._keys) + self._head

    def on_resize(self) -> None:
        """Keep the width of what scrolls that of the window, and the cursor in sight."""
        self.virtual_size = Size(self.size.width, len(self._keys) + self._head)
        self._into_sight()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the window; the first is the header."""
        width = self.scrollable_content_region.width
        chosen = False
        if y < self._head:
            style = self.get_component_rich_style("table--header")
            cells: Sequence[Cell | str] = [Cell(column.title, "header") for column in self._columns]
        else:
            index = y - self._head + round(self.scroll_offset.y)
            if not self._keys and index == 0:  # a panel that holds nothing says so itself
                style = self.rich_style + _ink(self.get_component_rich_style("table--dim"))
                return Strip([Segment(fit(f" {_NONE}", width), style)])
            if index >= len(self._keys):
                return Strip.blank(width, self.rich_style)
            cells = self._draw(self._keys[index])
            style = self.rich_style
            chosen = index == self.cursor
            if chosen:
                name = "table--cursor" if self.has_focus else "table--cursor-blurred"
                style = self.get_component_rich_style(name)
        return Strip(self._segments(cells, style, width, header=y < self._head, chosen=chosen)).adjust_cell_length(
            width, style
        )

    def _segments(
        self, cells: Sequence[Cell | str], style: Style, width: int, *, header: bool, chosen: bool
    ) -> list[Segment]:
        segments = [Segment(" ", style)]
        for column, cell, room in zip(self._columns, cells, self._widths(width - _MARGIN), strict=False):
            if room:
                text, tone = (cell, "") if isinstance(cell, str) else (cell.text, cell.tone)
                shown = plain(text, 500)
                shown = (column.cut or fit)(shown, room).rstrip()
                shown = fit(shown.rjust(room) if column.right else shown, room)
                ink = (
                    style
                    if header or not tone or (chosen and self.has_focus)
                    else style + _ink(self.get_component_rich_style(f"table--{tone}"))
                )
                segments += [Segment(shown, ink), Segment(" " * _GAP, style)]
        return segments

    def _widths(self, width: int) -> list[int]:
        """Return the columns' widths; 0 for those that find no room."""
        shown = list(range(len(self._columns)))
        while len(shown) > 1 and 1 + sum(self._columns[i].width + _GAP for i in shown) - _GAP > width:
            shown.remove(max(shown, key=lambda i: (self._columns[i].rank, i)))
        over = max(0, width - 1 - sum(self._columns[i].width + _GAP for i in shown) + _GAP)
        parts = sum(self._columns[i].grow for i in shown)
        return [
            (column.width + (over * column.grow // parts if parts else 0)) if i in shown else 0
            for i, column in enumerate(self._columns)
        ]

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on a row."""
        return max(0, min(cursor, len(self._keys) - 1))

    def watch_cursor(self, before: int, after: int) -> None:
        """Bring the row into sight, and say so."""
        self.refresh()
        if before != after and self.key is not None:
            self._into_sight()
            self.post_message(self.Highlighted(self, self.key))

    def action_move(self, by: int) -> None:
        """Move by rows."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """Move by windows."""
        self.cursor += by * max(1, self.size.height - 1 - self._head)

    def action_to(self, row: int) -> None:
        """Move to the first row, or with -1 to the last."""
        self.cursor = row if row >= 0 else len(self._keys) - 1

    def action_choose(self) -> None:
        """Open the row."""
        if self.key is not None:
            self.post_message(self.Chosen(self, self.key))

    def on_focus(self) -> None:
        """Show the cursor in full."""
        self.refresh()

    def on_blur(self) -> None:
        """Show the cursor faintly."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Move to the row that was clicked; a second click opens it."""
        index = event.y - self._head + round(self.scroll_offset.y)
        if event.y >= self._head and 0 <= index < len(self._keys):
            self.cursor = index
            if event.chain > 1:
                self.action_choose()


def _ink(style: Style) -> Style:
    """Return a style's colour and weight without its background."""
    return Style(color=style.color, bold=style.bold)
