"""Releases, and how what is live changed."""

from nimbus_tui.screens.releases.screen import Releases as SCREEN  # noqa: N814 - as every screen is found

__all__ = ["SCREEN"]
