"""Whether what runs read and predict has moved."""

from nimbus_tui.screens.drift.screen import Drift as SCREEN  # noqa: N814 - as every screen is found

__all__ = ["SCREEN"]
