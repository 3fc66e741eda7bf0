"""Holds the screens, of which one is in sight."""

from __future__ import annotations

from textual.containers import Container
from textual.message import Message

from nimbus_tui.api.session import Session
from nimbus_tui.messages import Changed
from nimbus_tui.screens import ENTRIES
from nimbus_tui.screens.entry import Entry
from nimbus_tui.screens.section import Section


class Sections(Container):
    """Makes a screen when it is first opened, and keeps it; only the one in sight asks anything."""

    class Opened(Message):
        """A screen has come into sight."""

        def __init__(self, number: int) -> None:
            """Say which, from 0."""
            super().__init__()
            self.number = number

    def __init__(self, session: Session) -> None:
        """Begin with none."""
        super().__init__(id="sections")
        self.session = session
        self.number = -1  # none yet
        self._frozen = False

    @property
    def entry(self) -> Entry | None:
        """Return what the screen in sight says of itself."""
        return ENTRIES[self.number] if self.number >= 0 else None

    @property
    def current(self) -> Section | None:
        """Return the screen in sight."""
        found = None if self.entry is None else self.query(f"#section-{self.entry.folder}")
        return found.first(Section) if found else None

    async def open(self, number: int) -> None:
        """Bring a screen into sight."""
        if self.current is not None:
            self.current.display = False
            self.current.close()
        self.number = number
        if self.current is None:
            made = ENTRIES[number].load()(self.session, id=f"section-{ENTRIES[number].folder}")
            made.frozen = self._frozen
            await self.mount(made)
        if self.current is not None:
            self.current.display = True
            self.current.open()
        self.post_message(self.Opened(number))

    async def forget(self) -> None:
        """Drop what the screens know: they are made anew."""
        await self.query(Section).remove()
        if self.number >= 0:
            await self.open(self.number)

    def changed(self) -> None:
        """Have the screen in sight ask again."""
        if self.current is not None:
            self.current.post_message(Changed())

    def freeze(self, *, frozen: bool) -> None:
        """Have no screen ask by itself, or all of them again."""
        self._frozen = frozen
        for section in self.query(Section):
            section.frozen = frozen
