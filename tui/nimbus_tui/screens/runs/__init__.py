"""Runs: how they go, what they set aside and said."""

from nimbus_tui.screens.runs.screen import Runs as SCREEN  # noqa: N814 - as every screen is found

__all__ = ["SCREEN"]
