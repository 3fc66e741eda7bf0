"""What was done from here, as command lines."""

from nimbus_tui.screens.commandlog.screen import CommandLog as SCREEN  # noqa: N814 - as every screen is found

__all__ = ["SCREEN"]
