"""Any registry that an engine can speak to, as whoever the engine is logged in as."""

from __future__ import annotations

from typing import Protocol

from nimbus.engines.orders import Login, Stored


class _Engine(Protocol):
    def stored(self, reference: str, login: Login | None) -> Stored | None: ...


class EngineRegistry:
    """A registry that makes repositories by itself and knows its users by the engine's own login."""

    def __init__(self, engine: _Engine) -> None:
        """Speak through an engine."""
        self._engine = engine

    def login(self, repository: str) -> None:
        """Return None: the engine is logged in."""
        del repository

    def prepare(self, repository: str) -> None:
        """Do nothing: the first push makes the repository."""

    def stored(self, repository: str, tag: str) -> Stored | None:
        """Ask through the engine."""
        return self._engine.stored(f"{repository}:{tag}", None)
