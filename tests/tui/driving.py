"""Drives the terminal interface as a user would: keys in, what is on the screen out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from textual.message import Message
from textual.notifications import Notify
from textual.pilot import Pilot

from nimbus_tui.api.session import Session
from nimbus_tui.app import NimbusApp
from nimbus_tui.keys import Settings

PATIENCE = 240.0  # seconds, on a machine that does much else


class Patient(Pilot[None]):
    """Waits as long as this machine takes until what was sent is taken in; Textual's own gives up after 30 seconds."""

    async def _wait_for_screen(self, timeout: float = PATIENCE) -> bool:  # noqa: ASYNC109 - as Textual has it
        return await super()._wait_for_screen(timeout)


@dataclass
class Driven:
    """An app that runs without a terminal."""

    app: NimbusApp
    pilot: Pilot[None]
    popped: list[str] = field(default_factory=list)
    """What popped up since the last key: it goes by itself, and a slow machine may miss it."""

    @property
    def screen(self) -> str:
        """Return all that is on the screen."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips(self.app.size))  # noqa: SLF001 - nothing else tells

    def heard(self, message: Message) -> None:
        """Keep what pops up."""
        if isinstance(message, Notify):
            self.popped.append(f"{message.notification.title}\n{message.notification.message}")

    def shows(self, word: str) -> bool:
        """Say whether a word is on the screen, or popped up since the last key."""
        return word in self.screen or any(word in told for told in self.popped)

    async def press(self, *keys: str) -> None:
        """Press keys."""
        self.popped.clear()
        await self.pilot.press(*keys)

    async def until(self, *words: str, gone: str = "") -> None:
        """Wait until words are on the screen, and others are not."""
        end = time.monotonic() + PATIENCE
        while not (all(map(self.shows, words)) and not (gone and gone in self.screen)):
            assert time.monotonic() < end, f"waited for {words}, without {gone!r}:\n{self.screen}"
            await self.pilot.pause(0.05)

    async def eventually(self, holds: Callable[[], bool], what: str = "") -> None:
        """Wait until something is so that no screen tells of, while the app goes on."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, f"{what}\n{self.screen}"
            await self.pilot.pause(0.1)

    async def quiet(self) -> None:
        """Wait until all that was asked is answered, and the screen stays as it is."""
        end = time.monotonic() + PATIENCE
        seen: str | None = None
        while self.app.asks or self.app.section is None or self.app.section.resting or self.screen != seen:
            assert time.monotonic() < end, self.screen
            seen = self.screen
            await self.pilot.pause()

    async def agree(self, *words: str) -> None:
        """Wait until a dialog is there, and agree."""
        await self.asked(*words)
        await self.press("right", "enter")

    async def asked(self, *words: str) -> None:
        """Wait until a dialog is there, with Cancel under the cursor."""
        await self.until(*words)
        end = time.monotonic() + PATIENCE
        while getattr(self.app.focused, "id", None) != "no":
            assert time.monotonic() < end, self.app.focused
            await self.pilot.pause(0.05)


def drive(
    session: Session,
    flow: Callable[[Driven], Awaitable[None]],
    size: tuple[int, int] = (120, 36),
    settings: Settings | None = None,
) -> None:
    """Open the app on a session, and do what `flow` does."""

    async def go() -> None:
        app = NimbusApp(session, settings)
        driven = Driven(app, Patient(app))
        async with app.run_test(size=size, notifications=True, message_hook=driven.heard):
            await flow(driven)

    asyncio.run(go())
