"""Whether the pipeline could be deployed."""

from nimbus_tui.screens.preflight.screen import Preflight as SCREEN  # noqa: N814 - as every screen is found

__all__ = ["SCREEN"]
