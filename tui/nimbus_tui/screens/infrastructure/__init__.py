"""What Terraform made, and what it would change."""

from nimbus_tui.screens.infrastructure.screen import Infrastructure as SCREEN  # noqa: N814 - as every screen is found

__all__ = ["SCREEN"]
