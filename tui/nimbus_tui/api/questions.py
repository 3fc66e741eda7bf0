"""What a screen may want to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from nimbus_tui.api.session import Session

Answer_co = TypeVar("Answer_co", covariant=True)


class Question(Protocol[Answer_co]):
    """Is asked beside the event loop; equal questions have equal meanings, and answers compare by value."""

    def ask(self, session: Session) -> Answer_co:
        """Return the answer, or raise a NimbusError."""
        ...
