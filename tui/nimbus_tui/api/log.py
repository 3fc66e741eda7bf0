"""What was done from these screens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nimbus_tui.api.session import Logged, Session


@dataclass(frozen=True, slots=True)
class WhatWasDone:
    """Asks what was done here, the latest first."""

    def ask(self, session: Session) -> tuple[Logged, ...]:
        """Return it."""
        return tuple(reversed(session.log))
