"""What a release stands under load."""

from nimbus_tui.screens.loadtests.screen import LoadTests as SCREEN  # noqa: N814 - as every screen is found

__all__ = ["SCREEN"]
