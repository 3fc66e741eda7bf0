"""Drives the terminal interface as a user would: keys in, what is on the screen out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from textual.pilot import Pilot

from nimbus_tui.api.session import Session
from nimbus_tui.app import NimbusApp
from nimbus_tui.keys import Settings

PATIENCE = 120.0  # seconds, on a machine that does much else


@dataclass
class Driven:
    """An app that runs without a terminal."""

    app: NimbusApp
    pilot: Pilot[None]

    @property
    def screen(self) -> str:
        """Return all that is on the screen."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips(self.app.size))  # noqa: SLF001 - nothing else tells

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)

    async def until(self, *words: str, gone: str = "") -> None:
        """Wait until words are on the screen, and others are not."""
        end = time.monotonic() + PATIENCE
        while not (all(word in self.screen for word in words) and not (gone and gone in self.screen)):
            assert time.monotonic() < end, f"waited for {words}, without {gone!r}:\n{self.screen}"
            await self.pilot.pause(0.05)

    async def eventually(self, holds: Callable[[], bool]) -> None:
        """Wait until something is so that no screen tells of, while the app goes on."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, self.screen
            await self.pilot.pause(0.2)

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
        async with app.run_test(size=size, notifications=True) as pilot:
            await flow(Driven(app, pilot))

    asyncio.run(go())
