"""The first screen: how the pipeline is."""

from nimbus_tui.screens.overview.screen import Overview as SCREEN  # noqa: N814 - as every screen is found

__all__ = ["SCREEN"]
