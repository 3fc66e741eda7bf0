"""What every dialog has: it answers once, however fast keys come, and quitting works from it as from anywhere."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

Result = TypeVar("Result")


class Dialog(ModalScreen[Result]):
    """A screen above the others."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c,ctrl+q", "app.leave", "Quit", show=False)]

    def key(self, id: str, otherwise: str = "") -> str:  # noqa: A002 - as bindings have it
        """Return the key of what a binding's id names, as it is set."""
        bindings = (active.binding for active in self.active_bindings.values())
        found = next((binding for binding in bindings if binding.id == id), None)
        return otherwise if found is None else self.app.get_key_display(found)

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Answer, unless it has answered already or another dialog lies above."""
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()
